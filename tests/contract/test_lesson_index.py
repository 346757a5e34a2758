"""An index of lessons, exact or Chroma's, embedded, served or guarded: all answer the same."""

import itertools
from pathlib import Path

import pytest

from fleet.adapters.chroma.index import ChromaIndex, collection_name, opened
from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.guarded_index import guarded_index
from fleet.memory_ports import WHOLE, Entry, Gap, LessonIndex
from tests.builders import HOME8
from tests.lessons import SPACE, entries, ids, quiet, served, vectors

pytestmark = pytest.mark.timeout(180)

numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server") / "db") as (address, _):
        yield address


@pytest.fixture
def space():
    """Return a space of this test alone: the server is shared."""
    return f"{SPACE}-{next(numbers)}"


@pytest.fixture(params=["exact", "embedded", "server", "guarded"])
def index(request, tmp_path):
    made = made_index(request, tmp_path / "chroma")
    yield made
    made.close()


def made_index(request: pytest.FixtureRequest, folder: Path) -> LessonIndex:
    if request.param == "exact":
        return ExactIndex()
    if request.param == "guarded":
        return guarded_index(folder, None, home8=HOME8)
    if request.param == "embedded":
        return opened(folder, None, home8=HOME8)
    return opened(folder, request.getfixturevalue("server"), home8=HOME8)


def filled(index, space, wanted):
    index.rebuild(space, wanted, quiet)
    return wanted


def test_the_nearest_come_first_with_their_cosine(index, space):
    wanted = filled(index, space, entries(50))

    first, second = index.nearest(space, wanted["L-7"].vector, k=2)

    assert first.lesson == "L-7"
    assert first.cosine == pytest.approx(1, abs=1e-5)
    assert -1 <= second.cosine < first.cosine


def test_every_index_finds_what_the_exact_one_finds(index, space):
    wanted = filled(index, space, entries(300, projects=("", "APP", "WEB")))
    exact = ExactIndex()
    filled(exact, space, wanted)

    for asked in vectors(20, seed=2):
        for project in (None, "APP", "OTHER"):
            told = index.nearest(space, asked, k=10, project=project)
            expected = exact.nearest(space, asked, k=10, project=project)
            assert ids(told) == ids(expected)
            cosines = [hit.cosine for hit in expected]
            assert [hit.cosine for hit in told] == pytest.approx(cosines, abs=1e-5)


def test_a_project_finds_its_own_and_those_of_every_one(index, space):
    wanted = filled(index, space, entries(9, projects=("", "APP", "WEB")))
    asked = wanted["L-3"].vector  # of WEB

    found = ids(index.nearest(space, asked, k=9, project="APP"))

    assert sorted(found) == ["L-1", "L-2", "L-4", "L-5", "L-7", "L-8"]
    assert ids(index.nearest(space, asked, k=1)) == ["L-3"]


def test_more_is_asked_for_than_is_there(index, space):
    wanted = filled(index, space, entries(3))

    assert len(index.nearest(space, wanted["L-1"].vector, k=50)) == 3
    assert index.nearest(space, wanted["L-1"].vector, k=0) == []


def test_an_empty_space_holds_nothing_and_is_whole(index, space):
    filled(index, space, {})

    assert list(index.nearest(space, vectors(1)[0], k=3)) == []
    assert index.check(space, {}) == WHOLE


def test_what_is_put_is_found_and_what_is_put_again_is_replaced(index, space):
    filled(index, space, entries(5))
    first, second = vectors(2, seed=3)

    index.put(space, {"L-9": Entry(vector=first, project="")})
    assert ids(index.nearest(space, first, k=1)) == ["L-9"]
    index.put(space, {"L-9": Entry(vector=second, project="APP")})

    (found,) = index.nearest(space, second, k=1)
    assert found.lesson == "L-9"
    assert found.cosine == pytest.approx(1, abs=1e-5)
    assert index.nearest(space, first, k=1)[0].cosine < 0.9
    assert "L-9" not in ids(index.nearest(space, second, k=9, project="WEB"))
    assert index.check(space, entries(5) | {"L-9": Entry(vector=second, project="APP")}) == WHOLE


