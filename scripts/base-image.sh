#!/usr/bin/env bash
# Have the base image of the agent image: pulled where a registry answers, else bootstrapped from Debian's packages.
source "$(dirname "$0")/common.sh"

tag=${FLEET_BASE_TAG:-fleet-base:bookworm}
upstream=${FLEET_BASE_UPSTREAM:-debian:bookworm-slim}
mirror=${FLEET_DEBIAN_MIRROR:-http://deb.debian.org}
pull_seconds=${FLEET_PULL_SECONDS:-60}

pull() { timeout "$pull_seconds" docker pull -q "$upstream" >/dev/null 2>&1 && docker tag "$upstream" "$tag"; }

# Nobody reads manuals in a container; without an index of translations apt fetches half as much.
# shellcheck disable=SC2016 # $1 is for the hook: the root that mmdebstrap makes
root_tar() {
  mmdebstrap --quiet --variant=minbase --include=git,python3,ca-certificates \
    --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*' \
    --customize-hook='rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap' \
    bookworm - \
    "deb $mirror/debian bookworm main" "deb $mirror/debian bookworm-updates main" \
    "deb $mirror/debian-security bookworm-security main"
}

# tagged only when all of it came: a cut stream imports without complaint
bootstrap() {
  local image
  image=$(root_tar | docker import -c 'CMD ["bash"]' \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -) && docker tag "$image" "$tag"
}

# unpacking some ten thousand small files is twice as quick in memory
roomy_memory() {
  local free
  free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || return 1
  [ "$free" -gt 2000000 ]
}

take_turn base-image
if docker image inspect "$tag" >/dev/null 2>&1; then
  say "$tag stands"
  exit 0
fi
say "pulling $upstream"
pull && say "$tag is $upstream" && exit 0
may_install || die "no registry answers and only on Debian as root can the base be made from packages: load an image
  with git and python3 and tag it $tag (docker load, docker tag)"
command -v mmdebstrap >/dev/null || install mmdebstrap
say "no registry answers: making $tag from Debian's packages (a minute)"
if roomy_memory; then export TMPDIR=/dev/shm; fi
quietly bootstrap || die "mmdebstrap could not make $tag: see above; needs $mirror (or FLEET_DEBIAN_MIRROR)"
say "$tag made"
