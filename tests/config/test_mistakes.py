"""Every mistake in a user's YAML is one line: file, line, what was expected, the nearest name."""

import os

import pytest

from fleet.config import load_fleet
from fleet.domain.errors import ConfigError
from tests.config.homes import DEVELOPER, PROJECT, a_home

ONE_MISTAKE = {
    "empty file": ("", "fleet.yaml:1: the file is empty"),
    "only a comment": ("# nothing\n", "fleet.yaml:1: the file is empty"),
    "a list": ("- 1\n", "fleet.yaml:1: the file: expected keys and values"),
    "a tab": ("limits:\n\tparallel: 1\n", "fleet.yaml:2: a tab where YAML wants spaces"),
    "broken": ("limits: {parallel: 1\n", "fleet.yaml:2: not valid YAML"),
    "two documents": ("limits: {}\n---\nlimits: {}\n", "fleet.yaml:2: not valid YAML"),
    "unknown key": ("limits:\n  paralel: 1\n", "limits.paralel: unknown key; did you mean 'para"),
    "unknown key at the top": ("\nlimit: {}\n", "fleet.yaml:2: limit: unknown key; did you mean"),
    "merge key": ("limits: {<<: {parallel: 1}}\n", "unknown key"),
    "duplicate key": ("limits: {}\nlimits: {}\n", "fleet.yaml:2: the key 'limits' stands twice"),
    "key that is no text": ("1: 2\n", "fleet.yaml:1: the key 1 is no text"),
    "text for a number": ("limits: {parallel: four}\n", 'expected a valid integer, found "four"'),
    "quoted number": ('limits: {parallel: "4"}\n', 'expected a valid integer, found "4"'),
    "truth for a number": ("limits: {parallel: true}\n", "expected a valid integer, found true"),
    "truth for money": (
        "accounts: [{name: a, agent: command, daily_budget_usd: true}]\n",
        "expected dollars",
    ),
    "zero": ("limits: {parallel: 0}\n", "expected greater than or equal to 1"),
    "huge number": (f"limits: {{parallel: {'9' * 5000}}}\n", "a value that cannot be read"),
    "infinite": ("limits: {load_per_core: 1e999}\n", "expected a finite number"),
    "null": ("limits:\n", "limits: expected keys and values, found null"),
    "bad duration": ("swap: {timeout: {stall_after: 10}}\n", "expected a duration such as 60s"),
    "eternal": ("swap: {timeout: {stall_after: 9999h}}\n", "expected at most 7d"),
    "unknown choice": (
        PROJECT.replace("check:", "review: autom, check:"),
        "review: found \"autom\"; did you mean 'auto'?",
    ),
    "key missing": ("projects:\n- key: APP\n  check: [x]\n", "fleet.yaml:2: projects[0].path: the"),
    "no check": ("projects: [{key: APP, path: app}]\n", "expected either 'check' or a non-empty"),
    "a dockerfile elsewhere": (
        PROJECT.replace("path:", "dockerfile: /etc/x, path:"),
        "dockerfile:",
    ),
    "path missing": (PROJECT.replace("app,", "gone,"), "gone is no folder"),
    "bad target": (
        PROJECT.replace("path: app", "path: app, target: größe"),
        "projects[0].target: expected a branch of letters a to z, digits",
    ),
    "bad key": (PROJECT.replace("APP", "app"), "expected a text that matches"),
    "same project twice": (
        PROJECT.replace("]}]", "]}, {key: APP, target: b, path: app, check: [x]}]"),
        "'APP' stands twice",
    ),
    "same repository twice": (
        PROJECT.replace("]}]", "]}, {key: B, path: ./app, check: [x]}]"),
        "app on main' stands twice",
    ),
    "same check twice": (
        "projects: [{key: A, path: app, checks: [{name: a, command: [x]},"
        " {name: a, command: [y]}]}]\n",
        "check names must differ",
    ),
    "account of fleet's own": ("accounts: [{name: fleet, agent: command}]\n", "is built in"),
    "built-in account": ("accounts: [{name: local, agent: command}]\n", "is built in"),
    "unknown agent": ("accounts: [{name: a, agent: claud}]\n", "did you mean 'claude'?"),
    "credential of a wrong kind": (
        "accounts: [{name: a, agent: codex, credential: {env: A, kind: bedrock}}]\n",
        "codex takes no credential of kind bedrock; it takes api_key, auth_file",
    ),
    "credential for a program": (
        "accounts: [{name: a, agent: command, credential: {env: A, kind: api_key}}]\n",
        "command takes no credential",
    ),
    "two places of a credential": (
        "accounts: [{name: a, agent: codex, credential: {env: A, file: b, kind: api_key}}]\n",
        "expected either 'env' or 'file'",
    ),
    "no credential": ("accounts: [{name: a, agent: claude}]\n", "claude needs a key 'credential'"),
    "no variable's name": (
        "accounts: [{name: a, agent: claude, credential: {env: sk-secret, kind: api_key}}]\n",
        "expected the name of a variable, such as ALICE_KEY, never its value",
    ),
    "variable of fleet's own": (
        "accounts: [{name: a, agent: claude, env_passthrough: [HOME]}]\n",
        "HOME is set by fleet itself",
    ),
    "program given variables": (
        "accounts: [{name: a, agent: command, env_passthrough: [AWS_REGION]}]\n",
        "command is given no secret",
    ),
    "hard limit on a late meter": (
        "accounts: [{name: a, agent: aider, hard_limit: true, env_passthrough: [A]}]\n",
        "aider tells only at its end what it used, so no limit can hold",
    ),
    "password in a gateway": (
        'accounts: [{name: a, agent: ollama, base_url: "http://me:secret@gate"}]\n',
        "expected an address without a password",
    ),
    "local models without an address": (
        "accounts: [{name: a, agent: ollama}]\n",
        "ollama needs a key 'base_url', such as http://models:11434/v1",
    ),
    "no gateway": (
        'accounts: [{name: a, agent: ollama, base_url: "gate:80"}]\n',
        "https://gateway",
    ),
    "no date": ("accounts: [{name: a, agent: ollama, expires: 31.1.2027}]\n", "YYYY-MM-DD"),
    "unknown timezone": (
        "accounts: [{name: a, agent: claude, window: {from: '00:00', to: '08:00',"
        " timezone: Europe/Moskow}}]\n",
        "unknown timezone 'Europe/Moskow'; did you mean 'Europe/Moscow'?",
    ),
    "check file outside": (
        PROJECT.replace("check:", "check_files: [../x], check:"),
        "expected a path inside the repository",
    ),
    "submodules": (PROJECT.replace("check:", "needs: [submodules], check:"), "not populated"),
    "network of the host": ("networks: [office, host]\n", "'host' is no network of its own"),
    "no host": (
        PROJECT.replace("check:", "egress_allow: [pypi.org, x.org/simple], check:"),
        "projects[0].egress_allow[1]: 'x.org/simple' is no host that can be listed; expected one",
    ),
    "critic too late": (
        PROJECT.replace("check:", "max_retries: 1, check:")
        + "swap:\n  critic: {after_failures: 2}\n",
        "fleet.yaml:3: after_failures 2 is more than max_retries 1",
    ),
    "alias": ("limits: &a {}\nmemory: *a\n", "fleet.yaml:2: aliases (*name) are not allowed"),
    "tag": ("limits: !!python/object:os.system x\n", "the tag"),
    "deep": ("[" * 100_000, "nested deeper than 32 levels"),
    "large": ("# " + "x" * 1024 * 1024, "larger than 1 MiB"),
    "control character": ("limits: \x07\n", "the character U+0007 is not allowed"),
    "half a character": ('timezone: "\\ud800"\n', "a value that cannot be read"),
}


