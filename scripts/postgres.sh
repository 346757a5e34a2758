#!/usr/bin/env bash
# A throw-away PostgreSQL for the tests: `start` (the default) prints its URL, `stop` ends and removes it.
source "$(dirname "$0")/common.sh"

# One a checkout, on a socket only: nothing listens on the network, and two checkouts do not meet.
dir=/tmp/fleet-postgres-$(id -u)-$(printf '%s' "$root" | sha256sum | cut -c 1-8)

binaries() { find /usr/lib/postgresql -name initdb -printf "%h\n" 2>/dev/null | sort -V | tail -n 1 || true; }

# PostgreSQL refuses to run as root; Debian's package brings a user for it.
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

running() { [ -d "$dir/data" ] && as_owner "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; }

# mkdir fails on what another user may have put there: a name in /tmp can be foreseen
make_dir() {
  rm -rf "$dir"
  mkdir -m 700 "$dir"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$dir"; fi
}

start() {
  say "starting a throw-away PostgreSQL in $dir"
  make_dir
  quietly as_owner "$bin/initdb" -D "$dir/data" --auth=trust --username=fleet --encoding=UTF8 --no-sync ||
    die "initdb failed: see above"
  # durability is no part of what the tests ask of the server
  quietly as_owner "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" start \
    -o "-k $dir -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off" ||
    die "PostgreSQL did not start; its log: $dir/log"
}

stop() {
  if running; then quietly as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate stop || die "PostgreSQL in $dir did not stop"; fi
  rm -rf "$dir"
}

take_turn postgres
bin=$(binaries)
case ${1:-start} in
  start)
    if [ ! -x "$bin/initdb" ]; then
      may_install || die "needs PostgreSQL: install it (Debian: apt-get install postgresql) and try again"
      install postgresql
      bin=$(binaries)
    fi
    running || start
    echo "postgresql+psycopg://fleet@/postgres?host=$dir"
    ;;
  stop) stop ;;
  *) die "says start or stop, not $1" ;;
esac
