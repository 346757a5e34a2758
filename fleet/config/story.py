"""The stories of `fleet demo`: shipped tasks with scripted agents and the end each must have."""

import shutil
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, JsonValue, model_validator

from fleet.config.entry import Entry
from fleet.config.parse import parse
from fleet.config.problems import Problem, nearest, refuse
from fleet.config.quantities import Command, Name, RepositoryPath, Text
from fleet.config.scaffold import create
from fleet.domain.errors import ConfigError
from fleet.domain.task import Status

DEMO = Path(__file__).parents[1] / "_demo"
# whoever tries the demo on a busy laptop wants to see it go, and it needs little
_LIMITS: dict[str, JsonValue] = {
    "parallel": 3,
    "disk_free_gb": 1,
    "memory_free_gb": 0.25,
    "load_per_core": 50,
}


class StoryTask(Entry):
    """One task of a story; `depends` are names of tasks above it."""

    name: Name
    title: Text
    goal: Text
    accept: tuple[Text, ...] = ()
    profile: Name
    depends: tuple[Name, ...] = ()
    max_retries: Annotated[int, Field(ge=0, le=20)] = 2
    expected: Status


class Story(Entry):
    """What `fleet demo` plays, in the order in which its tasks are added.

    `fleet` is what fleet.yaml says beside the project; it is judged when the home is read.
    """

    project: Text
    check: Command
    check_files: tuple[RepositoryPath, ...]
    fleet: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    tasks: tuple[StoryTask, ...]

    @model_validator(mode="after")
    def _depends_on_earlier(self) -> Self:
        earlier: set[str] = set()
        for task in self.tasks:
            if task.name in earlier or not earlier.issuperset(task.depends):
                raise ValueError(
                    f"task {task.name}: its name is taken or it depends on a later one"
                )
            earlier.add(task.name)
        return self


def load_story(name: str = "night") -> Story:
    """Read a shipped story; raises ConfigError naming the ones there are."""
    path = DEMO / "stories" / f"{name}.yaml"
    known = [each.stem for each in (DEMO / "stories").glob("*.yaml")]
    if name not in known:
        raise ConfigError(f"there is no story {name!r}{nearest(name, known)}")
    problems: list[Problem] = []
    parsed = parse(path, Story, problems)
    refuse(problems)
    # parse answers None only after adding a problem, and refuse has let none pass
    assert parsed is not None
    return parsed.entry


def lay_out(story: Story, home: Path, *, image: str) -> Path:
    """Put sample, agents, profiles and fleet.yaml into an empty home; answers the sample's folder.

    The sample is not a repository yet: the caller makes it one, with all of it on `main`.
    """
    sample = home / "sample"
    for part in ("sample", "agents", "profiles"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(DEMO / part, home / part, ignore=skip, dirs_exist_ok=True)
    create(home / "fleet.yaml", _fleet_yaml(story, sample, image=image))
    return sample


def _fleet_yaml(story: Story, sample: Path, *, image: str) -> str:
    project = {
        "key": story.project,
        "path": str(sample),
        "target": "main",
        "check": list(story.check),
        "check_files": list(story.check_files),
        "image": image,
        "review": "auto",
    }
    said = {"projects": [project], "limits": _LIMITS, **story.fleet}
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True))
