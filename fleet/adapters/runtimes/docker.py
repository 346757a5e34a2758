"""The container runtime on a Docker engine: hardened containers with fixed names."""

import json
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from fleet.adapters.runtimes.answers import (
    agents_of,
    conflicts,
    exit_of,
    gone,
    half_started,
    name_of,
    text_of,
)
from fleet.adapters.runtimes.docker_images import AGENTS
from fleet.adapters.runtimes.engine import (
    SOON,
    STDERR,
    STDOUT,
    Connection,
    answer,
    frames_after,
    log_frames,
    timed_out,
)
from fleet.adapters.runtimes.hardening import ATTEMPT, HOME, PURPOSE, container_config
from fleet.domain.errors import FleetError, HalfStartedError, TransientError
from fleet.domain.image import how_to_have
from fleet.ports import ContainerRuntime, ContainerSpec, ContainerState, Exit

log = logging.getLogger(__name__)

# lines of a log that are enough for both tails, nearly always; all of a flood takes a second
_TAIL = 8192


class DockerRuntime(ContainerRuntime):
    """Containers of one home on one engine; safe to use from many threads.

    `base_url` is the engine's address, by default what DOCKER_HOST says, else the usual socket.
    Containers that bear the home's name but not its label are never touched.
    """

    def __init__(self, home8: str, base_url: str | None = None) -> None:
        self._home8 = home8
        self._filters = json.dumps({"label": [f"{HOME}={home8}"]})
        self._engine = Connection(base_url)
        # made by this very process: known to be this home's without asking
        self._made: dict[str, str] = {}

    def ping(self) -> str:
        with self._engine.asking("version") as client:
            # an engine in a deadlock tells its version, but not what it runs
            answer(client, "containers/json", all=1, filters=self._filters)
            return str(answer(client, "version")["Version"])

    def data_root(self) -> str | None:
        if not self._engine.url.startswith("unix://"):
            return None
        with self._engine.asking("data root") as client:
            # an engine in a virtual machine has a socket here, and its folder there
            root = str(client.info()["DockerRootDir"])
        return root if Path(root).is_dir() else None

    def image_id(self, tag: str) -> str | None:
        with self._engine.asking(f"image {tag}") as client:
            try:
                return str(client.inspect_image(tag)["Id"])  # type: ignore[no-untyped-call]
            except NotFound:
                return None

    def image_agents(self, tag: str) -> frozenset[str] | None:
        with self._engine.asking(f"image {tag}") as client:
            try:
                found = client.inspect_image(tag)  # type: ignore[no-untyped-call]
            except NotFound:
                return None
        return agents_of((found["Config"].get("Labels") or {}).get(AGENTS))

    def start(self, spec: ContainerSpec) -> None:
        with self._engine.asking(f"container {spec.name}") as client:
            config = container_config(spec, self._home8)
            # somebody may have removed that one, and the engine not say what it makes now
            self._made.pop(spec.name, None)
            try:
                made = client.create_container_from_config(config, name=spec.name)  # type: ignore[no-untyped-call]
                self._made[spec.name] = made["Id"]
            except NotFound as error:
                missing = f"container {spec.name}: image {spec.image} is missing"
                raise FleetError(missing, remedy=how_to_have(spec.image)) from error
            except APIError as error:
                if not conflicts(error):
                    raise
                if self._has_run(spec.name):
                    return
            _set_going(client, spec.name)

    def follow(self, name: str) -> Iterator[bytes]:
        """Yield standard output; raises TransientError when the engine breaks off.

        Following anew starts at the very beginning again. A container that is gone has said
        nothing. Nothing tells a quiet container from an engine that hangs: after a while of
        silence the engine is asked, and the log read again from where it stood.
        """
        heard, silent = 0, True
        while silent:
            silent = False
            with self._engine.asking(f"container {name}") as client:
                try:
                    frames = log_frames(client, name, streams=(STDOUT,), follow=True)
                    for piece in frames_after(heard, frames):
                        heard += len(piece)
                        yield piece
                except APIError as error:
                    if not gone(error):
                        raise
                except OSError as error:
                    if not timed_out(error):
                        raise
                    silent = self._inspect(name) is not None

    def output(self, name: str, *, limit: int) -> tuple[str, str]:
        tails, seen = self._tails(name, (STDOUT, STDERR), limit=limit, last=_TAIL)
        for stream in (STDOUT, STDERR):
            if seen >= _TAIL and len(tails[stream]) < limit:
                # what the other stream said last crowds it out
                tails |= self._tails(name, (stream,), limit=limit)[0]
        return text_of(tails[STDOUT], limit=limit), text_of(tails[STDERR], limit=limit)

    def transcript(self, name: str) -> Iterator[tuple[int, bytes]]:
        with self._engine.asking(f"container {name}") as client:
            try:
                yield from log_frames(client, name, streams=(STDOUT, STDERR), follow=False)
            except APIError as error:
                if not gone(error):
                    raise

    def _tails(
        self, name: str, streams: tuple[int, ...], *, limit: int, last: int | None = None
    ) -> tuple[dict[int, bytes], int]:
        """Answer the last `limit` bytes of each stream, and in how many pieces they were told."""
        tails, seen = dict.fromkeys(streams, b""), 0
        with self._engine.asking(f"container {name}") as client:
            try:
                for stream, piece in log_frames(
                    client, name, streams=streams, follow=False, last=last
                ):
                    tails[stream] = (tails[stream] + piece)[-limit:]
                    seen += 1
            except APIError as error:
                if not gone(error):
                    raise
        return tails, seen

    def wait(self, name: str, *, timeout: float | None = None) -> Exit | None:
        if timeout == 0 or self._ends(name, timeout):
            found = self._ours(name)
            return exit_of(found["State"]) if found else None
        return None

    def _ends(self, name: str, timeout: float | None) -> bool:
        """Wait for the end; tell whether it came in time.

        Waits piece by piece: whether the engine hangs is seen only by asking it something else.
        """
        left = math.inf if timeout is None else timeout
        while left > 0:
            piece = min(left, SOON)
            ended = self._ends_soon(name, piece)
            if ended is not None:
                return ended
            left -= piece
            if self._inspect(name) is None:
                return False
        return False

    def _ends_soon(self, name: str, timeout: float) -> bool | None:
        """Tell whether it ended, False where it is gone; None when nothing came in time."""
        with self._engine.asking(f"container {name}") as client:
            try:
                client.wait(name, timeout=timeout)  # type: ignore[arg-type]
            except APIError as error:
                if gone(error):
                    return False
                raise
            except OSError as error:
                if timed_out(error):
                    return None
                raise
        return True

    def stop(self, name: str, *, grace: float) -> None:
        id_ = self._id_of(name)
        if id_ is None:
            return
        with self._engine.asking(f"container {name}") as client:
            try:
                client.stop(id_, timeout=math.ceil(grace))
            except APIError as error:
                if not gone(error):
                    raise

    def remove(self, name: str) -> None:
        id_ = self._id_of(name)
        if id_ is None:
            return
        with self._engine.asking(f"container {name}") as client:
            try:
                client.remove_container(id_, v=True, force=True)
            except APIError as error:
                if not gone(error):
                    raise
        self._made.pop(name, None)

    def containers(self) -> tuple[ContainerState, ...]:
        label = f"{HOME}={self._home8}"
        with self._engine.asking("containers") as client:
            rows = client.containers(all=True, filters={"label": [label]})
        states = [self._state(row) for row in rows]
        return tuple(sorted(filter(None, states), key=lambda state: state.name))

    def _state(self, row: dict[str, Any]) -> ContainerState | None:
        running = row["State"] in {"running", "paused"}
        ended = None
        if row["State"] == "exited":
            # the list knows neither exit code nor memory; gone since it was made: not a row
            found = self._inspect(row["Id"])
            if found is None:
                return None
            ended = exit_of(found["State"])
        labels = row["Labels"]
        return ContainerState(
            name=name_of(row),
            attempt=labels.get(ATTEMPT, ""),
            purpose=labels.get(PURPOSE, ""),
            running=running,
            exit=ended,
        )

    def _has_run(self, name: str) -> bool:
        """Tell whether the container of that name was started already; refuses another home's."""
        found = self._inspect(name)
        if found is None:
            raise TransientError(f"container {name} went while it was looked at")
        if not self._is_ours(found):
            raise FleetError(
                f"the name {name} is taken by a container that is not of this home",
                remedy=f"remove it if nobody needs it: docker rm -f {name}",
            )
        return str(found["State"]["Status"]) != "created"

    def _id_of(self, name: str) -> str | None:
        """Answer the id of this home's container of that name, None when there is none."""
        made = self._made.get(name)
        if made is not None:
            return made
        found = self._ours(name)
        return str(found["Id"]) if found else None

    def _ours(self, name: str) -> dict[str, Any] | None:
        """Answer what the engine knows of it, None when there is none of this home."""
        found = self._inspect(name)
        if found is None or self._is_ours(found):
            return found
        log.warning("container of another home left alone", extra={"container": name})
        return None

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return bool((found["Config"]["Labels"] or {}).get(HOME) == self._home8)

    def _inspect(self, name: str) -> dict[str, Any] | None:
        with self._engine.asking(f"container {name}") as client:
            try:
                return dict(client.inspect_container(name))
            except NotFound:
                return None


def _set_going(client: APIClient, name: str) -> None:
    try:
        client.start(name)
    except APIError as error:
        if not half_started(error):
            raise
        said = f"container {name}: the engine died while it started it"
        raise HalfStartedError(said, remedy="it is removed, and another one made") from error
