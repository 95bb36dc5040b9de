#!/bin/sh
# Installs the DSS library of the European Commission (jars into lib/, by Maven) and compiles Judge.java against it: the
# independent judge of ASiC containers. Needs root or sudo where a JDK or Maven is missing (Debian, Ubuntu).
set -eu
cd "$(dirname "$0")"
missing=""
command -v javac >/dev/null 2>&1 || missing="$missing default-jdk-headless"
command -v mvn >/dev/null 2>&1 || missing="$missing maven"
if [ -n "$missing" ]; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -q
    # shellcheck disable=SC2086  # one word per package
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing
fi
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib
javac -nowarn -encoding UTF-8 -cp 'lib/*' -d classes Judge.java
