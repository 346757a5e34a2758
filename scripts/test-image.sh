#!/usr/bin/env bash
# Build fleet-agent:pytest = the small agent image plus pytest, fetched by the host so that the build needs no network.
source "$(dirname "$0")/common.sh"

tag=fleet-agent:pytest
base=fleet-agent:small
packages=(pytest==8.4.2)

in_base() { docker run --rm --network none --entrypoint python3 "$base" -c "$1"; }

fetch() {
  quietly "$root/.venv/bin/pip" install --disable-pip-version-check --target "$1" --no-compile \
    --python-version "$2" --only-binary=:all: "${packages[@]}" ||
    die "pip could not fetch ${packages[*]} for Python $2: see above"
}

take_turn test-image
base_id=$(docker image inspect --format '{{.Id}}' "$base" 2>/dev/null) || die "no image $base: run scripts/agent-image.sh"
content=$({ echo "$base_id" "${packages[@]}"; cat "$0"; } | sha256sum | cut -d ' ' -f 1)
if [ "$(content_of "$tag")" = "$content" ]; then
  say "$tag is up to date"
  exit 0
fi
say "building $tag: $base with ${packages[*]}"
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
fetch "$context/packages" "$(in_base 'import sys; print("%d.%d" % sys.version_info[:2])')"
cat >"$context/Dockerfile" <<DOCKERFILE
FROM $base
COPY packages $(in_base 'import site; print(site.getsitepackages()[0])')
RUN python3 -m compileall -q $(in_base 'import site; print(site.getsitepackages()[0])')
DOCKERFILE
build "$tag" "$content" "$context"
