#!/usr/bin/env bash
# Build the proxy image (Debian's squid) of profiles with network `egress` when anything that goes into it has
# changed, as `fleet image build --proxy` does.
source "$(dirname "$0")/common.sh"

take_turn proxy-image
[ -x "$root/.venv/bin/fleet" ] || die "no .venv: run scripts/venv.sh"
options=(--proxy --base "${FLEET_BASE_TAG:-fleet-base:bookworm}")
if [ -n "${FLEET_CA_BUNDLE:-}" ]; then options+=(--ca-bundle "$FLEET_CA_BUNDLE"); fi
"$root/.venv/bin/fleet" image build "${options[@]}" >&2 9>&-
