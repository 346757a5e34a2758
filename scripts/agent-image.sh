#!/usr/bin/env bash
# Build the small agent image (git, python3, the SDK) when anything that goes into it has changed.
source "$(dirname "$0")/common.sh"

tag=${FLEET_AGENT_TAG:-fleet-agent:small}
base=${FLEET_BASE_TAG:-fleet-base:bookworm}
source_dir=${FLEET_AGENT_SOURCE:-$root/agent-image}

# The bundle to build with: the one asked for, else this machine's own where it knows a local authority.
ca_bundle() {
  local bundle=${FLEET_CA_BUNDLE:-}
  if [ -z "$bundle" ] && compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    bundle=/etc/ssl/certs/ca-certificates.crt
  fi
  if [ -n "$bundle" ]; then printf '%s\n' "$bundle"; fi
}

# A copy, so that neither a bundle nor compiled files of the checkout ever lie in the context.
stage() {
  local bundle
  tar -C "$source_dir" --exclude=__pycache__ -cf - . | tar -C "$1" -xf -
  bundle=$(ca_bundle)
  if [ -n "$bundle" ]; then cp "$bundle" "$1/ca-bundle.crt" || die "no CA bundle at $bundle"; fi
}

take_turn agent-image
base_id=$(docker image inspect --format '{{.Id}}' "$base" 2>/dev/null) ||
  die "no image $base: run scripts/engine.sh, then scripts/base-image.sh"
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
stage "$context"
content=$({ echo "$base_id"; digest_of "$context"; } | sha256sum | cut -d ' ' -f 1)
if [ "$(content_of "$tag")" = "$content" ]; then
  say "$tag is up to date"
  exit 0
fi
say "building $tag from $base"
build "$tag" "$content" "$context" "BASE=$base"
