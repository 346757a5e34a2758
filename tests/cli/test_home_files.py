"""What stands in the place of the home's own files is told in one line, whatever it is."""

import pytest

pytestmark = pytest.mark.slow

OWN = ("id", "ledger-id", "place", "engine-root", "coordinator.lock")
SHRUGGED_OFF = {
    "place",
    "engine-root",
    ("ledger-id", "empty"),
    ("coordinator.lock", "empty"),
    ("coordinator.lock", "torn"),
}


def spoilt(path, how):
    path.unlink(missing_ok=True)
    if how == "folder":
        path.mkdir()
    elif how == "torn":
        path.write_bytes(b"/\xff\0\0")
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize("how", ["folder", "torn", "empty"])
@pytest.mark.parametrize("name", OWN)
def test_a_spoilt_file_of_the_home_is_no_bug_of_fleet(home, name, how):
    path = home.folder / ".fleet" / name
    spoilt(path, how)

    done = home.ask("status")

    fine = name in SHRUGGED_OFF or (name, how) in SHRUGGED_OFF
    assert done.code == (0 if fine else 1), done.err
    assert fine or str(path) in done.err
