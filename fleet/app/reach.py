"""What an attempt's container is joined to, and what its programs are told of the way out."""

from dataclasses import dataclass, field

from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.egress import EGRESS, allow_list
from fleet.domain.profile import Account, Profile

_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_LOCAL = ("NO_PROXY", "no_proxy")
# nobody answers there: names are looked up by the proxy, and only listed ones
_NO_NAMES = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The network, the only name server (None: the engine's choice), and variables."""

    network: str
    dns: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


def reach_of(attempt: Attempt, profile: Profile, *, account: Account, tools: Tools) -> Reach:
    """Open the attempt's own network where its profile says egress; raises as `Networks.open`."""
    if profile.network != EGRESS:
        return Reach(network=profile.network)
    listed = tools.project(attempt.project).egress_allow
    allow = allow_list(profile.agent, listed, base_url=account.base_url)
    opened = tools.networks.open(attempt.id, allow)
    variables = dict.fromkeys(_PROXY, opened.proxy)
    variables |= dict.fromkeys(_LOCAL, "localhost,127.0.0.1")
    return Reach(network=opened.network, dns=_NO_NAMES, environment=variables)
