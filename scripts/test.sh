#!/usr/bin/env bash
# The whole test suite with a real engine and a real PostgreSQL; called by `make test`, which sets up the rest.
# Arguments go to pytest.
source "$(dirname "$0")/common.sh"

"$root/scripts/test-image.sh"
FLEET_TEST_POSTGRES_URL=$("$root/scripts/postgres.sh" start)
export FLEET_TEST_POSTGRES_URL FLEET_REQUIRE_DOCKER=1 FLEET_REQUIRE_POSTGRES=1 FLEET_REQUIRE_AGENTS=1
trap '"$root/scripts/postgres.sh" stop' EXIT
cd "$root" || exit
.venv/bin/pytest "$@"
