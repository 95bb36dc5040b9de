#!/bin/sh
# Fetches nginx (the yardstick of case e) from the distribution's packages and unpacks it below var/, so that no service
# is installed or started. Without it that row says so. Safe to run again.
set -eu
cd "$(dirname "$0")/.."
target="var/bench/nginx"
if command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || [ -x "$target/usr/sbin/nginx" ]; then exit 0; fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "nginx is not here and this is not Debian or Ubuntu: the rows of nginx stay empty" >&2
  exit 0
fi
mkdir -p "$target"
if ! (cd "$target" && apt-get download -qq nginx >/dev/null 2>&1); then
  [ "$(id -u)" != 0 ] || apt-get update -qq || true
  (cd "$target" && apt-get download -qq nginx) || { echo "nginx could not be fetched: its rows stay empty" >&2; exit 0; }
fi
dpkg-deb -x "$target"/nginx_*.deb "$target"
