"""What `fleet doctor` says of the network `egress`: whether it can be given, and how safely."""

from typing import TYPE_CHECKING

from fleet.cli.agent_checkup import Row, row
from fleet.domain.egress import EGRESS
from fleet.domain.errors import FleetError

if TYPE_CHECKING:
    from fleet.bootstrap import Office

_EXPOSED = "attempts can reach services of this host: nothing closes it, egress_host_exposed is set"


def egress_examined(office: "Office") -> list[Row]:
    """Answer one line, none where no profile that has an account says egress."""
    from fleet.bootstrap import networks

    served = {account.agent for account in office.fleet.accounts.values()}
    if not any(p.network == EGRESS and p.agent in served for p in office.fleet.profiles.values()):
        return []
    try:
        said = networks(office).examine()
    except FleetError as error:
        return [row(EGRESS, "fail", error.message, error.remedy)]
    if said:
        return [row(EGRESS, "ok", said)]
    return [row(EGRESS, "warn", _EXPOSED, "run fleet as root with iptables on the engine's host")]
