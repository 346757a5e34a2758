#!/usr/bin/env bash
# Make .venv and install the project into it with everything its tests need; at once when up to date.
source "$(dirname "$0")/common.sh"

venv=$root/.venv
stamp=$venv/.fleet-stamp

python_with_venv() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

wanted() { echo "$root" && sha256sum <"$root/pyproject.toml"; }

# A moved checkout, or one whose installation was cut short, needs a new environment: scripts name absolute paths.
sound() { [ -x "$venv/bin/python" ] && [ "$(head -n 1 "$stamp" 2>/dev/null)" = "$root" ]; }

up_to_date() { sound && [ "$(cat "$stamp")" = "$(wanted)" ]; }

make_environment() {
  local python
  if ! python_with_venv >/dev/null; then
    may_install || die "needs Python 3.11 or newer with venv: install it (Debian: python3-venv) and try again"
    install python3 python3-venv
  fi
  python=$(python_with_venv) || die "needs Python 3.11 or newer; this Debian has an older one"
  say "making .venv with $("$python" --version)"
  quietly "$python" -m venv --clear "$venv" || die "could not make $venv: see above"
}

take_turn venv
up_to_date && exit 0
sound || make_environment
say "installing the project into .venv (up to a minute)"
# read before the installation: a change during it is seen by the next call
stands=$(wanted)
rm -f "$stamp"
quietly "$venv/bin/python" -m pip install --disable-pip-version-check --editable "${root}[dev]" ||
  die "pip could not install the project: see above; needs the package index (https://pypi.org) or a mirror"
echo "$stands" >"$stamp"
