"""Files of lessons: every mistake is told before anything is kept, and what is written is read."""

import json
import os
from pathlib import Path

import pytest

from fleet.config import lesson_file, lesson_of, read_lessons, write_lessons
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import Draft, LessonStatus, Origin, Provenance


def written(folder, text, name="lessons.jsonl"):
    path = folder / name
    path.write_text(text)
    return path


def test_json_lines_are_lessons_in_their_order(tmp_path):
    text = '{"title": "one", "remedy": "a\u2028b", "tags": ["x"]}\n\n{"title": "two"}\r\n'

    one, two = read_lessons(written(tmp_path, text))

    assert one.draft() == Draft(title="one", remedy="a\u2028b", tags=("x",))
    assert (two.title, two.status) == ("two", LessonStatus.ACTIVE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "# mine\n- title: one\n  project: app\n- title: two\n"),
        ("a.json", '[{"title": "one", "project": "APP"},\n {"title": "two"}]'),
        ("a.txt", "- {title: one, project: APP}\n- {title: two}\n"),
    ],
)
def test_a_list_in_yaml_or_json_is_lessons_too(tmp_path, name, text):
    entries = read_lessons(written(tmp_path, text, name))

    assert [(each.title, each.project) for each in entries] == [("one", "APP"), ("two", None)]


@pytest.mark.parametrize("text", ["", "\n \n", "[]"])
def test_an_empty_file_holds_no_lesson_and_is_no_mistake(tmp_path, text):
    assert read_lessons(written(tmp_path, text)) == ()


def test_other_words_for_the_same_are_understood(tmp_path):
    line = {"title": "t", "what_went_wrong": "p", "why": "c", "what_to_do": "r"}

    (entry,) = read_lessons(written(tmp_path, json.dumps(line)))

    assert entry.draft() == Draft(title="t", problem="p", cause="c", remedy="r")


def test_what_is_written_is_read_again(tmp_path):
    row = {"title": "t", "status": "quarantined", "reason": "bad", "helpful": 2, "harmful": 3}
    row |= {"origin": "agent", "author": "dev", "task": "APP-1", "attempt": "a", "role": "tester"}
    row |= {"id": "L-9", "twins": ["L-1"], "created": "2026-01-02T03:04:05+00:00"}
    path = tmp_path / "deep" / "lessons.jsonl"

    write_lessons(path, [row])

    (entry,) = read_lessons(path)
    assert entry.provenance(author="me") == Provenance(
        origin=Origin.AGENT, author="dev", task="APP-1", attempt="a"
    )
    assert (entry.status, entry.reason) == (LessonStatus.QUARANTINED, "bad")
    assert (entry.helpful, entry.harmful, entry.role) == (2, 3, "tester")
    assert [each.name for each in path.parent.iterdir()] == ["lessons.jsonl"]


def test_a_file_that_cannot_be_replaced_stays_and_is_named(tmp_path):
    (tmp_path / "lessons.jsonl").mkdir()

    with pytest.raises(ConfigError, match="is no plain file and is left alone"):
        write_lessons(tmp_path / "lessons.jsonl", [{"title": "t"}])

    assert [each.name for each in tmp_path.iterdir()] == ["lessons.jsonl"]


def test_a_pipe_in_the_place_of_a_file_stays_one(tmp_path):
    path = tmp_path / "lessons.jsonl"
    os.mkfifo(path)

    with pytest.raises(ConfigError, match="is no plain file and is left alone"):
        write_lessons(path, [{"title": "t"}])

    assert path.is_fifo()


@pytest.mark.parametrize("to", ["there", "gone", "lessons.jsonl"])
def test_nothing_is_written_through_a_link(tmp_path, to):
    (tmp_path / "there").write_text("mine")
    path = tmp_path / "lessons.jsonl"
    path.symlink_to(to)

    with pytest.raises(ConfigError, match="is a link and is left alone") as caught:
        write_lessons(path, [{"title": "t"}])

    assert (caught.value.remedy, path.is_symlink()) == ("name another with -o FILE", True)
    assert {each.name for each in tmp_path.iterdir()} == {"there", "lessons.jsonl"}
    assert (tmp_path / "there").read_text() == "mine"


def test_a_name_may_be_as_long_as_the_system_allows_and_no_longer(tmp_path):
    write_lessons(tmp_path / ("x" * 255), [{"title": "t"}])

    with pytest.raises(ConfigError, match="cannot be written: File name too long"):
        write_lessons(tmp_path / ("x" * 256), [{"title": "t"}])

    assert [len(each.name) for each in tmp_path.iterdir()] == [255]


def test_where_no_file_can_be_made_or_deleted_that_is_said(tmp_path):
    # under a file: not even root can
    path = written(tmp_path, "") / "lessons.jsonl"

    with pytest.raises(ConfigError, match=f"{path} cannot be written: File exists"):
        write_lessons(path, [{"title": "t"}])


