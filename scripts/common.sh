# shellcheck shell=bash
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
  local dir=${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}
  # a name in /tmp can be foreseen and taken; root has a better place
  if [ "$(id -u)" = 0 ]; then dir=/run; fi
  command -v flock >/dev/null || return 0
  exec 9>"$dir/fleet-$1-$(id -u).lock"
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

# content_of TAG: the content hash an image was built from; nothing when there is no such image.
content_of() { docker image inspect --format '{{index .Config.Labels "fleet.content"}}' "$1" 2>/dev/null || true; }

# build TAG CONTENT CONTEXT [BUILD-ARG...]: by the classic builder, which every client and engine has.
build() {
  local tag=$1 content=$2 context=$3 before argument arguments=()
  shift 3
  for argument in "$@"; do arguments+=(--build-arg "$argument"); done
  before=$(docker image inspect --format '{{.Id}}' "$tag" 2>/dev/null) || true
  DOCKER_BUILDKIT=0 quietly docker build --force-rm --tag "$tag" --label "fleet.content=$content" \
    "${arguments[@]}" "$context" || die "docker could not build $tag: see above"
  drop_untagged "$before"
}

# What a rebuild left without a name would pile up; one still used by a container stays.
drop_untagged() {
  if [ "$(docker image inspect --format '{{len .RepoTags}}' "$1" 2>/dev/null)" = 0 ]; then
    docker rmi "$1" >/dev/null 2>&1 || true
  fi
}

# digest_of DIRECTORY: one hash over the names and contents of its files.
digest_of() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1); }
