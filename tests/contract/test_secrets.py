"""Secrets of accounts: read and checked, laid out in memory for one container, deleted."""

import json
import os
import secrets
import shutil
import stat
import traceback
from pathlib import Path

import pytest

from fleet.adapters.redaction import MARK, Redaction
from fleet.adapters.secrets import TmpfsSecrets, memory_roots
from fleet.domain.agent import Credential, CredentialKind
from fleet.domain.errors import CredentialError
from tests.builders import an_account
from tests.descriptors import open_files

ATTEMPT = "app-1-1-0badcafe"
KEY = "sk-ant-api03-0123456789abcdef"
OWNER = {"uid": os.geteuid(), "gid": os.getegid()}
SHM = Path("/dev/shm")


class Shelf:
    """Secrets of a fresh home in the host's memory, with an environment of its own."""

    def __init__(self, *roots: Path) -> None:
        self.home8 = secrets.token_hex(4)
        self.variables: dict[str, str] = {"ALICE": KEY}
        self.redaction = Redaction()
        self.roots = roots or (SHM,)
        self.folder = self.roots[0] / f"fleet-{self.home8}"
        self.port = self.another()

    def another(self) -> TmpfsSecrets:
        """Answer the port as the next life of the coordinator has it."""
        return TmpfsSecrets(
            self.home8, self.roots, variables=self.variables, redaction=self.redaction
        )


@pytest.fixture
def shelf():
    made = Shelf()
    yield made
    if made.folder.is_symlink() or made.folder.is_file():
        made.folder.unlink()
    shutil.rmtree(made.folder, ignore_errors=True)


def alice(kind=CredentialKind.API_KEY, **fields):
    return an_account("alice", agent="claude", credential=Credential(kind=kind, env="ALICE"))


def kept_in(path, kind=CredentialKind.API_KEY):
    return an_account("bob", agent="codex", credential=Credential(kind=kind, file=str(path)))


def test_a_mount_whose_name_is_no_text_hides_no_memory(shelf, tmp_path, monkeypatch):
    odd = b"1 0 0:9 / /media/M\xfcsic\x0c\x85 rw - vfat /dev/sdb1 rw\n"
    (tmp_path / "mounts").write_bytes(odd + Path("/proc/self/mountinfo").read_bytes())
    monkeypatch.setattr("fleet.adapters.secrets._MOUNTS", tmp_path / "mounts")

    shelf.port.check(alice())


def test_a_secret_lies_in_memory_for_its_owner_alone(shelf):
    account = an_account(
        "alice", agent="claude", credential=alice().credential, env_passthrough=("REGION",)
    )
    shelf.variables["REGION"] = "north"

    folder = Path(shelf.port.write(ATTEMPT, account, **OWNER))

    assert folder == shelf.folder / ATTEMPT
    assert sorted(path.name for path in folder.iterdir()) == ["api_key", "environment"]
    assert (folder / "api_key").read_text() == KEY
    assert json.loads((folder / "environment").read_text()) == {"REGION": "north"}
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (shelf.folder, folder, folder / "api_key")]
    assert modes == [0o700, 0o700, 0o600]


def test_the_containers_uid_owns_what_it_reads(shelf):
    # only root can give a folder away
    uid, gid = (1234, 2345) if os.geteuid() == 0 else tuple(OWNER.values())

    folder = Path(shelf.port.write(ATTEMPT, alice(), uid=uid, gid=gid))

    for path in (folder, folder / "api_key"):
        assert (path.stat().st_uid, path.stat().st_gid) == (uid, gid)
    assert shelf.folder.stat().st_uid == os.geteuid()


def test_dropped_is_gone_and_dropped_again_is_fine(shelf):
    shelf.port.write(ATTEMPT, alice(), **OWNER)
    shelf.port.write("app-2-1-0badcafe", alice(), **OWNER)

    shelf.port.drop(ATTEMPT)
    shelf.port.drop(ATTEMPT)

    assert [path.name for path in shelf.folder.iterdir()] == ["app-2-1-0badcafe"]
    shelf.port.drop("app-2-1-0badcafe")
    assert not shelf.folder.exists()


def test_what_a_container_may_have_mounted_is_never_changed(shelf):
    folder = Path(shelf.port.write(ATTEMPT, alice(), **OWNER))
    before = folder.stat().st_ino
    shelf.variables["ALICE"] = "another-key"

    assert Path(shelf.another().write(ATTEMPT, alice(), **OWNER)).stat().st_ino == before
    assert (folder / "api_key").read_text() == KEY


