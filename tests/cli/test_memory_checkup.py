"""What doctor says of the memory: who answers with vectors, and what waits for a person."""

import pytest

from fleet.bootstrap import office_open
from fleet.cli.memory_checkup import memory_examined
from fleet.config import read_settings
from tests.cli.taught import CACHE, LOCK, taught

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def examined(home):
    with office_open(read_settings(home.folder)) as office:
        return {row["check"]: row for row in memory_examined(office)}


def test_an_empty_memory_is_ready(home):
    rows = examined(home)

    assert {row["status"] for row in rows.values()} == {"ok"}
    assert rows["lessons"]["detail"] == "0 in use, autosave off"
    assert rows["embeddings"]["detail"] == "local-all-MiniLM-L6-v2-int8-384 answers"


def test_proposals_wait_for_a_person_where_nothing_is_saved_by_itself(home):
    taught(home, CACHE)
    taught(home, LOCK, status="quarantined")

    row = examined(home)["lessons"]

    assert (row["status"], row["detail"]) == (
        "warn",
        "0 in use, autosave off, 1 quarantined, 1 wait",
    )
    assert "fleet memory list --status proposed" in row["remedy"]

    home.configure(memory={"autosave": "probation", "top_k": 0})
    row = examined(home)["lessons"]
    assert (row["status"], "autosave probation" in row["detail"]) == ("ok", True)
    assert "recall is off (memory.top_k is 0)" in row["detail"]


def test_a_provider_without_its_key_is_a_warning_that_says_what_goes_on(home, monkeypatch):
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    home.configure(memory={"provider": "openai"})

    row = examined(home)["embeddings"]

    assert row["status"] == "warn"
    assert "OPENAI_API_KEY" in row["detail"]
    assert "searched by words alone" in row["detail"]


def test_lessons_without_a_vector_of_the_provider_are_a_warning(home):
    local = (home.folder / "fleet.yaml").read_text()
    home.configure(memory={"provider": "openai", "base_url": "http://127.0.0.1:1"})
    taught(home, CACHE)
    (home.folder / "fleet.yaml").write_text(local)

    row = examined(home)["lesson index"]

    assert (row["status"], row["remedy"]) == ("warn", "fleet memory rebuild")
    assert row["detail"].startswith("1 of 1 lessons have no vector of local-")


def test_a_server_that_does_not_answer_is_a_warning(home):
    home.configure(memory={"server": "127.0.0.1:1"})

    row = examined(home)["lesson index"]

    assert row["status"] == "warn"
    assert "the Chroma server 127.0.0.1:1 does not answer" in row["detail"]
