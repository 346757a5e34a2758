#!/usr/bin/env bash
# Find a Docker engine that answers; on Debian as root install and start one; elsewhere say what to install.
source "$(dirname "$0")/common.sh"

log=/var/log/fleet-dockerd.log

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
}

wait_until_it_answers() {
  local waited version
  for waited in $(seq 1 120); do
    if version=$(answers); then
      report "$version"
      return
    fi
    sleep 0.25
  done
  [ -e "$log" ] && tail -n 20 "$log" >&2
  die "the engine did not answer within $((waited / 4)) s; its log: $log (systemd: journalctl -u docker)"
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
