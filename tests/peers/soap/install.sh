#!/bin/sh
# Installs what the foreign SOAP clients need on Debian or Ubuntu: PHP with its SOAP extension, Node with the package
# `soap` (into node/node_modules, by the lock file), a JDK with JAX-WS. Needs root or sudo where something is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
missing=""
command -v php >/dev/null 2>&1 && php -m | grep -qi '^soap$' || missing="$missing php-cli php-soap"
command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
command -v javac >/dev/null 2>&1 || missing="$missing default-jdk-headless"
[ -e /usr/share/java/jaxws-tools.jar ] && [ -e /usr/share/java/ant.jar ] || missing="$missing libjaxws-java ant"
if [ -n "$missing" ]; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -q
    # shellcheck disable=SC2086  # one word per package
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing
fi
cd "$here/node"
npm ci --no-audit --no-fund --ignore-scripts
