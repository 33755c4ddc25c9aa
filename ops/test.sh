#!/usr/bin/env bash
# Runs the tests: ops/test.sh [all|lint|rust|browser|crash]
# Installs (Debian, as root) or asks for what is missing, starts a private PostgreSQL and Redis, and stops them.
set -euo pipefail
cd "$(dirname "$0")/.."

started_s=$SECONDS
step() { printf '\n== %s (%d s so far)\n' "$*" "$((SECONDS - started_s))"; }

needs_package() { # command, Debian package
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        step "installing $2"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
    else
        echo "the tests need '$1': install the package $2" >&2
        exit 1
    fi
}

services() {
    step "starting a private PostgreSQL and Redis"
    trap 'ops/services.sh stop >/dev/null 2>&1 || true' EXIT
    ops/services.sh start
    eval "$(ops/services.sh env)"
}

lint() {
    step "formatting and lints"
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
}

rust() {
    step "building the tests"
    cargo test --locked --workspace --no-run --quiet
    step "Rust tests on SQLite and PostgreSQL, with and without Redis"
    cargo test --locked --workspace --no-fail-fast
}

browser() {
    needs_package chromium chromium
    ops/web.sh build
    step "building the server for the browser tests"
    cargo build --locked --quiet -p server -p stop-display
    ops/web.sh test
    ops/web.sh install tests/browser
    step "browser tests"
    PADRIEW_BIN="$PWD/target/debug/padriew" npm --prefix tests/browser run --silent test
}

crash() {
    step "kill -9 under load, pings and taps, a few times on each database"
    cargo build --locked --quiet -p server -p load
    target/debug/load crash --times 5 --padriew target/debug/padriew
    target/debug/load crash --taps --times 3 --padriew target/debug/padriew
    if [ -n "${PADRIEW_TEST_POSTGRES:-}" ]; then
        target/debug/load crash --times 5 --padriew target/debug/padriew --database "$PADRIEW_TEST_POSTGRES"
        target/debug/load crash --taps --times 3 --padriew target/debug/padriew --database "$PADRIEW_TEST_POSTGRES"
    fi
}

case "${1:-all}" in
    all) services; lint; rust; browser; crash ;;
    lint) lint ;;
    rust) services; rust ;;
    browser) browser ;;
    crash) services; crash ;;
    *) sed -n '2,3s/^# //p' "$0"; exit 2 ;;
esac
step "all good"
