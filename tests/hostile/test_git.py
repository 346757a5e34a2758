"""An agent that attacks fleet's git, and the user's: nothing planted runs, nothing is believed."""

from tests.e2e.fleets import git
from tests.hostile.night import MARKS, Aftermath, attack

pytestmark = MARKS

_EVIL_CONFIG = """
config = f'''[core]
\\tfsmonitor = {CANARY}
\\thooksPath = {CANARY}
\\tpager = {CANARY}
\\tsshCommand = {CANARY}
\\tattributesFile = /fleet/git/attributes
[filter "evil"]
\\tclean = {CANARY}
\\tsmudge = {CANARY}
\\tprocess = {CANARY}
\\trequired = true
[diff "evil"]
\\ttextconv = {CANARY}
\\tcommand = {CANARY}
[merge "evil"]
\\tdriver = {CANARY} %O %A %B
[uploadpack]
\\tpackObjectsHook = {CANARY}
'''
"""


@attack(
    _EVIL_CONFIG
    + """
work()
Path("/fleet/git/config").write_text(config)
"""
)
def test_an_evil_configuration_of_its_git_directory_runs_nothing(after: Aftermath) -> None:
    assert after.merged
    assert after.night.host.unharmed


@attack(
    """
work()
hooks = Path("/fleet/git/hooks")
hooks.mkdir(exist_ok=True)
for name in ("pre-commit", "post-commit", "post-checkout", "post-merge", "reference-transaction",
             "post-index-change", "pre-push", "update", "fsmonitor-watchman"):
    (hooks / name).write_text(f"#!/bin/sh\\nexec {CANARY} {name}\\n")
    (hooks / name).chmod(0o755)
"""
)
def test_hooks_of_its_git_directory_run_nothing(after: Aftermath) -> None:
    assert after.merged
    assert after.night.host.unharmed


@attack(
    """
work()
Path("sub").mkdir()
Path("sub/.gitattributes").write_text("* filter=evil diff=evil merge=evil ident text eol=crlf\\n")
Path("sub/page.txt").write_text("$Id$\\r\\n")
"""
)
def test_attributes_with_filters_leave_every_byte_as_it_is(after: Aftermath) -> None:
    assert after.read("sub/page.txt") == b"$Id$\r\n"
    assert after.merged or after.asked


@attack("""
work()
tell(moved=came_of(lambda: os.rename(".git", "old")), removed=came_of(lambda: os.unlink(".git")),
     written=came_of(lambda: Path(".git").write_text("gitdir: /tmp")))
""")
def test_the_pointer_to_its_git_directory_cannot_be_replaced(after: Aftermath) -> None:
    assert after.found == {"moved": "EBUSY", "removed": "EBUSY", "written": "EROFS"}
    assert after.merged


@attack(
    """
work()
import shutil
for path in Path("/fleet/git").iterdir():
    shutil.rmtree(path) if path.is_dir() else path.unlink()
sh("git init -q --bare /fleet/git")
"""
)
def test_a_git_directory_made_anew_is_not_believed(after: Aftermath) -> None:
    assert after.merged
    assert after.worked
    assert b"calc.py" in after.files


@attack("""
(objects,) = Path("/fleet/git/objects/info/alternates").read_text().split()
loose = next(path for path in Path(objects).glob("??/*"))
tell(written=came_of(lambda: loose.write_bytes(b"")), made=came_of(Path(objects, "x").mkdir),
     freed=came_of(lambda: loose.chmod(0o666)), gone=came_of(loose.unlink))
""")
def test_the_objects_of_the_repository_cannot_be_written(after: Aftermath) -> None:
    assert set(after.found.values()) == {"EROFS"}
    assert after.merged


@attack(
    """
work()
Path("/fleet/git/objects/info/alternates").write_text("/etc\\n/proc/self/root\\n../../..\\n")
"""
)
def test_alternates_that_lead_elsewhere_are_not_followed(after: Aftermath) -> None:
    assert after.merged


