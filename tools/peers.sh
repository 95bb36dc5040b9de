#!/bin/sh
# Installs the foreign peers that `make test-peers` drives. A peer that cannot be installed fails the run.
set -eu
cd "$(dirname "$0")/.."
for script in tests/peers/*/install.sh; do
  [ -e "$script" ] || continue
  echo "peers: $script"
  sh "$script"
done
