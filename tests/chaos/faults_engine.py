"""Faults of the engine itself, one of the night's own: killed, hanging, its logs torn."""

from contextlib import suppress
from pathlib import Path
from subprocess import CalledProcessError

from tests.chaos.stage import Fault, Stage
from tests.own_engine import OwnEngine

_USERS = "the engine is the user's"


class _OfEngine(Fault):
    """A fault of the night's own engine."""

    during = True

    def __init__(self) -> None:
        self._under_way = False

    def able(self, stage: Stage) -> str:
        return "" if stage.own is not None else _USERS

    def begin(self, stage: Stage) -> None:
        if stage.own is not None:
            self._under_way = True
            stage.note(f"{self.name}: {stage.own.folder.name}")
            self.strike(stage.own, stage)

    def end(self, stage: Stage) -> None:
        if stage.own is not None and self._under_way:
            self._under_way = False
            self.relent(stage.own)

    def strike(self, own: OwnEngine, stage: Stage) -> None:
        """Do it."""
        raise NotImplementedError

    def relent(self, own: OwnEngine) -> None:
        """Undo it."""
        raise NotImplementedError


class EngineKilled(_OfEngine):
    """The engine dies, and is started again."""

    name = "the engine killed and restarted"

    def strike(self, own: OwnEngine, stage: Stage) -> None:
        own.kill()

    def relent(self, own: OwnEngine) -> None:
        own.start()


class EngineFrozen(_OfEngine):
    """The engine takes calls and answers none, and then all."""

    name = "the engine hanging"

    def strike(self, own: OwnEngine, stage: Stage) -> None:
        own.freeze()

    def relent(self, own: OwnEngine) -> None:
        own.thaw()


class LogTorn(_OfEngine):
    """The last line of a container's log is cut in the middle on the engine's disk."""

    name = "the last line of a log torn"

    def strike(self, own: OwnEngine, stage: Stage) -> None:
        # its container may be gone in the moment in which it is chosen
        with suppress(CalledProcessError, FileNotFoundError):
            self._tear(own, stage)

    def relent(self, own: OwnEngine) -> None:
        """What is torn stays torn."""

    def _tear(self, own: OwnEngine, stage: Stage) -> None:
        names = sorted(name for name in stage.containers() if name.startswith("fleet-"))
        if not names:
            return
        name = stage.random.choice(names)
        identity = own.docker("inspect", "--format", "{{.Id}}", name)
        log = Path(own.folder, "data", "containers", identity, f"{identity}-json.log")
        size = log.stat().st_size
        if size:
            stage.note(f"{self.name}: {name}")
            with log.open("r+b") as file:
                file.truncate(size - min(size, stage.random.randint(2, 40)))


ENGINE: tuple[Fault, ...] = (EngineKilled(), EngineFrozen(), LogTorn())