@pytest.mark.parametrize(("text", "said"), ONE_MISTAKE.values(), ids=list(ONE_MISTAKE))
def test_a_mistake_is_one_line_with_its_place(tmp_path, text, said):
    message = _refused(a_home(tmp_path, text))

    assert said in message
    assert "\n" not in message
    assert message.startswith(f"{tmp_path}/fleet.yaml:")


PROFILE_MISTAKES = {
    "another name": ("name: other\nagent: claude\nroles: [a]\n", "dev.yaml:1: expected the file's"),
    "mistyped agent of one's own": (
        "name: dev\nagent: comand\ncommand: [x]\nroles: [a]\n",
        "dev.yaml:2: unknown agent 'comand'; did you mean 'command'?",
    ),
    "unknown agent": (
        "name: dev\nagent: claud\nroles: [a]\n",
        "dev.yaml:2: unknown agent 'claud';",
    ),
    "no command": ("name: dev\nagent: command\nroles: [a]\n", "needs the key 'command'"),
    "command elsewhere": ("name: dev\nagent: claude\nroles: [a]\ncommand: [x]\n", "are only for"),
    "no role": ("name: dev\nagent: claude\nroles: []\n", "dev.yaml:3: roles: expected"),
    "unknown network": (DEVELOPER + "network: egres\n", "unknown network 'egres'; did you mean"),
    "unknown fallback": (DEVELOPER + "fallback: [devv]\n", "unknown profile 'devv'; did you mean"),
    "unknown escalation": (DEVELOPER + "escalate_to: devv\n", "dev.yaml:5: unknown profile 'devv'"),
    "own fallback": (DEVELOPER + "fallback: [dev]\n", "fallback goes in a circle: dev -> dev"),
    "file missing": (DEVELOPER + "files: ['gone:/opt/a']\n", "gone does not exist"),
    "file over the runner": (DEVELOPER + "files: ['app:/opt']\n", "cannot be mounted there"),
    "file over the workspace": (DEVELOPER + "files: ['app:/workspace/x']\n", "cannot be mounted"),
    "file without a place": (DEVELOPER + "files: ['app:x']\n", "cannot be mounted there"),
    "small memory": (DEVELOPER + "limits: {memory: 1m}\n", "limits.memory: expected greater than"),
    "bad size": (DEVELOPER + "limits: {memory: 4GB}\n", "expected a size such as 512m or 4g"),
    "model is a number": (DEVELOPER + "model: 4\n", "expected a valid string, found 4"),
}


