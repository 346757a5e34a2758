"""A new home on disk: every file found or created whole, none ever overwritten."""

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from fleet.config.fleet_entry import FleetEntry
from fleet.config.load import FLEET_FILE, PROFILES
from fleet.config.parse import parse
from fleet.config.problems import Problem, refuse
from fleet.config.profiles import shipped_profiles
from fleet.domain.errors import ConfigError
from fleet.domain.profile import TARGET, TARGET_NAMES
from fleet.domain.task import PROJECT_KEY

ProjectLine = tuple[str, Path, str | None]

CHECK_SCRIPT = """\
#!/bin/sh
# The check of this project: fleet merges a change only where this script exits with 0. It is
# run from the root of a clean checkout, in the project's image, without network.
# Replace the two lines below by the project's own tests, then commit this file to the target.
echo "scripts/check.sh is the example: put the project's tests into it, then commit it" >&2
exit 1
"""
_HEAD = """\
# The fleet of this home. Every key: docs/schemas/fleet.schema.json; paths start at this folder.
# `fleet doctor` says what is missing, `fleet profile check` judges profiles/*.yaml.
# Examples have no blank after their #: delete it to use one.
limits:
  parallel: 4          # attempts at once
  disk_free_gb: 5      # less than this free: no new attempt
  memory_free_gb: 1    # the same for memory
  load_per_core: 4     # more than this: no new attempt
  worktree_gb: 5       # an attempt whose files take more is stopped
#  run_budget_usd: 40  # what one `fleet run` may spend
#  night_swaps: 50     # from noon to noon, over all tasks
# The pool: one account a key or subscription. The key itself stays outside, in a variable or in a
# file. Where one is at its limit the next of its agent goes on, then the `fallback` of the profile:
# claude-developer -> codex-developer -> gemini-developer.
#timezone: Europe/Berlin       # whose days the budgets are counted by; UTC where it is left out
#accounts:
#  - name: alice-claude
#    owner: alice
#    agent: claude
#    credential: {env: ALICE_CLAUDE_TOKEN, kind: oauth_token}
#    priority: high            # taken before accounts of lower priority
#    parallel: 2
#    daily_budget_usd: 10      # what reaches it is stopped, and another account goes on
#    daily_requests: 500
#  - name: bob-codex           # lent for the nights before working days
#    owner: bob
#    agent: codex
#    credential: {file: ~/.codex/auth.json, kind: auth_file}
#    unmetered: true           # a subscription: it has no daily budget of its own
#    window: {from: "22:00", to: "08:00", timezone: Europe/Berlin, days: [sun, mon, tue, wed, thu]}
#    on_window_close: next_turn   # what is at work then: finish, next_turn or now
#  - name: carol-gemini
#    owner: carol
#    agent: gemini
#    credential: {env: CAROL_GEMINI_KEY, kind: api_key}
#    daily_budget_usd: 5       # needs the `price` in profiles/gemini-developer.yaml
#swap:
#  timeout: {max_swaps: 2}     # of a task, for hanging and taking too long
#  error: {cooldown: 5m, max_cooldown: 5h, max_swaps: 4}    # where a vendor tells no reset
#  critic: {after_failures: 2, escalate_to: claude-opus}    # red attempts, then who takes over
# By the clock, while `fleet up` stands: with a run work starts only during one.
#schedule:
#  - {name: night, cron: "0 22 * * *", run: {until: "08:00", parallel: 6}}
#  - {name: morning, cron: "30 7 * * *", report: {since: 12h, to: traces/reports}}
# What attempts teach: `fleet memory list`, and memory/README.md.
#memory:
#  provider: local      # without a key or a network; or openai, ollama, gemini: docs/memory.md
#  top_k: 3             # lessons that an attempt is told at most, 0 to 3; 0: none
#  floor: 0.25          # less alike than this: not told
#  autosave: off        # lessons wait for `fleet memory accept`; probation: used in their project
#  held_out: 0.1        # this share of the tasks is told none, to know whether lessons help
#  server: 127.0.0.1:8000   # a Chroma server (`chroma run`) in place of the index under memory/
#  project: APP         # its memory/ holds constitution, bible and skills, as reviewed
#  map_bytes: 6144      # of the map of files and symbols that an attempt is given; 0: none
"""
_PROJECT = """\
  - key: {key}
    path: {path}
    target: {target}
    check: ["sh", "scripts/check.sh"]   # in a clean checkout, in the image, without network
    check_files: [scripts/check.sh]     # always the target's own; diffs on them need an approval
    protected:                          # whoever changes them changes what agents or CI obey
      [".github/**", ".ci/**", ".agents/**", ".claude/**", ".codex/**", ".gemini/**",
       ".opencode/**"]
    image: fleet-agent:small   # fleet-agent:latest has the CLIs: fleet image build
    review: required                    # required: you merge; auto: what is green is merged
    setup: []                           # run in the agent's container before the agent
"""
_TRACES = """\
# Traces

One JSON-lines file an attempt: what was asked, said, run, changed, checked and spent. Secrets are
redacted on the way in. Nothing reads these files back; delete them when you like.
"""
_MEMORY = """\
# Memory

What the fleet has learned. Lessons themselves are rows of the ledger (`fleet memory list`).

| here | is |
|---|---|
| `constitution.md` | what every agent is told of how to work here; yours to write, short |
| `bible/KEY.md` | what every agent of the project KEY has to know of it |
| `skills/NAME/SKILL.md` | how something is done, shown to agents where their CLI looks for skills |
| `lessons.jsonl` | what `fleet memory export` writes and `fleet memory add --from` reads |
| `chroma/` | an index of the lessons, made anew whenever it is missing or damaged; not for git |

With `memory: {project: KEY}` in fleet.yaml constitution, bible and skills are those that stand in
`memory/` of that project's target branch, and `fleet memory reflect` proposes changes to them
there, as a pull request that a person reviews. Without it they are the files of this folder.
"""
_NOT_FOR_GIT = """\
/chroma/
/chroma.damaged/
/chroma.lock
"""


