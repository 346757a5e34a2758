"""What a container may do: the engine's settings that keep an untrusted agent in."""

from typing import Any

from fleet.domain.egress import NO_NETWORK
from fleet.ports import ContainerSpec, Mount

HOME = "fleet.home"
ATTEMPT = "fleet.attempt"
PURPOSE = "fleet.purpose"

# the runner bounds itself to 16 MiB, so that nothing of an attempt rotates away unread
_LOG = {"Type": "json-file", "Config": {"max-size": "32m", "max-file": "2"}}


def container_config(spec: ContainerSpec, home8: str) -> dict[str, Any]:
    """Answer the body of the engine's request to create the container, labelled as this home's."""
    config: dict[str, Any] = {
        "Image": spec.image,
        "Cmd": list(spec.command),
        "User": f"{spec.uid}:{spec.gid}",
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "WorkingDir": spec.workdir,
        # asked for no network the engine makes one all the same, of nothing, by starting its own
        # program once more: two fifths of what a short container costs. This leaves the loopback
        "NetworkDisabled": spec.network == NO_NETWORK,
        "Labels": {PURPOSE: "", ATTEMPT: "", **spec.labels, HOME: home8},
        "HostConfig": _host_config(spec),
    }
    if spec.entrypoint is not None:
        config["Entrypoint"] = list(spec.entrypoint)
    return config


def _dns(spec: ContainerSpec) -> dict[str, Any]:
    """Name the server in the container's settings, so that the engine asks none from the host.

    An engine whose host has a resolver of its own would do so even for an internal network.
    """
    if spec.dns is None:
        return {}
    # a tool that looks names up itself, instead of leaving it to the proxy, gives up at once
    return {"Dns": [spec.dns], "DnsOptions": ["timeout:1", "attempts:1"]}


def _host_config(spec: ContainerSpec) -> dict[str, Any]:
    """Harden: the container is the boundary an untrusted agent is kept in."""
    limits = spec.limits
    roomy = f"rw,exec,nosuid,nodev,size={limits.memory_bytes // 4}"
    return {
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
        "Tmpfs": {
            "/tmp": f"{roomy},mode=1777",  # noqa: S108 - inside the container
            "/home/agent": f"{roomy},mode=0700,uid={spec.uid},gid={spec.gid}",
        },
        "Memory": limits.memory_bytes,
        # equal: no swap
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": round(limits.cpus * 1_000_000_000),
        "PidsLimit": limits.pids,
        # a core dump would land in the worktree and be collected
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "NetworkMode": spec.network,
        **_dns(spec),
        "LogConfig": _LOG,
        "Mounts": [_bind(mount) for mount in spec.mounts],
        # the agent's runner must be PID 1 itself to keep its output to itself; a plain command
        # has nobody to reap its orphans, and as PID 1 would not die of its own signals
        "Init": spec.entrypoint is not None,
    }


def _bind(mount: Mount) -> dict[str, Any]:
    # "Mounts", not "Binds": a missing source is then an error and no folder made by root
    return {
        "Type": "bind",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": not mount.writable,
        "BindOptions": {"Propagation": "rprivate"},
    }
