#!/bin/sh
# Installs SoftHSM2, a PKCS#11 token in software (Debian or Ubuntu). Needs root or sudo where it is missing.
set -eu
if ! command -v softhsm2-util >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -q
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends softhsm2
fi
