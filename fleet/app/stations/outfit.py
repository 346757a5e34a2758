"""Outfit: what an attempt's container sees of the host, and the environment it starts with."""

from collections.abc import Iterator

from fleet.app.tools import Tools
from fleet.domain.attempt import Outcome
from fleet.domain.egress import NO_NETWORK
from fleet.domain.packet import Given
from fleet.domain.profile import LOCAL, Profile
from fleet.ports import Mount, Workspace


def mounts_of(given: Given, space: Workspace, folder: str, tools: Tools) -> tuple[Mount, ...]:
    """Answer all that is mounted; `folder` holds the files it is told by."""
    return (
        *_mounts(space, folder, given.profile),
        *_skills(given, folder),
        *_shelf(given, space, tools),
        *_secret(given, space, tools),
    )


def environment_of(profile: Profile) -> dict[str, str]:
    """Answer its environment; no credential is ever in it."""
    name, mail = f"fleet {profile.name}", "fleet@localhost"
    return {
        "HOME": "/home/agent",
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
    }


def skill_files(given: Given) -> dict[str, str]:
    """Answer the files of its skills by their path in the attempt's folder."""
    return {
        f"skills/{skill.name}/{path}": text
        for skill in given.guidance.skills
        for path, text in skill.files.items()
    }


def _mounts(space: Workspace, folder: str, profile: Profile) -> tuple[Mount, ...]:
    return (
        Mount(source=space.path, target="/workspace", writable=True),
        Mount(source=space.git_file, target="/workspace/.git"),
        Mount(source=space.git_dir, target="/fleet/git", writable=True),
        *(Mount(source=objects, target=objects) for objects in space.objects),
        Mount(source=f"{folder}/packet.json", target="/fleet/packet.json"),
        Mount(source=f"{folder}/context.json", target="/fleet/context.json"),
        Mount(source=f"{folder}/passwd", target="/etc/passwd"),
        Mount(source=f"{folder}/group", target="/etc/group"),
        *_hosts(folder, profile),
        *(Mount(source=source, target=target) for source, target in profile.files),
    )


def _hosts(folder: str, profile: Profile) -> Iterator[Mount]:
    """Answer by what `localhost` is known where there is no network; else the engine tells it."""
    if profile.network == NO_NETWORK:
        yield Mount(source=f"{folder}/hosts", target="/etc/hosts")


def _skills(given: Given, folder: str) -> Iterator[Mount]:
    if given.guidance.skills:
        yield Mount(source=f"{folder}/skills", target="/fleet/skills")


def _shelf(given: Given, space: Workspace, tools: Tools) -> Iterator[Mount]:
    """Answer where a CLI's session outlives a pause; `command` has none."""
    agent = given.profile.agent
    if agent != LOCAL.agent:
        if not _after_a_pause(given, tools):
            # what lies there was put there by an agent, not by its runner
            tools.packets.drop_shelves(given.task.key)
        source = tools.packets.shelf(given.task.key, agent, uid=space.uid, gid=space.gid)
        yield Mount(source=source, target="/fleet/state", writable=True)


def _after_a_pause(given: Given, tools: Tools) -> bool:
    """Tell whether the last attempt that ran paused: only then did its runner keep a session."""
    attempts = tools.ledger.attempts(given.task.key)
    earlier = [old for old in attempts if old.number < given.attempt.number and old.started]
    return bool(earlier) and earlier[-1].outcome is Outcome.PAUSED


def _secret(given: Given, space: Workspace, tools: Tools) -> Iterator[Mount]:
    """Lay out the account's secret, last of all: it is there for as short as can be."""
    if given.account.secret:
        uid, gid = space.uid, space.gid
        source = tools.secrets.write(given.attempt.id, given.account, uid=uid, gid=gid)
        yield Mount(source=source, target="/fleet/secret")
