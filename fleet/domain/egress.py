"""What an attempt with network `egress` may reach: listed hosts, nothing private unless listed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from types import MappingProxyType
from urllib.parse import urlsplit

from fleet.domain.errors import ConfigError

Range = IPv4Network | IPv6Network

# words of a profile's key `network`: nothing is reached, and a closed network with a proxy
NO_NETWORK = "none"
EGRESS = "egress"

WEB_PORTS = (80, 443)
_PORTS = range(1, 65536)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
# the last label starts with a letter: whatever a resolver could read as an address is no name
_NAME = re.compile(rf"(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_LONGEST_NAME = 253


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A host that may be reached: a name, a name with all beneath it, or addresses, and ports.

    `host` is `api.example.com`, `.example.com` (with all beneath it) or `10.1.0.0/24`.
    """

    host: str
    ports: tuple[int, ...] = WEB_PORTS

    @property
    def addresses(self) -> Range | None:
        """Answer the addresses meant, None for a name."""
        return ip_network(self.host) if "/" in self.host else None


_ANTHROPIC = ("api.anthropic.com",)
_OPENAI = ("api.openai.com",)
_GOOGLE = ("generativelanguage.googleapis.com",)
_ANY_PROVIDER = (*_ANTHROPIC, *_OPENAI, *_GOOGLE, "openrouter.ai")

# what each CLI has to reach to work and to renew its sign-in; telemetry and updates are not
API_HOSTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "command": (),
        "claude": (*_ANTHROPIC, "console.anthropic.com", "platform.claude.com"),
        "codex": (*_OPENAI, "chatgpt.com", "auth.openai.com"),
        "gemini": (*_GOOGLE, "cloudcode-pa.googleapis.com", "oauth2.googleapis.com"),
        "opencode": (*_ANY_PROVIDER, "opencode.ai", "models.dev"),
        "kilo": (*_ANY_PROVIDER, "api.kilo.ai", "kilocode.ai", "models.dev"),
        "qwen": ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "chat.qwen.ai"),
        "aider": _ANY_PROVIDER,
        "mini": _ANY_PROVIDER,
        "amp": ("ampcode.com",),
        # its models are where the account's base_url says
        "ollama": (),
    }
)

# what is not the public internet; of IPv6 everything outside 2000::/3, which also leaves out every
# way to write an IPv4 address in it
PRIVATE: tuple[Range, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
        *("::/3", "4000::/2", "8000::/1", "2001::/32", "2002::/16"),
    )
)


def destination(text: str) -> Destination:
    """Read `HOST[:PORT]`, where HOST is a name, `*.NAME`, an address or a range of addresses.

    Without a port 80 and 443 are meant. Raises ConfigError.
    """
    host, port = _split(text.strip().lower())
    ports = WEB_PORTS if port is None else (_port(text, port),)
    if host.startswith("*.") and "." in host[2:] and _is_name(host[2:]):
        return Destination(host=host[1:], ports=ports)
    if _is_name(host):
        return Destination(host=host, ports=ports)
    try:
        return Destination(host=str(ip_network(host)), ports=ports)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no host that can be listed",
            remedy="like api.example.com, *.example.com, 10.1.2.3:8080 or 10.1.0.0/24",
        ) from error


def allow_list(
    agent: str, listed: Iterable[Destination], *, base_url: str | None
) -> tuple[Destination, ...]:
    """Answer what an attempt may reach: its CLI's API, its account's gateway, its project's list.

    Raises ConfigError for a gateway without a usable host.
    """
    own = [destination(host) for host in API_HOSTS.get(agent, ())]
    gateway = [_gateway(base_url)] if base_url else []
    return tuple(dict.fromkeys([*own, *gateway, *listed]))


def closed_ranges(allow: Iterable[Destination], *, own: Iterable[str]) -> tuple[Range, ...]:
    """Answer the addresses no name may lead to: private ones and the host's own, unless listed."""
    closed: list[Range] = [*PRIVATE, *map(ip_network, own)]
    for each in allow:
        if each.addresses is not None:
            closed = [part for whole in closed for part in _without(whole, each.addresses)]
    four = collapse_addresses(each for each in closed if isinstance(each, IPv4Network))
    six = collapse_addresses(each for each in closed if isinstance(each, IPv6Network))
    return (*four, *six)


def _without(whole: Range, hole: Range) -> list[Range]:
    # by version twice, so that each pair is of one kind
    if isinstance(whole, IPv4Network) and isinstance(hole, IPv4Network):
        if hole.subnet_of(whole):
            return list(whole.address_exclude(hole))
        return [] if whole.subnet_of(hole) else [whole]
    if isinstance(whole, IPv6Network) and isinstance(hole, IPv6Network):
        if hole.subnet_of(whole):
            return list(whole.address_exclude(hole))
        return [] if whole.subnet_of(hole) else [whole]
    return [whole]


def _gateway(base_url: str) -> Destination:
    parts = urlsplit(base_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return destination(f"{host}:{port}")


def _split(text: str) -> tuple[str, str | None]:
    """Split off the port; an IPv6 address with one stands in brackets."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _port(text: str, port: str) -> int:
    # int() would take spaces, signs and other alphabets' digits
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) not in _PORTS:
        raise ConfigError(
            f"{text!r} has no usable port", remedy="like api.example.com:8443, from 1 to 65535"
        )
    return int(port)


def _is_name(host: str) -> bool:
    return len(host) <= _LONGEST_NAME and _NAME.fullmatch(host) is not None
