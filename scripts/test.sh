#!/usr/bin/env bash
# The whole test suite with a real engine and a real PostgreSQL; called by `make test`, which sets up the rest.
# What needs nothing of the machine runs on every core. The rest mostly waits: three files of it run beside each other.
# Arguments go to pytest, which then runs once.
source "$(dirname "$0")/common.sh"

"$root/scripts/test-image.sh"
# one server a checkout: of all that use it, the last one to end stops it
exec 8<"$root/scripts/postgres.sh"
flock --shared 8
FLEET_TEST_POSTGRES_URL=$("$root/scripts/postgres.sh" start 8<&-)
export FLEET_TEST_POSTGRES_URL FLEET_REQUIRE_DOCKER=1 FLEET_REQUIRE_POSTGRES=1 FLEET_REQUIRE_AGENTS=1
trap 'if flock --nonblock 8; then "$root/scripts/postgres.sh" stop; fi' EXIT
cd "$root" || exit
# where it is set, each of thousands of processes compiles anew what it imports
unset PYTHONDONTWRITEBYTECODE
if [ $# -gt 0 ]; then
  .venv/bin/pytest "$@"
  exit
fi
waits="docker or postgres or slow"
red=0
.venv/bin/pytest --numprocesses auto -m "not ($waits)" || red=$?
.venv/bin/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --durations 40 -m "$waits" || red=$?
exit "$red"
