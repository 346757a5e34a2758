"""What binds every agent, and that no change of it is merged that a person did not see."""

from fleet.domain.change import under
from fleet.domain.policy import Category, Ruling
from fleet.domain.profile import Project
from fleet.domain.task import Review, Task

# in the repository of the project that `memory.project` names, whatever else that protects
BINDING = ("memory/constitution.md", "memory/bible/**", "memory/skills/**")
REFLECTION = "reflection"


def reflects(task: Task) -> bool:
    """Tell whether a task is there to change what binds, and a person reviews what comes of it."""
    return REFLECTION in task.labels and task.review is Review.REQUIRED


def left_to_review(task: Task, ruling: Ruling) -> bool:
    """Tell whether all that a ruling asks about is what a reflection's reviewer is to judge anyway.

    Else a person would be asked twice about the same diff.
    """
    return reflects(task) and all(
        trait.category is Category.PROTECTED and under(trait.file, BINDING)
        for trait in ruling.traits
    )


def untouchable(task: Task, project: Project) -> tuple[str, ...]:
    """Answer the paths that an agent is told to leave alone; a reflection may change what binds."""
    allowed = BINDING if reflects(task) else ()
    protected = (path for path in project.protected if path not in allowed)
    return (*project.check_files, *protected)
