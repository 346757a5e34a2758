"""Real git repositories in temporary folders, made by the git a user would have."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "user",
    "GIT_AUTHOR_EMAIL": "user@localhost",
    "GIT_COMMITTER_NAME": "user",
    "GIT_COMMITTER_EMAIL": "user@localhost",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_ALLOW_PROTOCOL": "file",
}


def git(path: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run the user's own git in a repository and answer what it said."""
    done = subprocess.run(
        ["git", "-C", str(path), *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=_ENVIRONMENT,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def a_repository(
    path: Path, files: Mapping[str, str | bytes] | None = None, branch: str = "main"
) -> Path:
    """Make a repository with one commit of these files (or a README), checked out."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", f"--initial-branch={branch}")
    a_commit(path, {"README": "a project\n"} if files is None else files)
    return path


def a_commit(path: Path, files: Mapping[str, str | bytes | None], message: str = "change") -> str:
    """Write files (None deletes one), commit them where the user stands, answer the SHA."""
    write(path, files)
    git(path, "add", "--all", "--force")
    git(path, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(path, "rev-parse", "HEAD")


def write(path: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files below a folder; None deletes one."""
    for name, content in files.items():
        file = path / name
        if content is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def belongs_to(path: Path, uid: int) -> None:
    """Give a folder and all in it to a user."""
    os.chown(path, uid, uid)
    for folder, names, files in os.walk(path):
        for name in (*names, *files):
            os.chown(Path(folder, name), uid, uid, follow_symlinks=False)