@pytest.mark.parametrize(("text", "said"), PROFILE_MISTAKES.values(), ids=list(PROFILE_MISTAKES))
def test_a_mistake_in_a_profile_names_its_file(tmp_path, text, said):
    message = _refused(a_home(tmp_path, PROJECT, {"dev": text}))

    assert said in message
    assert message.startswith(f"{tmp_path}/profiles/dev.yaml:")


def test_a_circle_of_several_profiles_is_told_once(tmp_path):
    profiles = {
        name: f"name: {name}\nagent: claude\nroles: [a]\nescalate_to: {to}\n"
        for name, to in (("a", "b"), ("b", "c"), ("c", "b"))
    }

    message = _refused(a_home(tmp_path, PROJECT, profiles))

    assert message == f"{tmp_path}/profiles/b.yaml:4: escalate_to goes in a circle: b -> c -> b"


def test_several_mistakes_are_told_together_and_no_more_than_ten(tmp_path):
    text = "".join(f"key{n:02}: 1\n" for n in range(14)) + "limits: {parallel: no}\n"

    lines = _refused(a_home(tmp_path, text, {"dev": "x: 1\n"})).split("\n")

    assert len(lines) == 11
    assert "key00" in lines[0]
    assert lines[-1].startswith("and ")


def test_a_mistake_hides_no_mistake_of_another_file(tmp_path):
    message = _refused(a_home(tmp_path, "limit: {}\n", {"dev": DEVELOPER + "modle: x\n"}))

    assert "fleet.yaml:1" in message
    assert "dev.yaml:5: modle: unknown key; did you mean 'model'?" in message


def test_a_profile_that_cannot_be_read_is_not_called_unknown(tmp_path):
    profiles = {"dev": DEVELOPER + "fallback: [other]\n", "other": "name: [\n"}

    message = _refused(a_home(tmp_path, PROJECT, profiles))

    assert "unknown profile" not in message


def test_a_message_stays_one_line_whatever_the_file_holds(tmp_path):
    message = _refused(a_home(tmp_path, '"a\\nb\\e[31m": 1\n'))

    assert "\n" not in message
    assert "\x1b" not in message


def test_a_link_a_folder_and_a_pipe_are_refused(tmp_path):
    home = a_home(tmp_path, PROJECT)
    (home / "profiles" / "a.yaml").symlink_to(home / "fleet.yaml")
    (home / "profiles" / "b.yaml").mkdir()
    os.mkfifo(home / "profiles" / "c.yaml")

    lines = _refused(home).split("\n")

    assert ["is a link" in lines[0], *("plain file" in each for each in lines)] == [True] * 4


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    home = a_home(tmp_path)
    (home / "fleet.yaml").write_bytes(b"# ok\nlimits: \xff\n")
    assert "fleet.yaml:2: not UTF-8" in _refused(home)


def test_a_profile_with_the_other_ending_is_not_silently_left_out(tmp_path):
    home = a_home(tmp_path)
    (home / "profiles" / "dev.yml").write_text(DEVELOPER)
    assert "dev.yml:1: expected the name dev.yaml" in _refused(home)


def test_a_home_without_its_file_says_how_to_make_one(tmp_path):
    assert "fleet init" in _refused(tmp_path)


def _refused(home) -> str:
    with pytest.raises(ConfigError) as caught:
        load_fleet(home)
    return str(caught.value)


@pytest.mark.parametrize(
    "account",
    [
        "credential: {env: sk-secret-value, kind: api_key}",
        'base_url: "http://me:sk-secret-value@gate"',
        "env_passthrough: [sk-secret-value]",
    ],
)
def test_what_may_be_a_secret_is_not_repeated(tmp_path, account):
    message = _refused(a_home(tmp_path, f"accounts: [{{name: a, agent: claude, {account}}}]\n"))

    assert "secret-value" not in message