def created(moment):
    return json.dumps({"title": "a", "created": moment})


MISTAKES = {
    "no object": ("[1]\n", 1, "expected a lesson: keys and values"),
    "no JSON": ('{"title": "a"}\nhello\n', 2, "expected one JSON object a line"),
    "a number that is none": ('{"title": NaN}', 1, "NaN is no number of JSON"),
    "half a character": ('{"title": "\\ud800"}', 1, "half a character"),
    "a key twice": ('{"title": "a", "title": "b"}', 1, "the key 'title' stands twice"),
    "the same twice": ('{"title": "a", "why": "b", "cause": "c"}', 1, "'why' and 'cause' mean"),
    "unknown key": ('{"title": "a"}\n{"title": "a", "tag": ["x"]}', 2, "did you mean 'tags'?"),
    "no title": ('{"problem": "a"}', 1, "title: the key is missing"),
    "a blank title": ('{"title": " "}', 1, "title: expected a title of one line"),
    "no list": ('{"title": "a", "tags": "x"}', 1, "tags: expected a valid"),
    "unknown status": ('{"title": "a", "status": "activ"}', 1, "did you mean 'active'?"),
    "forgotten": ('{"title": "a", "status": "forgotten"}', 1, "leave the lesson out"),
    "no project": ('{"title": "a", "project": "a b"}', 1, "expected the key of a project"),
    "no role": ('{"title": "a", "role": "QA lead"}', 1, "role: expected a text that matches"),
    "nowhere": ('{"title": "a", "status": "probation"}', 1, "name a 'project'"),
    "before time": (created("0001-01-01T00:00:00+14:00"), 1, "created: expected a year from 1970"),
    "after time": (created("9999-12-31T23:59:59-14:00"), 1, "to 9998, found 9999"),
    "no clock": (created("2026-01-02T03:04:05"), 1, "created: "),
    "no list of lessons": ("title: a\n", 1, "expected a list of lessons, or JSON lines"),
    "a line of YAML": ("- title: a\n- title: b\n  tag: x\n", 3, "tag: unknown key"),
    "nothing but a comment": ("# none yet\n", 1, "the file is empty"),
    "deep": ('{"title": ' + "[" * 100_000, 1, "expected one JSON object a line"),
    "not UTF-8": (b'{"title": "\xff"}', 1, "not UTF-8"),
}


@pytest.mark.parametrize(("text", "line", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_told_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "lessons.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(ConfigError) as caught:
        read_lessons(path)

    assert said in caught.value.message
    assert caught.value.message.startswith(f"{path}:{line}: ")


def test_all_mistakes_are_told_together(tmp_path):
    path = written(tmp_path, '{"titel": "a"}\n{"title": "b"}\n{"title": "c", "role": 3}\n')

    with pytest.raises(ConfigError) as caught:
        read_lessons(path)

    assert [line.split(":")[1] for line in caught.value.message.split("\n")] == ["1", "1", "3"]


def test_a_file_without_end_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(lesson_file, "_MOST_BYTES", 1024**2)
    path = written(tmp_path, '{"title": "' + "x" * 1024**2)

    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read_lessons(path)
    with pytest.raises(ConfigError, match="expected a plain file"):
        read_lessons(tmp_path / "gone")


def test_a_file_is_read_through_a_link_but_not_through_one_to_itself(tmp_path):
    link, loop = tmp_path / "link.jsonl", tmp_path / "loop.jsonl"
    link.symlink_to(written(tmp_path, '{"title": "one"}'))
    loop.symlink_to(loop)

    assert read_lessons(link)[0].title == "one"
    with pytest.raises(ConfigError, match="is a link; expected a plain file"):
        read_lessons(loop)


@pytest.mark.parametrize(
    ("name", "said"),
    [("/proc/self/mem", "mem:1: Input/output error"), ("x" * 300, "x:1: File name too long")],
)
def test_what_the_system_cannot_read_is_a_mistake_too(name, said):
    with pytest.raises(ConfigError, match=f"{said}; expected a plain file"):
        read_lessons(Path(name))


def test_a_lesson_of_the_command_line_is_judged_by_the_same_rules():
    assert lesson_of({"title": "t", "role": "tester"}).role == "tester"
    with pytest.raises(ConfigError) as caught:
        lesson_of({"title": "t", "role": "QA"})
    assert caught.value.message.startswith("role: expected a text that matches")


@pytest.mark.parametrize("said", [{"title": "\udcff"}, {"title": "t", "tags": ["a", "\udcff"]}])
def test_bytes_of_the_command_line_that_are_no_text_are_named_by_their_option(said):
    with pytest.raises(ConfigError) as caught:
        lesson_of(said)

    assert caught.value.message == f"{list(said)[-1]}: expected text in UTF-8, found other bytes"
