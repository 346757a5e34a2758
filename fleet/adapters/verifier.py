"""The verifier: each check in a container of its own, over a clean tree of exactly one SHA."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fleet.adapters.check_container import Wanted, check_spec
from fleet.domain.errors import FleetError, TransientError, WorkspaceError
from fleet.domain.image import how_to_have
from fleet.domain.limits import Limits
from fleet.domain.profile import Project
from fleet.domain.result import Check, Verdict, VerdictStatus
from fleet.ports import Checkout, Clock, ContainerRuntime, ContainerSpec, Exit, Verifier, Worktrees

TAIL = 16 * 1024

_LIMITS = Limits()

log = logging.getLogger(__name__)

_FORK_REFUSED = ("Resource temporarily unavailable", "can't start new thread", "Cannot fork")
# the engine's init says so when it cannot start the command
_NOT_STARTED = re.compile(r"\[FATAL +tini \(\d+\)\] exec .* failed: (.*)")


@dataclass(frozen=True, kw_only=True)
class _Ran:
    """What a check left; `killed` names the limit that ended it, `exit` is None at the time's."""

    tree: str
    exit: Exit | None
    stdout: str
    stderr: str
    seconds: float
    killed: str = ""
    image: str = ""


class ContainerVerifier(Verifier):
    """Checks without network, credential or model; `limits` bound each check's container."""

    def __init__(
        self,
        worktrees: Worktrees,
        runtime: ContainerRuntime,
        clock: Clock,
        home8: str,
        *,
        limits: Limits = _LIMITS,
    ) -> None:
        self._worktrees = worktrees
        self._runtime = runtime
        self._clock = clock
        self._home8 = home8
        self._limits = limits

    def check(
        self, project: Project, *, attempt: str, sha: str, checks: Sequence[Check], overlay: bool
    ) -> tuple[Verdict, ...]:
        """Run them; raises TransientError when a run was not seen to its end: to be tried again."""
        verdicts = []
        for check in checks:
            wanted = Wanted(
                home8=self._home8,
                project=project,
                attempt=attempt,
                sha=sha,
                check=check,
                overlay=overlay,
            )
            verdicts.append(self._verdict(wanted))
            if verdicts[-1].status is not VerdictStatus.PASSED:
                break
        return tuple(verdicts)

    def _verdict(self, wanted: Wanted) -> Verdict:
        try:
            tip = self._worktrees.tip(wanted.project)
            self._refuse_missing_script(wanted, tip)
            ran = self._run(wanted, self._image(wanted.project))
            if ran.killed and self._killed_too(wanted, tip):
                said = (
                    f"{ran.killed}, and so at {wanted.project.target} ({tip[:12]}): raise the limit"
                )
                return self._answer(wanted, ran, VerdictStatus.ERROR, error=said)
        except TransientError:
            raise
        except FleetError as error:
            nothing = _Ran(tree="", exit=None, stdout="", stderr="", seconds=0.0)
            return self._answer(wanted, nothing, VerdictStatus.ERROR, error=str(error))
        return self._answer(wanted, ran, *_judged(wanted, ran))

    def _answer(
        self, wanted: Wanted, ran: _Ran, status: VerdictStatus, error: str | None
    ) -> Verdict:
        return Verdict(
            attempt=wanted.attempt,
            name=wanted.check.name,
            sha=wanted.sha,
            tree=ran.tree,
            status=status,
            command=wanted.check.command,
            exit_code=ran.exit.code if ran.exit else None,
            stdout=ran.stdout,
            stderr=ran.stderr,
            duration_seconds=ran.seconds,
            error=error,
            at=self._clock.now(),
            image=ran.image,
        )

    def _image(self, project: Project) -> str:
        """Answer the image's id, so that a tag moved meanwhile changes nothing."""
        found = self._runtime.image_id(project.image)
        if found is None:
            missing = f"image {project.image} of {project.key} is missing"
            raise FleetError(missing, remedy=how_to_have(project.image))
        return found

    def _refuse_missing_script(self, wanted: Wanted, tip: str) -> None:
        project = wanted.project
        where, said = (tip, project.target) if wanted.overlay else (wanted.sha, wanted.sha[:12])
        for path in wanted.scripts:
            if not self._worktrees.has_file(project, where, path):
                check = f"check {wanted.check.name!r} of {project.key}"
                remedy = f"commit it to {project.target}"
                raise FleetError(f"{check}: {path} does not stand in {said}", remedy=remedy)

    def _killed_too(self, wanted: Wanted, tip: str) -> bool:
        """Tell whether the limit ends the check at the target's tip as well: then nobody is red."""
        if wanted.sha == tip:
            return True
        log.info("check killed, tried at the target", extra={"attempt": wanted.attempt})
        at_tip = replace(wanted, sha=tip, overlay=False)
        return bool(self._run(at_tip, self._image(wanted.project)).killed)

    def _run(self, wanted: Wanted, image: str) -> _Ran:
        container = wanted.container
        # a verdict comes only from a run watched from its beginning: what a killed coordinator
        # left goes, before its tree does
        self._runtime.remove(container)
        with self._checked_out(wanted) as checkout:
            with self._started(check_spec(wanted, checkout, image=image, limits=self._limits)):
                ran = self._watched(wanted)
            return replace(ran, tree=checkout.tree, image=image)

    def _watched(self, wanted: Wanted) -> _Ran:
        container, allowed = wanted.container, wanted.check.timeout_seconds
        began = self._clock.monotonic()
        ended = self._runtime.wait(container, timeout=allowed)
        seconds = self._clock.monotonic() - began
        late = ended is None and seconds >= allowed
        if late:
            self._runtime.stop(container, grace=0)
        stdout, stderr = self._runtime.output(container, limit=TAIL)
        # asked again after its output was read: where somebody took the container away meanwhile,
        # neither its exit code nor its output says anything
        confirmed = self._runtime.wait(container, timeout=0)
        if confirmed is None or (ended is None and not late):
            raise TransientError(f"container {container} was taken away while its check ran")
        told = None if late else confirmed
        ran = _Ran(tree="", exit=told, stdout=stdout, stderr=stderr, seconds=seconds)
        return replace(ran, killed=self._limit_hit(wanted, ran))

    def _limit_hit(self, wanted: Wanted, ran: _Ran) -> str:
        if ran.exit is None:
            return f"time limit of {wanted.check.timeout_seconds:g} s"
        if ran.exit.out_of_memory:
            # whatever the exit code: something inside was killed, so green would prove nothing
            return f"memory limit of {self._limits.memory_bytes // 1024**2} MiB"
        said = ran.stdout + ran.stderr
        if ran.exit.code and any(sign in said for sign in _FORK_REFUSED):
            return f"limit of {self._limits.pids} processes"
        return ""

    @contextmanager
    def _checked_out(self, wanted: Wanted) -> Iterator[Checkout]:
        project = wanted.project
        overlay = project.check_files if wanted.overlay else ()
        try:
            yield self._worktrees.checkout(project, wanted.sha, name=wanted.name, overlay=overlay)
        finally:
            try:
                self._worktrees.drop_checkout(project, wanted.name)
            except WorkspaceError as error:
                # the verdict stands; `fleet gc` and the next check of that name try again
                log.warning("clean tree left", extra={"attempt": wanted.attempt, "why": str(error)})

    @contextmanager
    def _started(self, spec: ContainerSpec) -> Iterator[None]:
        try:
            self._runtime.start(spec)
            yield
        finally:
            self._runtime.remove(spec.name)


def _judged(wanted: Wanted, ran: _Ran) -> tuple[VerdictStatus, str | None]:
    if ran.killed:
        return VerdictStatus.FAILED, ran.killed
    if ran.exit is not None and ran.exit.code == 0:
        return VerdictStatus.PASSED, None
    unable = _NOT_STARTED.search(ran.stderr)
    if unable:
        program, image = wanted.check.command[0], wanted.project.image
        said = f"image {image} cannot start {program!r}: {unable[1]} (correct `check` or the image)"
        return VerdictStatus.ERROR, said
    return VerdictStatus.FAILED, None
