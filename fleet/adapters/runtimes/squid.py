"""The configuration of one attempt's squid: closed but for what is listed, and keeping nothing."""

from collections.abc import Iterable, Iterator

from fleet.domain.egress import Destination, Range, closed_ranges

PORT = 3128

_HEAD = """\
http_port {listen}:{port}
visible_hostname fleet
httpd_suppress_version_string on
via off
forwarded_for delete
cache deny all
cache_mem 0 MB
memory_pools off
pid_filename none
coredump_dir none
pinger_enable off
logfile_rotate 0
max_filedescriptors 1024
connect_timeout 5 seconds
dns_timeout 10 seconds
shutdown_lifetime 0 seconds
cache_log stdio:/dev/stderr
# neither path nor query: they may hold a key
logformat fleet %tg {attempt} %rm %>rd:%>rP %>Hs %Ss
access_log stdio:/dev/stdout logformat=fleet
acl clients src {clients}
http_access deny !clients
http_access deny manager
"""


def squid_config(
    attempt: str, allow: Iterable[Destination], *, listen: str, clients: str, own: Iterable[str]
) -> str:
    """Answer the configuration of the squid that listens at `listen` for the subnet `clients`.

    `own` are the host's addresses, closed unless listed. No name is looked up unless it is listed:
    a lookup alone could carry a secret out.
    """
    allow = tuple(allow)
    lines = [_HEAD.format(listen=listen, port=PORT, attempt=attempt, clients=clients)]
    lines += [f"acl closed dst {each}\n" for each in closed_ranges(allow, own=own)]
    for number, each in enumerate(allow):
        lines += _allowed(number, each, each.addresses)
    return "".join([*lines, "http_access deny all\n"])


def _allowed(number: int, each: Destination, addresses: Range | None) -> Iterator[str]:
    # -n: squid would match an address by the name its owner gave it, and a name by its address.
    # Left to right, and a name is only looked up by the last: where it leads to
    host = f"dstdomain -n {each.host}" if addresses is None else f"dst -n {addresses}"
    yield f"acl host{number} {host}\n"
    yield f"acl ports{number} port {' '.join(map(str, each.ports))}\n"
    yield f"http_access allow host{number} ports{number} !closed\n"
