"""What a container's /etc says of its user and of names: texts that are mounted there."""

# the engine writes none where it makes no network; 127.0.0.1 alone, as many programs that serve
# or ask `localhost` try one address and not the other
_HOSTS = "127.0.0.1\tlocalhost\n::1\tip6-localhost ip6-loopback\n"


def etc_files(uid: int, gid: int) -> dict[str, str]:
    """Answer passwd, group and hosts by their names, for a container that runs as that user."""
    return {
        "passwd": f"agent:x:{uid}:{gid}:agent:/home/agent:/bin/sh\n",
        "group": f"agent:x:{gid}:\n",
        "hosts": _HOSTS,
    }
