"""What doctor says of what people reviewed: all of it, what is left out, what stops attempts."""

import shutil

from fleet.bootstrap import office_open
from fleet.cli.guidance_checkup import guidance_examined
from fleet.config import read_settings
from tests.repos import write

SKILL = "---\nname: deploy\ndescription: How.\n---\n"


def examined(home):
    with office_open(read_settings(home.folder)) as office:
        row = guidance_examined(office)
    return row["status"], row["detail"]


def test_what_attempts_are_given_is_said(home):
    shutil.rmtree(home.folder / "memory")
    assert examined(home) == ("ok", "no constitution, no bible, no skills")

    files = {"constitution.md": "Pin.", "bible/APP.md": "Tabs.", "skills/deploy/SKILL.md": SKILL}
    write(home.folder / "memory", files)

    assert examined(home) == ("ok", "constitution, bible of APP, 1 skills")


def test_what_is_left_out_is_said(home):
    write(home.folder / "memory", {"skills/deploy/SKILL.md": "no front matter"})

    status, detail = examined(home)

    assert status == "warn"
    assert "skill deploy is left out: SKILL.md has no description" in detail


def test_what_cannot_be_read_stops_every_attempt(home):
    home.configure(memory={"project": "APP"})
    shutil.rmtree(home.repository / ".git")

    status, detail = examined(home)

    assert status == "fail"
    assert detail.startswith("no attempt is started: constitution, bible and skills cannot be read")
