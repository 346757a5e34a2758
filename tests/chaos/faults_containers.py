"""Faults of containers: killed, removed, paused, forgotten by the engine and awake once more."""

import subprocess
from pathlib import Path

from tests.chaos.stage import Fault, Stage

_AGENTS = ("--filter", "label=fleet.purpose=agent", "--format", "{{.Names}}")


def _agents(stage: Stage) -> list[str]:
    """Answer the names of the containers in which this home's agents work now."""
    label = f"label=fleet.home={stage.home.home8}"
    return sorted(stage.docker("ps", "--filter", label, *_AGENTS).split())


def _tried(stage: Stage, *words: str) -> bool:
    """Tell whether the engine did it: a container may be gone meanwhile."""
    try:
        stage.docker(*words)
    except subprocess.CalledProcessError:
        return False
    return True


class _OfOne(Fault):
    """A fault of one container, drawn among those that run."""

    def __init__(self) -> None:
        self._name: str | None = None

    def able(self, stage: Stage) -> str:
        return ""

    def begin(self, stage: Stage) -> None:
        names = _agents(stage)
        # one may end in the moment in which it is chosen: then it is the next one's turn
        for name in stage.random.sample(names, len(names)):
            if self.strike(stage, name):
                self._name = name
                stage.note(f"{self.name}: {name}")
                return

    def end(self, stage: Stage) -> None:
        name, self._name = self._name, None
        if name is not None:
            self.relent(stage, name)

    def strike(self, stage: Stage, name: str) -> bool:
        """Do it; tell whether it was done: a container may have ended meanwhile."""
        raise NotImplementedError

    def relent(self, stage: Stage, name: str) -> None:
        """Undo it."""
        raise NotImplementedError


class Killed(_OfOne):
    """A container is killed."""

    name = "a container killed"
    during = True

    def strike(self, stage: Stage, name: str) -> bool:
        return _tried(stage, "kill", name)

    def relent(self, stage: Stage, name: str) -> None:
        """A killed one stays dead."""


class Removed(_OfOne):
    """A container is removed, as a tidy person's `docker rm` does."""

    name = "a container removed"
    during = True

    def strike(self, stage: Stage, name: str) -> bool:
        return _tried(stage, "rm", "--force", name)

    def relent(self, stage: Stage, name: str) -> None:
        """A removed one stays away."""


class Paused(_OfOne):
    """A container stands still for a while and goes on: the machine slept, or a person looked."""

    name = "a container paused"
    during = True

    def strike(self, stage: Stage, name: str) -> bool:
        return _tried(stage, "pause", name)

    def relent(self, stage: Stage, name: str) -> None:
        _tried(stage, "unpause", name)


class Frozen(_OfOne):
    """A container stands still and no signal ends it, whatever the engine says or is told."""

    name = "a container that cannot be killed"
    during = True

    def able(self, stage: Stage) -> str:
        return "" if _FREEZER.is_dir() else f"{_FREEZER} is not there"

    def __init__(self) -> None:
        super().__init__()
        self._identity = ""

    def strike(self, stage: Stage, name: str) -> bool:
        try:
            self._identity = stage.docker("inspect", "--format", "{{.Id}}", name)
        except subprocess.CalledProcessError:
            return False
        return _freeze(self._identity, "FROZEN")

    def relent(self, stage: Stage, name: str) -> None:
        _freeze(self._identity, "THAWED")


_FREEZER = Path("/sys/fs/cgroup/freezer/docker")


def _freeze(identity: str, state: str) -> bool:
    try:
        (_FREEZER / identity / "freezer.state").write_text(state)
    except OSError:
        return False
    return True


class Revenant(_OfOne):
    """The engine has lost sight of a container, which sleeps, and writes on when all is over.

    It stands before a life: whoever adopts what runs does not find it by its name.
    """

    name = "a container of a superseded attempt awake"
    during = False

    def strike(self, stage: Stage, name: str) -> bool:
        if not _tried(stage, "pause", name):
            return False
        if _tried(stage, "rename", name, _hidden(name)):
            return True
        _tried(stage, "unpause", name)
        return False

    def relent(self, stage: Stage, name: str) -> None:
        _tried(stage, "unpause", _hidden(name))


def _hidden(name: str) -> str:
    return name.replace("fleet-", "revenant-", 1)


CONTAINERS: tuple[Fault, ...] = (Killed(), Removed(), Paused(), Frozen(), Revenant())