def test_a_half_written_secret_is_made_anew(shelf):
    half = shelf.folder / f".{ATTEMPT}"
    half.mkdir(parents=True, mode=0o700)
    shelf.folder.chmod(0o700)
    (half / "api_key").write_text("sk-")

    folder = Path(shelf.port.write(ATTEMPT, alice(), **OWNER))

    assert (folder / "api_key").read_text() == KEY
    assert [path.name for path in shelf.folder.iterdir()] == [ATTEMPT]


def test_a_new_life_deletes_all_but_what_is_still_to_be_read(shelf):
    for name in (ATTEMPT, "app-2-1-0badcafe", "app-3-1-0badcafe"):
        shelf.port.write(name, alice(), **OWNER)
    (shelf.folder / f".{ATTEMPT}").mkdir()

    shelf.another().sweep({"app-2-1-0badcafe"})

    assert [path.name for path in shelf.folder.iterdir()] == ["app-2-1-0badcafe"]
    shelf.another().sweep(set())
    assert not shelf.folder.exists()


@pytest.mark.parametrize("squat", ["link", "open folder", "file"])
def test_a_folder_that_somebody_else_put_there_is_not_used(shelf, tmp_path, squat):
    if squat == "link":
        (tmp_path / "trap").mkdir(mode=0o700)
        shelf.folder.symlink_to(tmp_path / "trap")
    elif squat == "file":
        shelf.folder.write_text("")
    else:
        shelf.folder.mkdir(mode=0o700)
        shelf.folder.chmod(0o777)
        (shelf.folder / "theirs").write_text("")

    with pytest.raises(CredentialError, match="no place in memory") as refused:
        shelf.port.write(ATTEMPT, alice(), **OWNER)
    shelf.port.drop("theirs")
    shelf.port.sweep(set())

    assert "must be yours alone" in str(refused.value)
    assert squat != "link" or list((tmp_path / "trap").iterdir()) == []
    assert squat != "open folder" or (shelf.folder / "theirs").exists()


def test_a_secret_is_never_written_to_a_disk(tmp_path):
    shelf = Shelf(Path("/proc"), Path("/var/lib"), Path("/nowhere"))

    with pytest.raises(CredentialError, match="never written to a disk"):
        shelf.port.write(ATTEMPT, alice(), **OWNER)

    assert not any((root / shelf.folder.name).exists() for root in shelf.roots)


def test_the_next_root_is_taken_where_the_first_is_not_fit(tmp_path):
    shelf = Shelf(tmp_path / "absent", SHM)

    folder = Path(shelf.port.write(ATTEMPT, alice(), **OWNER))
    shelf.port.drop(ATTEMPT)

    assert folder.parent.parent == SHM
    assert not folder.parent.exists()


def test_a_session_folder_stands_behind_shared_memory():
    assert memory_roots({}) == (SHM,)
    assert memory_roots({"XDG_RUNTIME_DIR": "/run/user/1"}) == (SHM, Path("/run/user/1"))
    assert memory_roots({"XDG_RUNTIME_DIR": "relative"}) == (SHM,)


MALFORMED = {
    "empty token": (CredentialKind.API_KEY, b" \n", "is empty"),
    "two words": (CredentialKind.OAUTH_TOKEN, b"hidden value", "is no oauth_token"),
    "two lines": (CredentialKind.API_KEY, b"hidden\nvalue", "is no api_key"),
    "not ASCII": (CredentialKind.API_KEY, "hidden\u00e9".encode(), "is no api_key"),
    "no text": (CredentialKind.API_KEY, b"hidden\xff", "is no UTF-8 text"),
    "no JSON": (CredentialKind.AUTH_FILE, b'{"hidden": ', "is malformed"),
    "a list": (CredentialKind.AUTH_FILE, b'["hidden"]', "is malformed"),
    "nothing in it": (CredentialKind.AUTH_FILE, b"{}", "is malformed"),
    "deep": (CredentialKind.AUTH_FILE, b"[" * 60_000, "is malformed"),
    "large": (CredentialKind.AUTH_FILE, b'{"a": "' + b"x" * 65536 + b'"}', "larger than 64 KiB"),
    "numbers": (CredentialKind.BEDROCK, b'{"AWS_REGION": 1}', "object of environment variables"),
    "no name": (CredentialKind.VERTEX, b'{"A=hidden": "b"}', "object of environment variables"),
    "zero byte": (CredentialKind.FOUNDRY, b'{"A": "\\u0000"}', "object of environment variables"),
}