def test_the_first_lesson_of_a_space_needs_no_rebuild(index, space):
    wanted = entries(1)

    index.put(space, wanted)

    assert index.check(space, wanted) == WHOLE


def test_what_is_dropped_is_not_found_and_dropped_again_it_stays_so(index, space):
    wanted = filled(index, space, entries(5))

    for _ in range(2):
        index.drop(space, ["L-2", "L-99"])

    assert "L-2" not in ids(index.nearest(space, wanted["L-2"].vector, k=5))
    wanted.pop("L-2")
    assert index.check(space, wanted) == WHOLE


def test_dropping_from_a_space_that_never_was_is_fine(index, space):
    index.drop(space, ["L-1"])

    assert index.check(space, {}) == WHOLE


def another_vector(wanted):
    return wanted | {"L-4": Entry(vector=vectors(1, seed=9)[0], project="")}


def another_project(wanted):
    return wanted | {"L-4": Entry(vector=wanted["L-4"].vector, project="X")}


def one_more(wanted):
    return wanted | {"L-99": wanted["L-1"]}


def one_less(wanted):
    return {lesson: wanted[lesson] for lesson in wanted if lesson != "L-4"}


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        (one_more, Gap(missing=frozenset({"L-99"}))),
        (one_less, Gap(extra=frozenset({"L-4"}))),
        (another_project, Gap(missing=frozenset({"L-4"}))),
        (
            lambda wanted: one_more(one_less(wanted)),
            Gap(missing=frozenset({"L-99"}), extra=frozenset({"L-4"})),
        ),
    ],
)
def test_what_is_missing_and_too_many_is_told_by_lesson_and_does_by_that_alone(
    index, space, change, gap
):
    filled(index, space, entries(20))
    wanted = change(entries(20))

    assert index.check(space, wanted) == gap

    index.drop(space, gap.extra)
    index.put(space, {lesson: wanted[lesson] for lesson in gap.missing})
    assert index.check(space, wanted) == WHOLE


def test_another_vector_is_damage_and_mended_by_a_rebuild(index, space):
    wanted = another_vector(filled(index, space, entries(20)))

    assert index.check(space, wanted).damage == "1 of 20 lessons have another vector"

    filled(index, space, wanted)
    assert index.check(space, wanted) == WHOLE


def test_a_space_that_is_missing_is_told(index, space):
    assert index.check(space, entries(4)) == Gap(missing=frozenset(entries(4)))


def test_two_spaces_know_nothing_of_each_other(index, space):
    filled(index, f"{space}-a", entries(3))
    index.put(f"{space}-b", {"L-8": Entry(vector=vectors(1, width=8)[0], project="")})

    assert ids(index.nearest(f"{space}-b", vectors(1, width=8)[0], k=9)) == ["L-8"]
    assert len(index.nearest(f"{space}-a", vectors(1)[0], k=9)) == 3


def test_lessons_that_say_the_same_are_all_found(index, space):
    (same,) = vectors(1)
    wanted = {f"L-{n}": Entry(vector=same, project="") for n in range(1, 301)}
    filled(index, space, wanted)

    assert index.check(space, wanted) == WHOLE
    assert len(set(ids(index.nearest(space, same, k=30)))) == 30


def test_a_rebuild_tells_how_far_it_is_and_more_than_one_request_takes_is_whole(index, space):
    wanted = entries(1100)
    told: list[str] = []

    index.rebuild(space, wanted, told.append)

    assert index.check(space, wanted) == WHOLE
    assert not isinstance(index, ChromaIndex) or told[-1].endswith("1100 of 1100")


@pytest.mark.parametrize("odd", ["local", "a b/c:d", "x" * 200, "ends.", "..", "ü"])
def test_a_space_of_any_name_has_a_collection_of_its_own(tmp_path, odd):
    index = opened(tmp_path / "chroma", None, home8=HOME8)
    filled(index, odd, entries(2))

    assert index.check(odd, entries(2)) == WHOLE
    assert index.check(odd + "-", entries(2)) != WHOLE
    assert collection_name(odd) != collection_name(odd.replace(" ", "-") + "'")
    index.close()