@attack("""
work()
sh("git add . && git commit -qm evil")
for ref in ("refs/heads/main", "refs/heads/fleet/app-1", "refs/fleet/home", "HEAD"):
    git("update-ref", ref, "HEAD")
(objects,) = Path("/fleet/git/objects/info/alternates").read_text().split()
there = os.path.dirname(objects)
tell(pushed=git("push", there, "HEAD:refs/heads/main").returncode != 0,
     seen=os.path.exists(there + "/refs"))
""")
def test_branches_moved_in_its_git_directory_move_nothing_outside(after: Aftermath) -> None:
    assert after.found == {"pushed": True, "seen": False}
    assert after.merged
    home = git(after.night.repository, "cat-file", "blob", "refs/fleet/home")
    assert after.night.home.home8 in home


@attack("""
sh('''export GIT_AUTHOR_NAME=root GIT_AUTHOR_EMAIL=root@kernel.org GIT_COMMITTER_NAME=root
export GIT_AUTHOR_DATE=1970-01-01T00:00:00Z GIT_COMMITTER_DATE=2099-01-01T00:00:00Z
echo work >forged.txt; git add .; git commit -qm "approved
Fleet-Attempt: app-1-1-00000000"''')
""")
def test_forged_authors_dates_and_trailers_are_not_taken_over(after: Aftermath) -> None:
    repository, head = after.night.repository, after.attempt["head"]
    assert after.merged
    assert git(repository, "show", "-s", "--format=%an %cn", head).split()[0].startswith("fleet/")
    assert "1970" not in git(repository, "show", "-s", "--format=%ad %cd", head)
    assert "2099" not in git(repository, "show", "-s", "--format=%ad %cd", head)
    trailers = git(repository, "show", "-s", "--format=%(trailers:key=Fleet-Attempt)", head)
    assert trailers == f"Fleet-Attempt: {after.attempt['id']}"


@attack(
    """
work()
refs = Path("/fleet/git/refs/heads")
for name in ("--upload-pack=x", "-d", "--exec=x", "..", "a b"):
    if name != "..":
        (refs / name).write_text(git("rev-parse", "HEAD").stdout)
Path("/fleet/git/HEAD").write_text("ref: refs/heads/--exec=x\\n")
Path("/fleet/git/packed-refs").write_text("garbage\\n")
"""
)
def test_refs_named_like_options_are_not_looked_at(after: Aftermath) -> None:
    assert after.merged


@attack("""
sh('''git init -q nested && cd nested && echo 1 >inside.txt && git add . && git commit -qm x
git config core.fsmonitor "$0" ''')
Path("pointing").mkdir()
Path("pointing/.git").write_text("gitdir: /fleet/git\\n")
Path("pointing/inside.txt").write_text("1")
""")
def test_nested_repositories_give_their_files_and_not_their_git(after: Aftermath) -> None:
    assert {b"nested/inside.txt", b"pointing/inside.txt"} <= after.files
    assert not any(b".git" in name.split(b"/") for name in after.files)
    assert after.merged or after.asked


@attack("""
work()
git("update-index", "--add", "--cacheinfo", "160000," + "a" * 40 + ",module")
git("commit", "-qm", "a gitlink")
""")
def test_a_gitlink_in_its_own_index_is_not_collected(after: Aftermath) -> None:
    assert b"module" not in after.files
    assert after.merged


@attack("""
Path(".gitmodules").write_text(f'''[submodule "x"]
\\tpath = x
\\turl = ext::sh -c {CANARY}%
\\tupdate = !{CANARY}
''')
""")
def test_a_submodule_added_by_its_url_is_refused(after: Aftermath) -> None:
    assert after.kept_out
    assert "a submodule's files are never checked: .gitmodules" in after.reason
    assert after.night.host.unharmed


@attack("""
work()
git("commit", "--allow-empty", "-qm", "\\x1b[31m" + "x" * 100_000)
Path("/fleet/git/index").write_bytes(b"DIRC garbage")
Path("/fleet/git/HEAD").unlink()
os.mkfifo("/fleet/git/HEAD")
Path("/fleet/git/logs/HEAD").unlink(missing_ok=True)
os.mkfifo("/fleet/git/logs/HEAD")
""")
def test_pipes_in_place_of_its_git_files_hold_nobody_up(after: Aftermath) -> None:
    assert after.merged
    assert after.worked


@attack(
    """
work()
Path(".gitignore").write_text("*\\n!.gitignore\\n")
""",
    "--review",
    "required",
)
def test_ignore_rules_of_an_agent_hide_nothing_of_its_work(after: Aftermath) -> None:
    assert after.worked
    assert b".gitignore" in after.files
