#!/usr/bin/env bash
# Build an image when anything that goes into it has changed: `agent-image.sh [OPTION...]`, as
# `fleet image build` does, with this machine's certificates.
source "$(dirname "$0")/common.sh"

# The bundle to build with: the one asked for, else this machine's own where it knows a local authority.
ca_bundle() {
  local bundle=${FLEET_CA_BUNDLE:-}
  if [ -z "$bundle" ] && compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    bundle=/etc/ssl/certs/ca-certificates.crt
  fi
  if [ -n "$bundle" ]; then printf '%s\n' "$bundle"; fi
}

take_turn agent-image
[ -x "$root/.venv/bin/fleet" ] || die "no .venv: run scripts/venv.sh"
options=(--base "${FLEET_BASE_TAG:-fleet-base:bookworm}" "$@")
bundle=$(ca_bundle)
if [ -n "$bundle" ]; then options+=(--ca-bundle "$bundle"); fi
"$root/.venv/bin/fleet" image build "${options[@]}" >&2 9>&-
