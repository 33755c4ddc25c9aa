#!/usr/bin/env bash
# Starts the servers that the tests need, private to this checkout: PostgreSQL and Redis on loopback, with
# their data under .cache/ (thrown away by `stop`). Nothing that runs on the machine already is touched.
#
#   ops/services.sh start    start what does not run yet (installs it first on Debian, as root)
#   ops/services.sh env      print the variables that the tests read:  eval "$(ops/services.sh env)"
#   ops/services.sh stop     stop both and remove their data
#   ops/services.sh status   say what runs
#
# PADRIEW_SERVICES=DIR puts the data elsewhere.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
home=${PADRIEW_SERVICES:-$root/.cache/services}
# Ports below the range that the kernel hands out to clients, so that nobody sits on them by chance.
port_first=15400
port_last=15900

say() { echo "services: $*" >&2; }
fail() { say "$*"; exit 1; }

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }

# PostgreSQL's programs are not in PATH on Debian.
postgres_bin() {
    for found in "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" /usr/lib/postgresql/*/bin; do
        if [ -x "$found/initdb" ] && [ -x "$found/postgres" ]; then newest=$found; fi
    done
    echo "${newest:-}"
}

install_missing() {
    missing=""
    [ -n "$(postgres_bin)" ] || missing="postgresql"
    command -v redis-server > /dev/null || missing="$missing redis-server"
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null ||
        fail "please install:$missing (on Debian: sudo apt-get install$missing)"
    say "installing $missing, this takes a minute"
    # Do not let the packages start servers of their own: a policy of 101 forbids it.
    made_policy=""
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        made_policy=yes
    fi
    installed=0
    apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing >&2 ||
        installed=$?
    [ -z "$made_policy" ] || rm -f /usr/sbin/policy-rc.d
    [ "$installed" = 0 ] || fail "could not install$missing"
}

# PostgreSQL refuses to run as root; it gets a user that owns nothing else.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u "$(owner)" -- "$@"
    else
        "$@"
    fi
}
owner() { if id postgres > /dev/null 2>&1; then echo postgres; else echo nobody; fi; }

free_port() {
    port=$((port_first + $$ % (port_last - port_first)))
    while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((port + 1)); done
    echo "$port"
}

alive() { [ -s "$1" ] && kill -0 "$(head -n 1 "$1")" 2> /dev/null; }

start_postgres() {
    if alive "$home/postgres/data/postmaster.pid"; then return 0; fi
    bin=$(postgres_bin)
    # A user other than root must be able to walk to the data: where a parent folder forbids it, use /tmp.
    mkdir -p "$home"
    if [ "$(id -u)" = 0 ] && [ ! -d "$home/postgres" ]; then
        mkdir "$home/postgres"
        chown "$(owner)" "$home/postgres"
        if ! as_owner test -w "$home/postgres"; then
            rmdir "$home/postgres"
            ln -s "$(mktemp -d /tmp/padriew-services.XXXXXX)" "$home/postgres"
            chown "$(owner)" "$home/postgres/"
        fi
    fi
    mkdir -p "$home/postgres"
    data=$home/postgres/data
    if [ "$(id -u)" = 0 ]; then data=$(readlink -f "$home/postgres")/data; fi
    if [ ! -s "$data/PG_VERSION" ]; then
        say "making a PostgreSQL cluster"
        as_owner "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C > "$home/initdb.log" 2>&1 ||
            fail "initdb failed, see $home/initdb.log"
    fi
    postgres_port=$(free_port)
    say "starting PostgreSQL on 127.0.0.1:$postgres_port"
    # Durability as shipped (fsync, synchronous_commit): the tests measure and prove it.
    as_owner "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" \
        -o "-p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300" \
        start > /dev/null || fail "PostgreSQL did not start, see $data/server.log"
    echo "$postgres_port" > "$home/postgres.port"
}

start_redis() {
    if alive "$home/redis.pid"; then return 0; fi
    mkdir -p "$home"
    redis_port=$(free_port)
    say "starting Redis on 127.0.0.1:$redis_port"
    redis-server --bind 127.0.0.1 --port "$redis_port" --save "" --appendonly no --daemonize yes \
        --dir "$home" --pidfile "$home/redis.pid" --logfile "$home/redis.log" > /dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if alive "$home/redis.pid"; then break; fi
        sleep 0.2
    done
    alive "$home/redis.pid" || fail "Redis did not start, see $home/redis.log"
    echo "$redis_port" > "$home/redis.port"
}

print_env() {
    if alive "$home/postgres/data/postmaster.pid"; then
        echo "export PADRIEW_TEST_POSTGRES=postgres://postgres@127.0.0.1:$(cat "$home/postgres.port")/postgres"
    fi
    if alive "$home/redis.pid"; then
        echo "export PADRIEW_TEST_REDIS=redis://127.0.0.1:$(cat "$home/redis.port")"
    fi
}

stop() {
    if alive "$home/postgres/data/postmaster.pid"; then
        say "stopping PostgreSQL"
        as_owner "$(postgres_bin)/pg_ctl" -D "$(readlink -f "$home/postgres")/data" -m immediate stop > /dev/null || true
    fi
    if alive "$home/redis.pid"; then
        say "stopping Redis"
        kill "$(cat "$home/redis.pid")" || true
    fi
    # The cluster may lie behind a link into /tmp.
    if [ -L "$home/postgres" ]; then rm -rf "$(readlink -f "$home/postgres")"; fi
    rm -rf "$home/postgres" "$home"/postgres.port "$home"/redis.* "$home"/initdb.log
}

case "${1:-}" in
    start)
        install_missing
        start_postgres
        start_redis
        print_env
        ;;
    env) print_env ;;
    stop) stop ;;
    status)
        if alive "$home/postgres/data/postmaster.pid"; then say "PostgreSQL runs"; else say "PostgreSQL does not run"; fi
        if alive "$home/redis.pid"; then say "Redis runs"; else say "Redis does not run"; fi
        ;;
    *)
        usage
        exit 2
        ;;
esac
