#!/bin/sh
# Shows that the independent reader opens what members write: by an owner's and a reader's key, after rotations and a
# revocation, with planted policies; and that it opens nothing by the keys of a writer or of a revoked reader.
#
#     HOLDFAST_BINARY=.build/release/holdfast sh Tests/acceptance/members.sh WORK
set -eu
here=$(cd "$(dirname "$0")" && pwd)
holdfast=${HOLDFAST_BINARY:?names the program}
work=${1:?names a directory for the work}
mkdir -p "$work/home" "$work/data"
work=$(cd "$work" && pwd)
export HOME="$work/home" HOLDFAST_REPOSITORY="$work/repository" HOLDFAST_KEY_FILE="$work/owner"
export PYTHONDONTWRITEBYTECODE=1
cd "$work"

as() {
    key=$1
    shift
    HOLDFAST_KEY_FILE="$work/$key" "$holdfast" "$@"
}
reader() { /usr/bin/python3 "$here/reader.py" "$1" --repository repository --key-file "$2"; }

head -c 3000000 /dev/urandom > data/noise
"$holdfast" init --new-key-file owner > log 2>&1
for role in writer reader; do
    request=$(HOLDFAST_KEY_FILE='' "$holdfast" member join --name "$role" --new-key-file "$role" 2>> log)
    as owner member add --role "$role" "$request" >> log
done
as owner member invite --name leaver --role reader --new-key-file leaver >> log
as writer backup -q data >> log
as owner member revoke leaver >> log 2>&1
as owner key rotate >> log
echo more > data/more
as writer backup -q data >> log
as owner check --read-data -q >> log 2>&1
as owner key rotate >> log
as owner backup -q data >> log
echo planted > repository/policy/9999999999
cp repository/policy/0000000001 repository/policy/0000000099
for who in owner reader; do
    # It warns of what was planted, and so does not end with 0.
    reader verify "$who" > "verify-$who" 2>&1 || true
    grep -q 'everything is as it should be' "verify-$who" || { cat "verify-$who"; exit 1; }
    grep -q 'snapshots: 3' "verify-$who"
    [ "$(grep -c 'no owner has signed it' "verify-$who")" = 2 ]
    as "$who" snapshots -q > listed 2>> log
    grep -q '3 snapshots' listed
done
for who in writer leaver; do
    if reader verify "$who" > "verify-$who" 2>&1; then
        echo "the key of the $who opens snapshots"
        exit 1
    fi
done
echo "members: an independent reader opens what it should and no more"
