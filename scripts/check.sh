#!/usr/bin/env bash
# The deterministic check of this repository: form, layers, types, rules. No engine, no network, under a minute.
source "$(dirname "$0")/common.sh"

cd "$root" || exit
[ -x .venv/bin/pytest ] || die "no .venv: run scripts/venv.sh"
export PATH=$root/.venv/bin:$PATH
# where it is set, every process compiles all tests anew: half of the time of collecting them
unset PYTHONDONTWRITEBYTECODE

step() {
  say "$*"
  "$@" 9>&- || die "red: $*"
}

step ruff format --check --quiet .
step ruff check --quiet .
step lint-imports --no-logo
step mypy
step pytest --quiet --numprocesses auto -m "not docker and not postgres and not slow"
