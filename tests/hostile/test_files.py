"""An agent that leaves odd files: outside nothing is read or written, and nobody is held up."""

from tests.hostile.night import MARKS, Aftermath, attack

pytestmark = MARKS


@attack("""
os.symlink("/etc/passwd", "passwd")
os.symlink(PRECIOUS, "precious")
os.symlink("../" * 20 + "etc", "folder")
""")
def test_links_out_of_the_tree_are_not_followed_and_refused(after: Aftermath) -> None:
    assert after.kept_out
    assert "a link leads out of the tree: folder, passwd, precious" in after.reason
    assert after.read("passwd") == b"/etc/passwd"
    assert after.night.host.unharmed


@attack("""
import shutil
shutil.rmtree("tests")
os.symlink("/etc", "tests")
os.unlink(".gitignore")
os.symlink("/etc/passwd", ".gitignore")
""")
def test_a_folder_replaced_by_a_link_is_not_followed(after: Aftermath) -> None:
    assert after.kept_out
    assert "a link leads out of the tree: .gitignore, tests" in after.reason
    assert not any(name.startswith(b"tests/") for name in after.files)


@attack("""
tell(outside=came_of(lambda: os.link("/etc/passwd", "passwd")),
     script=came_of(lambda: os.link("/opt/agent.py", "script")),
     packet=came_of(lambda: os.link("/fleet/packet.json", "packet")))
os.link("readme.txt", "twin.txt")
""")
def test_hard_links_cannot_leave_the_worktree(after: Aftermath) -> None:
    assert {after.found[name] for name in ("outside", "script", "packet")} == {"EXDEV"}
    assert after.merged
    assert after.read("twin.txt") == b"hello\n"


@attack("""
import socket
os.mkfifo("pipe")
os.unlink("spare.txt")
os.mkfifo("spare.txt")
socket.socket(socket.AF_UNIX).bind("socket")
work()
""")
def test_pipes_and_sockets_are_left_out_and_named(after: Aftermath) -> None:
    assert {b"pipe", b"socket", b"spare.txt"}.isdisjoint(after.files)
    assert after.worked
    for name in ("pipe", "socket", "spare.txt"):
        assert f"{name} is left out" in after.log


@attack("""
import stat
tell(disk=came_of(lambda: os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))),
     memory=came_of(lambda: os.mknod("memory", 0o600 | stat.S_IFCHR, os.makedev(1, 1))),
     mount=sh("mount -t tmpfs none /workspace/tests").returncode != 0,
     space=sh("unshare --mount --map-root-user true").returncode != 0)
""")
def test_devices_and_mounts_are_refused(after: Aftermath) -> None:
    assert after.found == {"disk": "EPERM", "memory": "EPERM", "mount": True, "space": True}
    assert after.merged


@attack("""
for name in ("-rf", "--exec=x", "new\\nline", 'quote"d', "tab\\there", " ", ":(top)x",
             "back\\\\slash", "star*", "#", "\\x1b[2J", "$(reboot)", "`reboot`", "a;b",
             "\\u202egpj.exe"):
    Path(name).write_text(name)
Path(os.fsdecode(b"\\xff\\xfe")).write_text("bytes")
""")
def test_names_of_any_bytes_are_kept_as_they_are_and_ask_a_human(after: Aftermath) -> None:
    assert {b"-rf", b"new\nline", b"$(reboot)", b"\x1b[2J", b"\xff\xfe"} <= after.files
    assert after.kept_out
    assert "-rf" in after.asked


@attack("""
Path("README.TXT").write_text("another")
Path("Tests").mkdir()
Path("Tests/more.txt").write_text("more")
""")
def test_names_that_differ_by_case_alone_ask_a_human(after: Aftermath) -> None:
    assert after.kept_out
    assert {"README.TXT", "Tests/more.txt"} <= set(after.asked)


