#!/bin/sh
# Installs poppler's pdfsig and pdftoppm (Debian or Ubuntu). Needs root or sudo where they are missing.
set -eu
if ! command -v pdfsig >/dev/null 2>&1 || ! command -v pdftoppm >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -q
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends poppler-utils
fi
