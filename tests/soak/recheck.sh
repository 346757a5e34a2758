#!/bin/sh
# Every first-parent commit of BRANCH after START, judged again by plain git, sh and docker alone: its files with those
# that START had in scripts/ and tests/ laid over, `sh scripts/check.sh` in a fresh container without network.
# Says `green SHA` or `red SHA` for each; ends with 1 where one was red or where there was none.
set -eu
[ $# = 4 ] || { echo "usage: recheck.sh REPOSITORY START BRANCH IMAGE" >&2; exit 2; }
repository=$1 start=$2 branch=$3 image=$4
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
# nothing that was configured, planted or set for this user may change what is seen
HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_NO_REPLACE_OBJECTS=1 GIT_ATTR_NOSYSTEM=1
export HOME GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_NO_REPLACE_OBJECTS GIT_ATTR_NOSYSTEM
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

clone=$scratch/clone.git
git clone -q --bare --no-local --single-branch --branch "$branch" "$repository" "$clone"

# laid TREE-ISH FOLDER [PATH]: the files as they were committed, whatever attributes say of an export
laid() {
  git --git-dir="$clone" ls-tree -r -z --full-tree "$1" ${3:+-- "$3"} >"$scratch/listed"
  GIT_INDEX_FILE=$scratch/index
  export GIT_INDEX_FILE
  rm -f "$GIT_INDEX_FILE"
  git --git-dir="$clone" update-index -z --index-info <"$scratch/listed"
  git --git-dir="$clone" --work-tree="$2" checkout-index --all --force
  unset GIT_INDEX_FILE
}

ended=0 seen=0
for sha in $(git --git-dir="$clone" rev-list --first-parent --reverse "$start..$branch"); do
  seen=$((seen + 1))
  tree=$scratch/tree-$seen
  mkdir "$tree"
  laid "$sha" "$tree"
  for path in scripts tests; do laid "$start" "$tree" "$path"; done
  if docker run --rm --network none --read-only --tmpfs /tmp --user "$(id -u):$(id -g)" -v "$tree:/judged:ro" \
    -w /judged --entrypoint sh "$image" scripts/check.sh >"$scratch/said" 2>&1; then
    echo "green $sha"
  else
    echo "red $sha"
    cat "$scratch/said" >&2
    ended=1
  fi
  rm -rf "$tree"
done
[ "$seen" -gt 0 ] || ended=1
exit "$ended"