@attack("""
for name in (".GIT/config", "sub/git~1/hooks/post-checkout", "a/.g\\u200cit/config", ".git./x"):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("[core]\\n\\tfsmonitor = " + CANARY)
work()
""")
def test_names_that_are_dot_git_elsewhere_are_left_out(after: Aftermath) -> None:
    assert after.files & {b".GIT/config", b"sub/git~1/hooks/post-checkout", b".git./x"} == set()
    assert after.merged
    assert ".GIT is left out" in after.log


@attack(
    """
for folder in range(100):
    place = Path(f"many/{folder:03}")
    place.mkdir(parents=True)
    for number in range(1000):
        (place / f"{number:04}").touch()
""",
    "--review",
    "required",
    "--priority",
    "critical",
    attempt_timeout="300s",
)
def test_a_hundred_thousand_files_hold_nobody_up(after: Aftermath) -> None:
    assert len(after.files) > 100_000
    assert after.kept_out
    assert "large" in after.reason


@attack("""
place = os.open(".", os.O_RDONLY)
for _ in range(1000):
    os.mkdir("deep-folder", dir_fd=place)
    below = os.open("deep-folder", os.O_RDONLY, dir_fd=place)
    os.close(place)
    place = below
os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=place))
work()
""")
def test_a_thousand_folders_deep_is_named_and_left_out(after: Aftermath) -> None:
    assert after.worked
    assert "cannot be read" in after.log
    assert after.merged


@attack("""
place = os.open(".", os.O_RDONLY)
for _ in range(300):
    os.mkdir("d" * 250, dir_fd=place)
    below = os.open("d" * 250, os.O_RDONLY, dir_fd=place)
    os.close(place)
    place = below
os.close(os.open("f" * 250, os.O_CREAT | os.O_WRONLY, dir_fd=place))
tell(long=came_of(lambda: Path("x" * 66_000).touch()),
     name=came_of(lambda: Path("x" * 256).touch()))
""")
def test_a_path_longer_than_64_kib_is_named_and_left_out(after: Aftermath) -> None:
    assert after.found == {"long": "ENAMETOOLONG", "name": "ENAMETOOLONG"}
    assert "cannot be read" in after.log
    assert after.merged


@attack("""
import zipfile
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
    for number in range(4):
        bomb.writestr(f"{number}", bytes(2**28))
""")
def test_a_zip_bomb_is_not_opened_and_asks_a_human(after: Aftermath) -> None:
    assert after.kept_out
    assert after.asked == ["bomb.zip"]
    assert len(after.read("bomb.zip")) < 2**22


@attack("""
import shutil
shutil.copy("/bin/sh", "shell")
os.chmod("shell", 0o6755)
tell(owned=came_of(lambda: os.chown("shell", 12345, 12345)))
""")
def test_a_setuid_file_loses_its_bits_and_cannot_change_its_owner(after: Aftermath) -> None:
    assert after.found["owned"] == "EPERM"
    assert after.mode("shell") == "100755"
    assert after.kept_out


@attack("""
with open("huge.bin", "wb") as file:
    file.truncate(2**40)
work()
""")
def test_a_sparse_terabyte_is_named_and_left_out(after: Aftermath) -> None:
    assert after.worked
    assert b"huge.bin" not in after.files
    assert "huge.bin is left out: 1099511627776 bytes are too many" in after.log
    assert after.merged


@attack("""
os.chmod("tests", 0)
os.chmod("readme.txt", 0)
Path("locked").mkdir()
Path("locked/x").write_text("x")
os.chmod("locked", 0o111)
""")
def test_files_that_nobody_may_read_hold_nobody_up(after: Aftermath) -> None:
    assert after.state != "running"
    assert after.night.home.containers() == []


@attack("""
for year in (0, 2**33):
    os.utime("calc.py", (year, year))
work()
os.utime(f"work-{KEY}.txt", (2**34, 2**34))
""")
def test_times_of_another_century_change_nothing(after: Aftermath) -> None:
    assert after.merged
    assert after.worked
