"""Reverts: the wish to take a merge back becomes a task, which goes the way of any other."""

from collections.abc import Sequence
from datetime import datetime

from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.domain.errors import ConfigError, FleetError
from fleet.domain.merge import PullRequest
from fleet.domain.profile import Fleet
from fleet.domain.reverting import against_revert
from fleet.domain.task import Priority, Review, Task

_GOAL = """\
Take back what pull request {number} ({key}: {title}) brought into {target} as commit {sha}.
Keep everything that was merged before and after it; what builds on it has to go on working.
The task it was made for said:

{goal}"""


def revertible(number: int, pen: Pen) -> PullRequest:
    """Answer a merged pull request that nobody takes back yet; raises FleetError otherwise."""
    pull = pen.ledger.pull_request(number)
    _refuse(pull, pen.ledger.tasks(project=pull.project), pen)
    return pull


def revert(number: int, fleet: Fleet, pen: Pen) -> Task:
    """Write the task that takes the merge back; raises FleetError where it cannot be.

    What git takes back asks no reviewer, and goes before ordinary work: whoever asked for it is
    one, and the target holds what nobody wants.
    """
    pull = revertible(number, pen)
    project = fleet.projects.get(pull.project)
    if project is None:
        raise ConfigError(f"project {pull.project} is not in fleet.yaml", remedy="name it there")
    undone = pen.ledger.task(pull.task)

    def made(tasks: Sequence[Task], at: datetime) -> Task:
        # here and not before: of two who ask at once the second has read the first one's task
        _refuse(pull, tasks, pen)
        number = intake.next_number(tasks)
        return Task(
            key=f"{project.key}-{number}",
            project=project.key,
            number=number,
            title=f"Revert {pull.task}: {pull.title}"[: intake.MAX_TITLE],
            created=at,
            updated=at,
            goal=_goal(pull, undone),
            role=undone.role,
            priority=Priority.HIGH,
            max_retries=project.max_retries,
            review=Review.AUTO,
            reverts=pull.number,
        )

    return intake.numbered(project.key, made, pen)


def _refuse(pull: PullRequest, tasks: Sequence[Task], pen: Pen) -> None:
    against = against_revert(pull, tasks, pen.ledger.pull_requests())
    if against:
        raise FleetError(against, remedy="see `fleet pr list --all` and `fleet task list`")


def _goal(pull: PullRequest, undone: Task) -> str:
    return _GOAL.format(
        number=pull.number,
        key=pull.task,
        title=pull.title,
        target=pull.target,
        sha=pull.merged_sha,
        goal=undone.goal or undone.title,
    )
