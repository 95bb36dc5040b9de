#!/bin/sh
# Installs xmlsec1, the independent judge of XML signatures, on Debian or Ubuntu. Needs root or sudo if it is missing.
set -eu
command -v xmlsec1 >/dev/null 2>&1 && exit 0
sudo=""
[ "$(id -u)" -eq 0 ] || sudo=sudo
$sudo apt-get update -q
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends xmlsec1
