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

# A moved checkout needs a new environment too: its scripts name absolute paths.
wanted() { { printf '%s\n' "$root"; cat "$root/pyproject.toml"; } | sha256sum | cut -d ' ' -f 1; }

up_to_date() { [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(wanted)" ]; }

take_turn venv
up_to_date && exit 0
if ! python_with_venv >/dev/null; then
  may_install || die "needs Python 3.11 or newer with venv: install it (Debian: python3-venv) and try again"
  install python3 python3-venv
fi
python=$(python_with_venv) || die "needs Python 3.11 or newer; this Debian has an older one"
say "making .venv with $("$python" --version) and installing the project (about a minute)"
rm -f "$stamp"
"$python" -m venv --clear "$venv"
quietly "$venv/bin/pip" install --disable-pip-version-check --editable "$root[dev]" ||
  die "pip could not install the project: see above; needs the package index (https://pypi.org) or a mirror"
wanted >"$stamp"