@pytest.mark.parametrize(("kind", "raw", "said"), MALFORMED.values(), ids=list(MALFORMED))
def test_a_malformed_credential_is_refused_without_being_shown(shelf, tmp_path, kind, raw, said):
    path = tmp_path / "credential"
    path.write_bytes(raw)

    with pytest.raises(CredentialError) as refused:
        shelf.port.check(kept_in(path, kind))

    message = str(refused.value)
    assert said in message
    assert f"account bob: the credential in file {path}" in message
    assert "hidden" not in message
    assert "hidden" not in "".join(traceback.format_exception(refused.value))
    assert not shelf.folder.exists()


@pytest.mark.parametrize("place", ["absent", "folder", "pipe", "device"])
def test_what_is_no_plain_file_is_refused_at_once(shelf, tmp_path, place):
    path = tmp_path / place
    if place == "folder":
        path.mkdir()
    elif place == "pipe":
        os.mkfifo(path)
    elif place == "device":
        path = Path("/dev/zero")

    said = "cannot be read" if place == "absent" else "is no plain file"
    before = open_files()

    with pytest.raises(CredentialError, match=said):
        shelf.port.check(kept_in(path))

    assert open_files() <= before


def test_a_link_to_a_plain_file_is_followed(shelf, tmp_path):
    (tmp_path / "real").write_text(f"{KEY}\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    folder = Path(shelf.port.write(ATTEMPT, kept_in(tmp_path / "link"), **OWNER))

    assert (folder / "api_key").read_text() == KEY


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_that_is_not_set_is_named(shelf, value):
    shelf.variables = {} if value is None else {"ALICE": value}

    with pytest.raises(CredentialError, match="variable ALICE is not set where fleet runs"):
        shelf.another().check(alice())


def test_a_variable_to_be_passed_on_must_be_there(shelf):
    account = an_account("alice", agent="claude", env_passthrough=("B", "ALICE", "A"))

    with pytest.raises(CredentialError, match="account alice: env_passthrough A, B is not set"):
        shelf.port.check(account)


def test_what_was_read_is_taken_out_wherever_it_stands(shelf):
    token = 'odd"token-with\\quotes'
    shelf.variables["ALICE"] = json.dumps(
        {"auth_mode": "chatgpt", "tokens": {"access_token": token, "id": "plain"}}
    )
    shelf.port.check(alice(CredentialKind.AUTH_FILE))

    told = {"a": [{"b": f"x {token} y"}, json.dumps(token), 7], token: "chatgpt plain"}
    clean = shelf.port.redacted(told)

    assert clean == {"a": [{"b": f"x {MARK} y"}, f'"{MARK}"', 7], MARK: "chatgpt plain"}


def test_each_line_of_a_long_secret_is_known(shelf):
    lines = ["-----BEGIN PRIVATE KEY-----", "A" * 64, "B" * 64]
    shelf.variables["ALICE"] = json.dumps({"GOOGLE_KEY": "\n".join(lines)})
    shelf.port.check(alice(CredentialKind.VERTEX))

    assert shelf.port.redacted({"said": f"line two: {lines[1]}"}) == {"said": f"line two: {MARK}"}


def test_what_a_cut_leaves_of_a_secret_is_taken_out_too(shelf):
    key = "bm8tdG9rZW4ncy1zaGFwZS1hdC1hbGwtaW4tdGhpcw"
    shelf.variables["ALICE"] = key
    shelf.port.check(alice())

    told = [f"{key[1:]} is its end", f"it begins {key[:-1]}", f"cut: {key[:12]} [cut]", "bm8tdG9"]
    clean = shelf.port.redacted({"said": [*told, f"{key[5:]}{key[:20]}", f"{key[-8:]}!{key[-9:]}"]})

    left = [f"{MARK} is its end", f"it begins {MARK}", f"cut: {MARK} [cut]", "bm8tdG9"]
    assert clean == {"said": [*left, MARK * 2, f"{MARK}!{key[-9:]}"]}


def test_nothing_read_changes_nothing(shelf):
    told = {"a": [1, {"b": KEY}]}

    assert shelf.port.redacted(told) == told
