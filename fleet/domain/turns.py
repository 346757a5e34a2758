"""Turns: the order in which ready tasks are looked at, fair between projects."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby

from fleet.domain.task import Task


class Turns:
    """Ready tasks in the order of their turns.

    Among tasks of one priority, that project comes next which has least under way for its
    weight; within a project the oldest task. `held` is what is under way by project, `weights`
    is theirs; whoever gives a task a slot says so by `took`.
    """

    def __init__(
        self, ready: Sequence[Task], held: Mapping[str, int], weights: Mapping[str, float]
    ) -> None:
        """Sort the tasks."""
        self._ready = sorted(ready, key=lambda t: (t.priority.rank, t.created, t.number))
        self._held = Counter(held)
        self._weights = weights

    def took(self, task: Task) -> None:
        """Count a task that was given a slot."""
        self._held[task.project] += 1

    def __iter__(self) -> Iterator[Task]:
        for _, same in groupby(self._ready, key=lambda task: task.priority):
            yield from self._fairly(list(same))

    def _fairly(self, tasks: list[Task]) -> Iterator[Task]:
        queues: dict[str, deque[Task]] = {}
        for task in tasks:
            queues.setdefault(task.project, deque()).append(task)
        heap = [(self._load(key), place, key) for place, key in enumerate(queues)]
        heapify(heap)
        while heap:
            _, place, key = heappop(heap)
            yield queues[key].popleft()
            if queues[key]:
                heappush(heap, (self._load(key), place, key))

    def _load(self, project: str) -> float:
        return self._held[project] / self._weights.get(project, 1.0)
