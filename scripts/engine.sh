#!/usr/bin/env bash
# Find a Docker engine that answers; on Debian as root install and start one; elsewhere say what to install.
source "$(dirname "$0")/common.sh"

log=/var/log/fleet-dockerd.log
daemon=

answers() { docker version --format '{{.Server.Version}}' 2>/dev/null; }

report() { say "Docker engine $1 answers"; }

refuse() {
  say "no Docker engine answers. $*"
  say "Debian, Ubuntu: sudo apt-get install docker.io && sudo systemctl start docker && sudo usermod -aG docker \$USER"
  say "Fedora: sudo dnf install moby-engine && sudo systemctl start docker; macOS, Windows: install Docker Desktop and start it"
  exit 1
}

start() {
  if [ -d /run/systemd/system ]; then
    quietly systemctl start docker
    return
  fi
  # every stream is redirected and the lock let go: a daemon holding them makes its starter seem to hang
  setsid dockerd >>"$log" 2>&1 </dev/null 9>&- &
  daemon=$!
}

# under systemd, or when somebody else starts it, there is no child of ours to look at
gone() { [ -n "$daemon" ] && ! kill -0 "$daemon" 2>/dev/null; }

wait_until_it_answers() {
  local version
  for _ in $(seq 1 120); do
    if version=$(answers); then
      report "$version"
      return
    fi
    if gone; then break; fi
    sleep 0.25
  done
  if [ -e "$log" ]; then tail -n 5 "$log" >&2; fi
  die "the engine ended or did not answer within 30 s: see above, or $log (systemd: journalctl -u docker)"
}

take_turn engine
if version=$(answers); then
  report "$version"
  exit 0
fi
[ -z "${DOCKER_HOST:-}" ] || refuse "DOCKER_HOST is $DOCKER_HOST: start that engine, or unset DOCKER_HOST."
may_install || refuse "Only on Debian as root it is installed for you; otherwise:"
# a client alone is no engine: some machines have one without the other
{ command -v docker && command -v dockerd && command -v iptables; } >/dev/null || install docker.io iptables
answers >/dev/null || { say "starting dockerd (log: $log)" && start; }
wait_until_it_answers
