#!/bin/sh
# Runs every test: formatting, build without warnings, unit and end-to-end tests, a seeded sample of each acceptance run.
# Ends with "N passed, N failed" over the steps; the exit status says whether any failed.
set -eu
cd "$(dirname "$0")/.."
sh Tests/install.sh --tests

passed=0
failed=0
failures=
step() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures="$failures; $name"
    fi
}

export PYTHONDONTWRITEBYTECODE=1
step "format" swift format lint --strict --recursive Sources Tests Package.swift
step "release build" swift build -c release --product holdfast
step "debug build without warnings" swift build --build-tests \
    -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error
HOLDFAST_BINARY="$PWD/.build/release/holdfast"
export HOLDFAST_BINARY
step "unit and end-to-end tests" swift test --skip-build \
    -Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
step "acceptance: self-test of the harness" /usr/bin/python3 Tests/acceptance/self_test.py --work "$work/self"
step "acceptance: round trip" /usr/bin/python3 Tests/acceptance/round_trip.py --work "$work/round"
example=Tests/RepositoryTests/Fixtures/format-v1-example
secret=202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
step "acceptance: independent reader" /usr/bin/python3 Tests/acceptance/reader.py self-test
step "acceptance: independent reader, example" /usr/bin/python3 Tests/acceptance/reader.py verify \
    --repository "$example" --slot-secret-hex "$secret"
step "acceptance: members" sh Tests/acceptance/members.sh "$work/members"
step "acceptance: power loss" /usr/bin/python3 Tests/acceptance/power_loss.py --sample 25 --restore --work "$work/power"
step "acceptance: kills" /usr/bin/python3 Tests/acceptance/kill_campaign.py --trials 16 --work "$work/kill"
step "acceptance: full disk" /usr/bin/python3 Tests/acceptance/full_disk.py --quick --work "$work/full"
step "acceptance: parity" /usr/bin/python3 Tests/acceptance/parity.py --work "$work/parity"
step "acceptance: fuzzing" sh Tests/acceptance/fuzz.sh --seconds 5 --least 60
step "demo" "$HOLDFAST_BINARY" demo --directory "$work/demo"

[ "$failed" = 0 ] || printf '\nFailed:%s\n' "${failures#;}"
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
