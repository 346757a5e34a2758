"""Guidance: what people reviewed, within bounds, and what is left out is told."""

import pytest

from fleet.domain.guidance import (
    LONGEST_SKILLS,
    LONGEST_TEXT,
    MOST_FILES,
    MOST_SKILLS,
    UNGUIDED,
    front_matter,
    guidance_of,
)

FRONT = b"---\nname: deploy\ndescription: How it is deployed.\n---\n\nPush.\n"


def skills_of(files):
    return guidance_of(b"", b"", files)


def a_skill(name, more=b""):
    front = FRONT.replace(b"deploy", name.encode(), 1)
    return {f"{name}/SKILL.md": front + more}


def test_files_become_guidance():
    files = {"deploy/SKILL.md": FRONT, "deploy/scripts/push.sh": b"push\n", "README.md": b"x"}

    found = guidance_of(b"# Rules\n", b"Tabs.\n", files)

    assert (found.constitution, found.bible, found.notes) == ("# Rules", "Tabs.", ())
    (skill,) = found.skills
    assert (skill.name, skill.description) == ("deploy", "How it is deployed.")
    assert set(skill.files) == {"SKILL.md", "scripts/push.sh"}


def test_without_files_there_is_no_guidance():
    assert guidance_of(b"", b"", {}) == UNGUIDED


def test_a_text_is_cut_where_it_is_too_long_and_that_is_told():
    whole = guidance_of(b"x" * LONGEST_TEXT, b"y" * (LONGEST_TEXT + 1), {})

    assert len(whole.constitution) == len(whole.bible) == LONGEST_TEXT
    assert whole.notes == (
        "the project's bible is longer than 16384 bytes: only its beginning is told",
    )


def test_a_text_holds_nothing_that_steers_a_terminal():
    assert guidance_of(b"a\x1b[2J\x00\xffb\n\tc", b"", {}).constitution == "a[2J\ufffdb\n\tc"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"Deploy/SKILL.md": FRONT}, "small letters"),
        ({"a--b/SKILL.md": FRONT}, "small letters"),
        ({"deploy/skill.md": FRONT}, "it has no SKILL.md"),
        ({"deploy/SKILL.md": b"no front matter"}, "no description"),
        ({"deploy/SKILL.md": b"---\nname: deploy\n---\n"}, "no description"),
        ({"deploy/SKILL.md": b"---\ndescription: x\n"}, "no description"),
        ({"other/SKILL.md": FRONT}, "says its name is deploy"),
        ({"deploy/SKILL.md": FRONT, "deploy/a.bin": b"\xff"}, "UTF-8"),
        ({"deploy/SKILL.md": FRONT, "deploy/../x": b"x"}, "no plain path"),
        ({"deploy/SKILL.md": FRONT, "deploy/.hidden": b"x"}, "no plain path"),
        ({"deploy/SKILL.md": FRONT, "deploy/a/b/c/d/e": b"x"}, None),
        ({"deploy/SKILL.md": FRONT, "deploy/a/b/c/d/e/f": b"x"}, "no plain path"),
    ],
)
def test_what_is_no_skill_is_left_out_and_told(files, why):
    found = skills_of(files)

    assert len(found.skills) == (why is None)
    assert [why in note for note in found.notes] == ([] if why is None else [True])


def test_as_many_skills_as_have_room_are_given_by_name():
    names = [f"s{number:02}" for number in range(MOST_SKILLS + 1)]
    many = skills_of({k: v for name in names for k, v in a_skill(name).items()})
    large = skills_of(a_skill("a", b"x" * LONGEST_SKILLS) | a_skill("b"))
    files = skills_of(a_skill("a") | {f"a/{number}": b"" for number in range(MOST_FILES)})

    assert [skill.name for skill in many.skills] == names[:MOST_SKILLS]
    assert f"skill {names[-1]} is left out" in many.notes[0]
    assert [skill.name for skill in large.skills] == ["b"]
    assert files.skills == ()


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("---\ndescription: 'It: works'\n---", "It: works"),
        ('---\ndescription: "x"\n---', "x"),
        ("---\ndescription: >\n  a\n  b\nmetadata:\n  description: no\n---", "a b"),
        ("---\nlicense: MIT\n  more\ndescription: a\n---\ndescription: b", "a"),
        ("---\nname: x\n---", None),
        ("", None),
    ],
)
def test_front_matter_is_read_as_skills_have_it(text, description):
    assert front_matter(text).get("description") == description
