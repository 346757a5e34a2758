"""Git that speaks to another machine, with the user's own access and without asking anybody.

What is the user's counts here alone: their home, agent of keys, proxies, and their global and the
system's configuration, for it names the helper that knows a password. What a repository configures
does not: it is asked from a git directory of fleet's. Nothing that goes over the wire is looked
into, so no filter, attribute or hook has a say.
"""

import os
import pwd
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fleet.adapters.failpoints import around
from fleet.adapters.git.address import protocol_of, without_secrets
from fleet.adapters.git.command import Git, Owner, text
from fleet.adapters.git.files import make_folder, write
from fleet.adapters.git.hardened import HARDENED
from fleet.adapters.git.repository import Repository, config_of
from fleet.domain.errors import TransientError, WorkspaceError

# seconds for one fetch or push
PATIENCE = 120.0
_SAID_BYTES = 64 * 1024
_REASON_LENGTH = 500
_SETTINGS = (
    "core.askPass=",
    "credential.interactive=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "push.gpgSign=false",
)
_ROUTE = (
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
)
_MINE = ("HOME", "PATH", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "SSH_AUTH_SOCK")
_SSH = "ssh"
_NO_QUESTIONS = "-oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15"
# they say only that something went wrong, after the line that says what
_EMPTY_WORDS = (
    "fatal: Could not read from remote repository",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
    "fatal: the remote end hung up unexpectedly",
    "error: failed to push some refs",
    "hint:",
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came back: git's exit code, its output, and all it said beside that, without secrets."""

    code: int
    out: str
    words: str

    @property
    def reason(self) -> str:
        """Answer the last line that says anything."""
        lines = [line.strip() for line in self.words.splitlines() if line.strip()]
        telling = [line for line in lines if not line.startswith(_EMPTY_WORDS)]
        last = (telling or lines or ["no reason given"])[-1]
        return "".join(filter(str.isprintable, last))[:_REASON_LENGTH]


def network_git(
    repository: Repository, store: Git, address: str, variables: Mapping[str, str]
) -> Git:
    """Answer a git on a directory of its own that may speak the address's protocol alone."""
    protocol = protocol_of(address) or "none"
    environment = _environment(repository.owner, variables)
    git = replace(store, directory=_directory(repository)).having(
        **{"GIT_CONFIG_GLOBAL": "", **environment},
        GIT_CONFIG_NOSYSTEM="",
        GIT_ALLOW_PROTOCOL=protocol,
        SSH_ASKPASS_REQUIRE="never",
    )
    if protocol == _SSH:
        return git.having(GIT_SSH_COMMAND=_ssh(git, variables.get("GIT_SSH_COMMAND", "")))
    return git


def talk(git: Git, name: str, *arguments: str) -> Told:
    """Run a command that waits for the remote `name`; raises TransientError when it takes long.

    In a session of its own: there is no terminal to ask on, and all that it started ends with it.
    """
    settings = (word for one in _SETTINGS for word in ("-c", one))
    with (
        around(f"git.{arguments[0]}"),
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as words,
        subprocess.Popen(
            [*HARDENED, *settings, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=words,
            start_new_session=True,
            **git.process(),
        ) as process,
    ):
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            said = f"git {arguments[0]}: {name} gave no answer for {PATIENCE:.0f} s"
            raise TransientError(said, remedy="it is tried again by itself") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        told = []
        for file in (out, words):
            file.seek(0)
            told.append(without_secrets(text(file.read(_SAID_BYTES))))
    return Told(code=code, out=told[0], words=told[1])


def unreachable(name: str, told: Told) -> TransientError | WorkspaceError:
    """Answer the error for a remote that was not heard, or not let in; both may pass."""
    if "not allowed" in told.reason:
        return WorkspaceError(
            f"remote {name}: {told.reason}",
            remedy="your `url.*.insteadOf` leads to another protocol: name that address itself",
        )
    return TransientError(
        f"remote {name}: {told.reason}",
        remedy="it is tried again by itself; see whether `git fetch` works as the same user",
    )


def _directory(repository: Repository) -> Path:
    """Find or make the git directory; its one reference tells the remote what need not be sent."""
    owner, store = repository.owner, repository.store.directory
    directory = store.with_name(f"{store.name}-remote")
    make_folder(directory, owner)
    make_folder(directory / "refs", owner)
    make_folder(directory / "refs" / "heads", owner)
    write(directory / "config", config_of(repository.object_format, bare=True), owner)
    shallow = store / "shallow"
    if shallow.is_file():
        write(directory / "shallow", shallow.read_bytes(), owner)
    write(directory / "refs" / "heads" / "ours", f"{repository.tip()}\n".encode(), owner)
    write(directory / "HEAD", b"ref: refs/heads/none\n", owner)
    return directory


def _environment(owner: Owner, variables: Mapping[str, str]) -> dict[str, str]:
    """Answer what the owner's own git would find around it; another's agent would not let it in."""
    if owner.uid == os.geteuid():
        return {name: variables[name] for name in (*_ROUTE, *_MINE) if name in variables}
    route = {name: variables[name] for name in _ROUTE if name in variables}
    with suppress(KeyError):
        route["HOME"] = pwd.getpwuid(owner.uid).pw_dir
    return route


def _ssh(git: Git, named: str) -> str:
    """Answer the user's own ssh, told to ask nothing where it is one that knows these words."""
    own = named or git.run("config", "--get", "core.sshCommand", allowed=(0, 1)).line or _SSH
    try:
        program = Path(shlex.split(own)[0]).name
    except (ValueError, IndexError):
        program = ""
    return f"{own} {_NO_QUESTIONS}" if program == _SSH else own
