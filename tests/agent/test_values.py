"""Values of the runner behave as frozen dataclasses do, and are made without that library."""

import subprocess
import sys

import pytest

from fleet_agent.values import Value, replace
from tests.agent.stage import SDK


class Point(Value):
    """A place."""

    x: int
    y: int = 0


class Spot(Value):
    """Another place."""

    x: int
    y: int = 0


def test_fields_are_given_by_place_or_name_and_defaults_fill_up():
    assert (Point(1, 2).x, Point(1, y=2).y, Point(x=1).y) == (1, 2, 0)


@pytest.mark.parametrize(
    ("given", "named", "said"),
    [
        ((), {}, "lacks .'x'."),
        ((1, 2, 3), {}, "no more fields"),
        ((1,), {"x": 2}, "no place for .'x'."),
        ((1,), {"z": 2}, "no place for .'z'."),
    ],
)
def test_a_field_too_many_too_few_or_twice_is_refused(given, named, said):
    with pytest.raises(TypeError, match=said):
        Point(*given, **named)


def test_values_of_one_class_with_equal_fields_are_equal_and_of_another_not():
    assert Point(1) == Point(1, 0)
    assert len({Point(1), Point(1, 0), Point(2)}) == 2
    assert Point(1) != Point(2)
    assert Point(1) != Spot(1)


def test_a_value_cannot_be_changed_but_replaced():
    point = Point(1)

    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed"):
        del point.x
    with pytest.raises(TypeError, match="no place"):
        replace(point, z=1)
    assert (replace(point, y=3), point) == (Point(1, 3), Point(1, 0))


def test_a_value_shows_its_fields():
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"


def test_no_start_of_a_runner_waits_for_a_library_that_compiles_its_classes():
    code = (
        f"import sys; sys.path.insert(0, {str(SDK)!r})\n"
        "import fleet_agent.run, fleet_agent.clis.command\n"
        "print({'dataclasses', 'inspect', 'argparse', 'logging'} & set(sys.modules))"
    )
    command = [sys.executable, "-IS", "-c", code]

    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("set()\n", "")