def scaffold_home(home: Path, projects: Sequence[ProjectLine], *, home8: str) -> list[Path]:
    """Find or create a home; answers the files that were made, in order.

    `projects` are (key, path, branch or None for main). `home8`, 8 hex digits, is used only
    where the home has no id yet. Raises ConfigError before anything is made.
    """
    lines = [(key, _folder(key, path), _target(key, branch)) for key, path, branch in projects]
    if not re.fullmatch(r"[0-9a-f]{8}", home8):
        raise ConfigError(f"{home8!r} is no id of a home", remedy="8 hex digits")
    home = home.resolve()
    _refuse_other_projects(home, [key for key, _, _ in lines])
    wanted = [(home / ".fleet" / ".gitignore", "*\n"), (home / ".fleet" / "id", f"{home8}\n")]
    if not (home / FLEET_FILE).exists():
        # a finished home keeps what its owner deleted deleted
        wanted += [(home / PROFILES / each.name, each.read_text()) for each in shipped_profiles()]
    memory = home / "memory"
    wanted += [(memory / "README.md", _MEMORY), (memory / ".gitignore", _NOT_FOR_GIT)]
    wanted.append((home / "traces" / "README.md", _TRACES))
    wanted += _check_scripts(path for _, path, _ in lines)
    # last: a folder without fleet.yaml is no home, so a half-made one is never taken for whole
    wanted.append((home / FLEET_FILE, fleet_yaml(lines)))
    return [path for path, text in wanted if create(path, text)]


def fleet_yaml(projects: Sequence[tuple[str, Path, str]]) -> str:
    """Answer a commented fleet.yaml."""
    if not projects:
        return f"{_HEAD}projects: []\n"
    # a JSON text is a YAML text, whatever the folder's name holds
    parts = [
        _PROJECT.format(key=key, path=json.dumps(str(path)), target=json.dumps(target))
        for key, path, target in projects
    ]
    return f"{_HEAD}projects:\n{''.join(parts)}"


def create(path: Path, text: str) -> bool:
    """Make a file with all its text at once; answers False where there is one already."""
    if os.path.lexists(path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        # a link, not a rename: it fails where somebody else was faster
        path.hardlink_to(aside)
    except FileExistsError:
        return False
    finally:
        aside.unlink()
    return True


def _folder(key: str, path: Path) -> Path:
    if not PROJECT_KEY.fullmatch(key):
        raise ConfigError(
            f"{key!r} is no key of a project", remedy="a capital, then up to 9 capitals or digits"
        )
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise ConfigError(f"project {key}: {folder} is no folder", remedy="name a git repository")
    return folder


def _target(key: str, branch: str | None) -> str:
    if branch is not None and not TARGET.fullmatch(branch):
        text = f"project {key}: a target cannot be called {branch!r}"
        raise ConfigError(text, remedy=f"name a branch of {TARGET_NAMES}")
    return branch or "main"


def _refuse_other_projects(home: Path, keys: list[str]) -> None:
    path = home / FLEET_FILE
    double = {key for key in keys if keys.count(key) > 1}
    if double:
        raise ConfigError(f"project {min(double)} is named twice", remedy="give each its own key")
    if not path.exists() or not keys:
        return
    problems: list[Problem] = []
    read = parse(path, FleetEntry, problems)
    refuse(problems)
    known = {project.key for project in read.entry.projects} if read else set()
    for key in keys:
        if key not in known:
            raise ConfigError(f"{path} exists without project {key}", remedy="add it there by hand")


def _check_scripts(folders: Iterable[Path]) -> list[tuple[Path, str]]:
    found = []
    for folder in folders:
        script = folder / "scripts" / "check.sh"
        bare = not (folder / ".git").exists()
        # a linked folder could lead out of the repository
        if not bare and not script.parent.is_symlink():
            found.append((script, CHECK_SCRIPT))
    return found
