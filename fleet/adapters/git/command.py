"""Run git with nothing inherited, nothing discovered and nothing that a repository asks for."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from threading import Timer
from typing import IO, Any, cast

from fleet.adapters.failpoints import around
from fleet.adapters.git.hardened import ENVIRONMENT, HARDENED
from fleet.domain.errors import DiskFullError, FleetError, TransientError, WorkspaceError

# of a file of a tree git does not tell why; hardly ever is it anything but want of room
_FULL = re.compile(
    r"No space left|Out of diskspace|Disk quota exceeded|unable to write file '", re.IGNORECASE
)
# of a machine that has no process, thread or file to give
_SHORT = re.compile(r"Resource temporarily unavailable|Too many open files|cannot fork")
# the last thing that fast-import says, whatever it died of
_EPILOGUE = "fast-import: dumping crash report"
TIMEOUT = 300.0
LINE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who owns a repository; git runs as them, so that no object is left they cannot write."""

    uid: int
    gid: int

    @classmethod
    def myself(cls) -> "Owner":
        """Answer the user fleet is."""
        return cls(uid=os.geteuid(), gid=os.getegid())

    def reachable(self) -> bool:
        """Tell whether fleet is this owner or may become them."""
        return os.geteuid() in {0, self.uid}

    def become(self) -> dict[str, Any]:
        """Answer what makes a child process run as the owner."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What git said: its exit code, standard output, and what of its complaint says most."""

    code: int
    out: bytes
    complaint: str

    @property
    def line(self) -> str:
        """Answer standard output as one stripped text."""
        return text(self.out).strip()

    @property
    def fields(self) -> list[bytes]:
        """Answer NUL-terminated fields."""
        return self.out.split(b"\0")[:-1]


@dataclass(frozen=True, kw_only=True)
class Git:
    """Git on one explicit git directory; `given` is added to its bare environment."""

    directory: Path
    owner: Owner
    given: Mapping[str, str] = field(default_factory=dict)

    def over(self, tree: Path, *, index: Path) -> "Git":
        """Answer the same git over a work tree and an index of its own."""
        return self.having(GIT_WORK_TREE=str(tree), GIT_INDEX_FILE=str(index))

    def having(self, **environment: str) -> "Git":
        """Answer the same git with more in its environment."""
        return replace(self, given={**self.given, **environment})

    def run(self, *arguments: str, stdin: bytes = b"", allowed: tuple[int, ...] = (0,)) -> Answer:
        """Run one command; raises WorkspaceError on an exit code that is not allowed."""
        try:
            with around(f"git.{arguments[0]}"):
                done = subprocess.run(
                    [*HARDENED, *arguments],
                    input=stdin,
                    capture_output=True,
                    check=False,
                    timeout=TIMEOUT,
                    **self.process(),
                )
        except subprocess.TimeoutExpired as error:
            raise self._late(arguments) from error
        answer = Answer(code=done.returncode, out=done.stdout, complaint=_complaint(done.stderr))
        if answer.code not in allowed:
            raise self._refused(arguments, answer.complaint)
        return answer

    def line(self, *arguments: str) -> str:
        """Run one command and answer its output as one stripped text."""
        return self.run(*arguments).line

    def peek(self, *arguments: str, limit: int) -> bytes:
        """Answer at most the first `limit` bytes of a command's output."""
        with self.output(*arguments) as out:
            return out.read(limit)

    @contextmanager
    def output(self, *arguments: str) -> Iterator[BufferedReader]:
        """Answer a command's output; it is killed when it still has some at the block's end."""
        with (
            around(f"git.{arguments[0]}"),
            tempfile.TemporaryFile() as complaint,
            subprocess.Popen(
                [*HARDENED, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaint,
                **self.process(),
            ) as process,
            _bounded(process),
        ):
            out = cast("BufferedReader", process.stdout)
            yield out
            more = bool(out.read(1))
            if more:
                process.kill()
            if process.wait() != 0 and not more:
                complaint.seek(0)
                raise self._refused(arguments, _complaint(complaint.read()))

    def feed(self, *arguments: str, chunks: Iterable[bytes]) -> None:
        """Stream chunks into a command; raises WorkspaceError when it does not take them."""
        with (
            around(f"git.{arguments[0]}"),
            tempfile.TemporaryFile() as complaint,
            subprocess.Popen(
                [*HARDENED, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaint,
                **self.process(),
            ) as process,
            _bounded(process),
        ):
            taken = process.stdin is not None and _pour(process.stdin, chunks)
            if process.wait() != 0 or not taken:
                complaint.seek(0)
                raise self._refused(arguments, _complaint(complaint.read()))

    def process(self) -> dict[str, Any]:
        """Answer what a process of this git is started with."""
        environment = {**ENVIRONMENT, "GIT_DIR": str(self.directory), **self.given}
        environment = {name: value for name, value in environment.items() if value}
        # never inside a repository: what git looks for beside itself must not be there
        return {"env": environment, "cwd": "/", **self.owner.become()}

    def _refused(self, arguments: tuple[str, ...], complaint: str) -> FleetError:
        said = complaint or "no reason given"
        where = f"git {arguments[0]} in {self._place}: {said}"
        if _FULL.search(said):
            remedy = "free some space: it is tried again by itself"
            return DiskFullError(f"disk full: {where}", remedy=remedy)
        if _SHORT.search(said):
            return TransientError(where, remedy="it is tried again by itself")
        return WorkspaceError(where)

    def _late(self, arguments: tuple[str, ...]) -> WorkspaceError:
        return WorkspaceError(
            f"git {arguments[0]} in {self._place}: no end after {TIMEOUT:.0f} s",
            remedy="look at the disk's load and try again",
        )

    @property
    def _place(self) -> str:
        return self.given.get("GIT_OBJECT_DIRECTORY", str(self.directory))


@contextmanager
def _bounded(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the process when TIMEOUT passes, or when the block is left before its end."""
    timer = Timer(TIMEOUT, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        process.kill()


def lines_of(out: IO[bytes]) -> Iterator[bytes]:
    """Yield a stream's lines, of each no more than LINE bytes: the rest is passed over."""
    while line := out.readline(LINE):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = out.readline(LINE)
        yield line


def _pour(stdin: IO[bytes], chunks: Iterable[bytes]) -> bool:
    try:
        for chunk in chunks:
            stdin.write(chunk)
        stdin.flush()
    except BrokenPipeError:
        return False
    finally:
        with suppress(BrokenPipeError):
            stdin.close()
    return True


def text(raw: bytes) -> str:
    """Answer bytes as text that any file or database can hold."""
    return raw.decode("utf-8", errors="backslashreplace")


def _complaint(stderr: bytes) -> str:
    """Answer the last line, but the first that tells of a full disk: all else follows from it."""
    lines = [line.strip() for line in text(stderr).splitlines() if line.strip()]
    full = [line for line in lines if _FULL.search(line)]
    last = [line for line in lines if not line.startswith(_EPILOGUE)][-1:]
    return (*full, *last, "")[0]
