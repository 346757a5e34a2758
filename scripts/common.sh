# What every script here shares: where the checkout is, how to speak, how to wait for one's turn.
# Sourced by bash, never run.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# take_turn NAME: hold a lock of this machine until the script ends; two at once wait for each other.
# Descriptor 9 must be closed (9>&-) for anything that outlives the script.
take_turn() {
  command -v flock >/dev/null || return 0
  exec 9>"${TMPDIR:-/tmp}/fleet-$1-$(id -u).lock"
  flock 9
}

# quietly COMMAND...: what it said is shown only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null 9>&-; then
    rm -f "$log"
    return 0
  fi
  tail -n 30 "$log" >&2
  rm -f "$log"
  return 1
}

# may_install: whether packages can be had from Debian by this user.
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -e /etc/debian_version ]; }

# install PACKAGE...: from Debian, quietly.
install() {
  say "installing $* (apt-get)"
  # a fresh machine has no package lists, an old one stale lists: only then is the update worth its seconds
  quietly apt_get_install "$@" 2>/dev/null ||
    { quietly apt-get update -qq && quietly apt_get_install "$@"; } ||
    die "apt-get could not install $*: see above"
}

apt_get_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
