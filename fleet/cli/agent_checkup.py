"""What `fleet doctor` says of agents: what images hold, credentials, which profiles can run."""

import json
import stat
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.cli.output import plain
from fleet.domain.agent import AGENTS
from fleet.domain.errors import CredentialError, FleetError
from fleet.domain.image import how_to_have
from fleet.domain.window import day_of

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.domain.profile import Account, Profile
    from fleet.ports import ContainerRuntime

Row = dict[str, str]
Inside = Mapping[str, Mapping[str, str]]

_SOON = timedelta(days=30)
_PATIENCE = 120.0  # seconds until every CLI of an image has said its version
_ALWAYS = "command"


def row(check: str, status: str, detail: str, remedy: str = "") -> Row:
    """Answer one line: status is ok, warn or fail."""
    return {"check": check, "status": status, "detail": detail, "remedy": remedy}


def agents_examined(office: "Office", engine: "ContainerRuntime") -> Iterator[Row]:
    """Start the CLIs of the projects' images; examine credentials; say which profiles can run.

    Profiles without an account are left out: `check_profiles` has told of them.
    """
    inside: dict[str, Mapping[str, str]] = {}
    for image in sorted({project.image for project in office.fleet.projects.values()}):
        if engine.image_id(image) is None:
            yield row(f"image {image}", "fail", "it is missing", how_to_have(image))
            continue
        try:
            inside[image] = _versions(image, office, engine)
        except FleetError as error:
            yield row(f"image {image}", "fail", error.message, error.remedy)
            continue
        said = ", ".join(f"{name} {version}" for name, version in inside[image].items())
        yield row(f"image {image}", "ok", said or "no CLI: it serves the agent `command` alone")
    accounts = {name: _account(each, office) for name, each in office.fleet.accounts.items()}
    yield from (accounts[n] for n, a in office.fleet.accounts.items() if a.agent != _ALWAYS)
    fit = frozenset(name for name, found in accounts.items() if found["status"] != "fail")
    served = {account.agent for account in office.fleet.accounts.values()}
    for profile in office.fleet.profiles.values():
        if profile.agent in served:
            yield _profile(profile, office, inside, fit)


def _versions(image: str, office: "Office", engine: "ContainerRuntime") -> dict[str, str]:
    """Answer the version of each CLI that starts; raises FleetError where nobody answers."""
    from fleet.bootstrap import new_token
    from fleet.domain.limits import Limits
    from fleet.ports import ContainerSpec

    name = f"fleet-doctor-{office.home8}-{new_token()[:8]}"
    spec = ContainerSpec(
        name=name,
        image=image,
        entrypoint=("fleet-agent",),
        command=("versions",),
        uid=1000,
        gid=1000,
        limits=Limits(),
        environment={"HOME": "/home/agent"},
        labels={"fleet.purpose": "doctor"},
        workdir="/",
    )
    try:
        engine.start(spec)
        ended = engine.wait(name, timeout=_PATIENCE)
        told, _ = engine.output(name, limit=64 * 1024)
    finally:
        engine.remove(name)
    found = _read(told) if ended is not None and ended.code == 0 else None
    if found is None:
        raise FleetError(
            f"`fleet-agent versions` does not answer in image {image}",
            remedy="build it again: fleet image build",
        )
    return found


def _read(told: str) -> dict[str, str] | None:
    # an image is what its project made of it: its word is shown, no more
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {plain(name): plain(version)[:80] for name, version in found.items() if version}


def _fault(account: "Account", office: "Office") -> CredentialError | None:
    from fleet.bootstrap import secrets

    try:
        secrets(office).check(account)
    except CredentialError as error:
        return error
    return None


def _account(account: "Account", office: "Office") -> Row:
    check, credential = f"account {account.name}", account.credential
    fault = _fault(account, office)
    if fault is not None:
        return row(check, "fail", fault.message, fault.remedy)
    if credential is None:
        passed = ", ".join(account.env_passthrough)
        return row(check, "ok", f"passes on {passed}" if passed else "needs no credential")
    found = f"{credential.kind} found in {credential.place}"
    expiry = _expiry(account, office)
    if expiry is not None:
        return row(check, expiry[0], f"{found}; {expiry[1]}", "renew it, and set `expires`")
    if credential.file is not None and _open_to_others(Path(credential.file)):
        remedy = f"chmod 600 {credential.file}"
        return row(check, "warn", f"{found}; other users can read it", remedy)
    return row(check, "ok", found)


def _expiry(account: "Account", office: "Office") -> tuple[str, str] | None:
    """Answer a status and what to say where the credential ends soon, None where it does not."""
    today = day_of(office.clock.now(), office.fleet.zone_of(account))
    if account.expires is None or account.expires - today > _SOON:
        return None
    if account.expires < today:
        return "fail", f"it expired on {account.expires}"
    return "warn", f"it expires on {account.expires}"


def _open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False


def _profile(profile: "Profile", office: "Office", inside: Inside, fit: frozenset[str]) -> Row:
    check, program = f"profile {profile.name}", AGENTS[profile.agent].program
    accounts = [a.name for a in office.fleet.accounts.values() if a.agent == profile.agent]
    able = [name for name in accounts if name in fit]
    without = [image for image, has in inside.items() if program not in {*has, _ALWAYS}]
    if not able:
        detail = f"it cannot run: no valid credential of {', '.join(accounts)}"
        return row(check, "warn", detail, "see the accounts above")
    if without:
        detail = f"it cannot run: {program} is not in {', '.join(without)}"
        return row(check, "warn", detail, f"fleet image build --agents {program}")
    return row(check, "ok", f"{profile.agent} by {', '.join(able)}")
