"""Whatever a file holds, it loads or is refused; nothing else ever happens."""

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fleet.config import load_fleet
from fleet.config.fleet_entry import FleetEntry
from fleet.domain.errors import ConfigError
from tests.config.homes import a_home

KEYS = [*FleetEntry.model_fields, "key", "path", "check", "name", "agent", "parallel", "timeout"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(KEYS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


def loads_or_is_refused(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = a_home(Path(folder))
        (home / "fleet.yaml").write_bytes(raw)
        message = refusal(home)
        assert message is None or str(home) in message
        assert all(line.isprintable() for line in (message or "").split("\n"))


def refusal(home: Path) -> str | None:
    try:
        load_fleet(home)
    except ConfigError as error:
        return str(error)
    return None


@given(st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(raw):
    loads_or_is_refused(raw)


@given(st.text(alphabet="-:[]{}&*!|>'\"%@#?, \n\tab1~", max_size=60))
def test_any_yaml_like_text_loads_or_is_refused(text):
    loads_or_is_refused(text.encode())


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_values_load_or_are_refused(values):
    loads_or_is_refused(json.dumps(values).encode())
