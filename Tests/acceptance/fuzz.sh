#!/bin/sh
# Gives arbitrary bytes to every parser of the program, under libFuzzer and AddressSanitizer.
#
#   Tests/acceptance/fuzz.sh [--seconds N] [--target NAME]… [--corpus DIRECTORY] [--seed N] [--lines]
#                          [--least PERCENT] [--optimize]
#
#   --seconds N         how long each target runs (default 60)
#   --target NAME       only this target; may be repeated (`fuzz/README.md` lists them)
#   --corpus DIRECTORY  keeps the inputs found and starts from them the next time (default: valid seeds alone)
#   --seed N            seed of the random numbers (default 1)
#   --least PERCENT     line coverage that each parser must reach (default 80; a run of seconds reaches less)
#   --lines             also names the lines that no input has reached
#   --optimize          compiles with optimization: a longer build for a faster run
#
# Builds the package in `fuzz/` into `.build-fuzz`, makes valid inputs with the program's own encoders, runs as many
# targets at once as there are processors, and prints executions, findings, and the line coverage of each parser, which
# must be at least what --least says. An input that breaks something is kept in `.build-fuzz/findings`. The last line is
# "N passed, N failed"; the exit status is 0 only if nothing failed. HOLDFAST_FUZZ_BUILD names another build directory.
set -eu
cd "$(dirname "$0")/../.."
top=$PWD
seconds=60 seed=1 targets= corpus= lines= least=80
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift 2 ;;
        --target) targets="$targets $2"; shift 2 ;;
        --corpus) mkdir -p "$2"; corpus=$(cd "$2" && pwd); shift 2 ;;
        --seed) seed=$2; shift 2 ;;
        --least) least=$2; shift 2 ;;
        --lines) lines=--lines; shift ;;
        --optimize) export HOLDFAST_FUZZ_OPTIMIZE=1; shift ;;
        *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done

build=${HOLDFAST_FUZZ_BUILD:-$top/.build-fuzz}
findings=$build/findings
[ -z "${HOLDFAST_FUZZ_OPTIMIZE:-}" ] || build=$build/optimized
# libFuzzer and the coverage tools of this very compiler: others do not fit its profiles.
library=$(swiftc -print-target-info | python3 -c '
import glob, json, os, platform, sys
resources = json.load(sys.stdin)["paths"]["runtimeResourcePath"]
name = f"libclang_rt.fuzzer_no_main-{platform.machine()}.a"
found = glob.glob(os.path.join(os.path.dirname(resources), "clang", "*", "lib", "linux", name))
print(found[0] if found else "")')
[ -n "$library" ] || { echo "this Swift toolchain has no libFuzzer"; exit 1; }
tools=$(cd "$(dirname "$library")/../../../../../bin" && pwd)

export HOLDFAST_FUZZER_LIBRARY="$library"
mkdir -p "$build"
if ! swift build --package-path Tests/acceptance/fuzz --scratch-path "$build" >"$build/build.log" 2>&1; then
    grep -E 'error|warning' "$build/build.log" | sort -u | head -40
    echo "the targets do not build: see $build/build.log"
    exit 1
fi
program=$(swift build --package-path Tests/acceptance/fuzz --scratch-path "$build" --show-bin-path)/Fuzz
all=$("$program" list)
targets=${targets:-$all}
for target in $targets; do
    echo "$all" | grep -qx "$target" || { echo "there is no target \"$target\"; there are:" $all; exit 2; }
done

# Files that targets make are small and many: in memory where that is possible.
scratch=${TMPDIR:-/tmp}
[ ! -w /dev/shm ] || scratch=/dev/shm
work=$(mktemp -d "$scratch/holdfast-fuzz-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM
# Swift's own crash reporter would hold up every finding.
export SWIFT_BACKTRACE=enable=no
export ASAN_SYMBOLIZER_PATH="${ASAN_SYMBOLIZER_PATH:-$tools/llvm-symbolizer}"
: >"$work/begin"

# Waits for a command in a way that a signal interrupts, and takes the command along.
attended() {
    "$@" &
    child=$!
    trap 'kill "$child" 2>/dev/null; exit 1' TERM
    wait "$child"
}

# Runs one target; says by its status whether anything was found.
run() {
    target=$1
    export TMPDIR="$work/$target/tmp" LLVM_PROFILE_FILE=/dev/null
    mkdir -p "$TMPDIR" "$work/$target/seeds" "$work/$target/new" "$findings/$target"
    kept=$work/$target/new
    [ -z "$corpus" ] || { kept=$corpus/$target; mkdir -p "$kept"; }
    "$program" seeds "$target" "$work/$target/seeds" || return 1
    # shellcheck disable=SC2046 # a list of options
    attended "$program" run "$target" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -malloc_limit_mb=64 -print_final_stats=1 -artifact_prefix="$findings/$target/" \
        $("$program" options "$target") "$kept" "$work/$target/seeds" || return 1
    LLVM_PROFILE_FILE="$work/$target/replay.profraw" \
        attended "$program" replay "$target" "$work/$target/seeds" "$kept" || return 1
}

printf '\n%-12s %12s %10s %8s  %s\n' target executions "per second" inputs result
report() {
    target=$1
    log=$work/$target.log
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    inputs=$(find "$work/$target/seeds" "${corpus:-$work}/$target" -maxdepth 2 -type f ! -path '*/tmp/*' | sort -u | wc -l)
    if [ "$(cat "$work/$target.status")" = 0 ]; then
        result=passed
        rmdir "$findings/$target" 2>/dev/null || true
    else
        result=FAILED
    fi
    printf '%-12s %12s %10s %8s  %s\n' "$target" "${executions:-0}" "${rate:-0}" "$inputs" "$result"
    [ "$result" = passed ] || {
        grep -aE '^FINDING|ERROR: |Fatal error|SUMMARY' "$log" | sed 's/^/    /' | head -5 || true
        grep -aE '^ +#[0-9]+ .*/Sources/' "$log" | head -8 | sed 's/^ */    /' || true
        find "$findings/$target" -type f -newer "$work/begin" |
            sed "s|^|    to repeat: SWIFT_BACKTRACE=enable=no $program run $target |"
    }
}

processors=$(nproc)
running=0
for target in $targets; do
    : >"$work/$target.log"
    ( if run "$target" >"$work/$target.log" 2>&1; then echo 0; else echo 1; fi >"$work/$target.status" ) &
    running=$((running + 1))
    if [ "$running" -ge "$processors" ]; then
        # One that ends makes room for the next.
        while [ "$running" -ge "$processors" ]; do
            sleep 0.2
            running=0
            for started in $targets; do
                [ -f "$work/$started.log" ] && [ ! -s "$work/$started.status" ] && running=$((running + 1))
            done
        done
    fi
done
wait
passed=0
failed=0
for target in $targets; do
    report "$target"
    if [ "$(cat "$work/$target.status")" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done

printf '\nLines that the inputs reach:\n'
# shellcheck disable=SC2046 # lists of files
if "$tools/llvm-profdata" merge -sparse -o "$work/coverage.profdata" $(find "$work" -name replay.profraw) &&
    for target in $targets; do "$program" parsers "$target"; done | sort -u >"$work/parsers" &&
    "$tools/llvm-cov" export -format=lcov -instr-profile "$work/coverage.profdata" "$program" >"$work/coverage.lcov" &&
    python3 Tests/acceptance/fuzz/coverage.py $lines --least "$least" "$work/parsers" "$work/coverage.lcov"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
