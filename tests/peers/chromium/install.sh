#!/bin/sh
# Debian's Chromium, for the page of a letter in a real browser.
set -eu
if ! command -v chromium >/dev/null; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    $sudo apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
chromium --version
