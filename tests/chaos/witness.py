"""The witness: writes down when the engine starts and ends the containers of a home's agents."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from tests.chaos.stage import Stage

_AGAIN = 0.3  # seconds until an engine that does not answer is asked again


@contextmanager
def watched(stage: Stage) -> Iterator[None]:
    """Listen to the engine inside the block, over its restarts, into `witness.jsonl`."""
    witness = _Witness(stage)
    thread = Thread(target=witness.listen, name="witness")
    thread.start()
    try:
        yield
    finally:
        witness.end()
        thread.join()


class _Witness:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._path = stage.folder / "witness.jsonl"
        self._filters = ["--filter", f"label=fleet.home={stage.home.home8}"]
        self._filters += ["--filter", "label=fleet.purpose=agent"]
        self._over = Event()
        self._listening: subprocess.Popen[str] | None = None

    def listen(self) -> None:
        """Ask who runs, then hear of every change since just before; again when it breaks off."""
        while not self._over.is_set():
            since = time.time_ns()
            alive = self._alive()
            if alive is not None:
                self._write({"time": since, "alive": alive})
                self._hear(since)
            self._over.wait(_AGAIN)

    def end(self) -> None:
        """Hear no more."""
        self._over.set()
        if self._listening is not None:
            self._listening.terminate()

    def _alive(self) -> list[str] | None:
        shown = ["--format", '{{.Label "fleet.attempt"}}']
        command = ["docker", "--host", self._stage.engine, "ps", *self._filters, *shown]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.split() if done.returncode == 0 else None

    def _hear(self, since: int) -> None:
        seconds = f"{since // 10**9}.{since % 10**9:09}"
        kinds = [f"--filter=event={kind}" for kind in ("start", "die", "rename")]
        command = ["docker", "--host", self._stage.engine, "events", "--since", seconds, *kinds]
        with subprocess.Popen(
            [*command, *self._filters, "--format", "{{json .}}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as self._listening:
            if self._over.is_set():
                self._listening.terminate()
            for line in self._listening.stdout or ():
                told = json.loads(line)
                attempt = told["Actor"]["Attributes"]["fleet.attempt"]
                row = {"time": told["timeNano"], "what": told["Action"], "attempt": attempt}
                self._write(row)

    def _write(self, row: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(f"{json.dumps(row)}\n")
