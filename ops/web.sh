#!/usr/bin/env bash
# Builds and tests the browser pages: ops/web.sh build | test | install FOLDER
# Without Node the server still works: it serves plain pages made on the server.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_MAJOR_MIN=20
projects=(stop-display/web)

node_is_usable() {
    command -v npm >/dev/null && command -v node >/dev/null || return 1
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$NODE_MAJOR_MIN" ]
}

# npm ci only when the lock file changed since the last time: an incremental run stays quick.
install() {
    local project=$1 stamp="$1/node_modules/.padriew-lock"
    if ! cmp -s "$project/package-lock.json" "$stamp"; then
        echo "== $project: installing browser packages"
        npm --prefix "$project" ci --ignore-scripts --no-audit --no-fund --loglevel=error
        cp "$project/package-lock.json" "$stamp"
    fi
}

build() {
    if ! node_is_usable; then
        echo "== Node $NODE_MAJOR_MIN or newer was not found: the demo will serve plain pages; install Node for the full panel"
        return
    fi
    for project in "${projects[@]}"; do
        install "$project"
        echo "== $project: building"
        npm --prefix "$project" run --silent build
    done
}

run_tests() {
    node_is_usable || { echo "Node $NODE_MAJOR_MIN or newer is needed for the browser tests: https://nodejs.org"; exit 1; }
    for project in "${projects[@]}"; do
        install "$project"
        echo "== $project: tests"
        npm --prefix "$project" run --silent test
    done
}

case "${1:-build}" in
    build) build ;;
    install) install "$2" ;;
    test) run_tests ;;
    *) sed -n '2,3s/^# //p' "$0"; exit 2 ;;
esac
