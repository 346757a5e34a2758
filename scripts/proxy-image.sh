#!/usr/bin/env bash
# Build the proxy image (Debian's squid) of attempts with network `egress`, when anything that goes into it has changed.
source "$(dirname "$0")/common.sh"

tag=fleet-proxy:bookworm
base=${FLEET_BASE_TAG:-fleet-base:bookworm}

take_turn proxy-image
base_id=$(docker image inspect --format '{{.Id}}' "$base" 2>/dev/null) ||
  die "no image $base: run scripts/engine.sh, then scripts/base-image.sh"
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$root"/agent-image/proxy/{Dockerfile,proxy.py} "$context"
if [ -n "${FLEET_CA_BUNDLE:-}" ]; then
  cp "$FLEET_CA_BUNDLE" "$context/ca-bundle.crt" || die "no CA bundle at $FLEET_CA_BUNDLE"
fi
content=$({ echo "$base_id"; digest_of "$context"; } | sha256sum | cut -d ' ' -f 1)
if [ "$(content_of "$tag")" = "$content" ]; then
  say "$tag is up to date"
  exit 0
fi
say "building $tag from $base"
build "$tag" "$content" "$context" "BASE=$base"
