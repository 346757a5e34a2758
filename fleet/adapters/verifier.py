"""The verifier: each check in a container of its own, over a clean tree of exactly one SHA."""

import logging
import os
from collections.abc import Sequence
from dataclasses import replace

from fleet.adapters.verifying.container import Wanted
from fleet.adapters.verifying.known import Key, Known
from fleet.adapters.verifying.line import Hands
from fleet.adapters.verifying.run import Means, run
from fleet.adapters.verifying.verdicts import copied, judged, labelled, verdict_from, without_run
from fleet.domain.errors import DiskFullError, FleetError, TransientError
from fleet.domain.image import how_to_have
from fleet.domain.profile import Project
from fleet.domain.result import Check, Verdict, VerdictStatus
from fleet.ports import Ledger, Verifier

log = logging.getLogger(__name__)


class ContainerVerifier(Verifier):
    """Checks without network, credential or model; what the ledger knows is not run again."""

    def __init__(self, means: Means, ledger: Ledger) -> None:
        self._means = means
        self._known = Known(ledger)
        # beside the crew's own threads: a core each is what they can use
        self._hands = Hands(os.cpu_count() or 1)

    def check(
        self, project: Project, *, attempt: str, sha: str, checks: Sequence[Check], overlay: bool
    ) -> tuple[Verdict, ...]:
        """Run them; raises TransientError or DiskFullError where it is to be tried again.

        The first when a run was not seen to its end, the other when there was no room for it.
        """
        wanted = [
            Wanted(
                home8=self._means.home8,
                project=project,
                attempt=attempt,
                sha=sha,
                check=check,
                overlay=overlay,
            )
            for check in checks
        ]
        return tuple(self._hands.verdicts(wanted, self._verdict, at_once=project.checks_at_once))

    def _verdict(self, wanted: Wanted) -> Verdict:
        try:
            return self._known_or_run(wanted)
        except (TransientError, DiskFullError):
            # nobody's fault: tried again once the engine answers, or there is room
            raise
        except FleetError as error:
            return without_run(wanted, str(error), at=self._means.clock.now())

    def _known_or_run(self, wanted: Wanted) -> Verdict:
        image = self._image(wanted.project)
        key = self._key(wanted, image)
        with self._known.alone(key):
            known = self._known.found(key)
            if known is not None:
                return copied(known, wanted, at=self._means.clock.now())
            verdict = self._ran(wanted, image)
            self._known.keep(verdict)
            return verdict

    def _ran(self, wanted: Wanted, image: str) -> Verdict:
        tip = self._means.worktrees.tip(wanted.project)
        self._refuse_missing_script(wanted, tip)
        verdict = self._once(wanted, image)
        if verdict.killed and self._killed_too(verdict, wanted, tip=tip):
            at = f"{wanted.project.target} ({tip[:12]})"
            said = f"{verdict.error}, and so at {at}: raise the limit"
            return replace(verdict, status=VerdictStatus.ERROR, error=said)
        if verdict.status is VerdictStatus.FAILED:
            return self._labelled(verdict, wanted)
        return verdict

    def _once(self, wanted: Wanted, image: str) -> Verdict:
        means = self._means
        ran = run(wanted, means, image=image)
        return verdict_from(wanted, ran, logs=means.logs, at=means.clock.now())

    def _labelled(self, red: Verdict, wanted: Wanted) -> Verdict:
        """Repeat a red check until one is green, only to name it flaky: it stays red."""
        for repeats in range(1, wanted.check.repeat_red + 1):
            try:
                again = run(wanted, self._means, image=red.image)
            except TransientError:
                raise
            except FleetError as error:
                # what is known is red: what keeps it from a label changes nothing about that
                why = {"attempt": wanted.attempt, "reason": str(error)}
                log.warning("red check not repeated", extra=why)
                break
            green = judged(wanted, again)[0] is VerdictStatus.PASSED
            if green:
                return labelled(red, repeats=repeats)
        return red

    def _killed_too(self, verdict: Verdict, wanted: Wanted, *, tip: str) -> bool:
        """Tell whether the limit ends the check at the target's tip as well: then nobody is red."""
        at_tip = replace(wanted, sha=tip, overlay=False)
        key = self._key(at_tip, verdict.image)
        if key.tree == verdict.tree:
            return True
        known = self._known.found(key)
        if known is None:
            log.info("check killed, tried at the target", extra={"attempt": wanted.attempt})
            known = self._once(at_tip, verdict.image)
            if not known.killed:
                self._known.keep(known)
        return known.killed

    def _key(self, wanted: Wanted, image: str) -> Key:
        tree = self._means.worktrees.clean_tree(
            wanted.project, wanted.sha, name=wanted.name, overlay=wanted.overlaid
        )
        return Key(tree=tree, definition=wanted.check.definition, image=image)

    def _image(self, project: Project) -> str:
        """Answer the image's id, so that a tag moved meanwhile changes nothing."""
        found = self._means.runtime.image_id(project.image)
        if found is None:
            missing = f"image {project.image} of {project.key} is missing"
            raise FleetError(missing, remedy=how_to_have(project.image))
        return found

    def _refuse_missing_script(self, wanted: Wanted, tip: str) -> None:
        project, worktrees = wanted.project, self._means.worktrees
        where, said = (tip, project.target) if wanted.overlay else (wanted.sha, wanted.sha[:12])
        for path in wanted.scripts:
            if not worktrees.has_file(project, where, path):
                check = f"check {wanted.check.name!r} of {project.key}"
                remedy = f"commit it to {project.target}"
                raise FleetError(f"{check}: {path} does not stand in {said}", remedy=remedy)
