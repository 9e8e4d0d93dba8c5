#!/bin/sh
# Installs what building needs (C libraries) and, with --tests, what the tests need. Debian 12.
set -eu
packages="libssl-dev zlib1g-dev libzstd-dev libsqlite3-dev pkg-config"
if [ "${1:-}" = --tests ]; then
    packages="$packages acl attr borgbackup git libcap2-bin python3 python3-cryptography python3-zstandard restic strace"
fi
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then run=; else run=sudo; fi
echo "Installing:$missing"
$run apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
