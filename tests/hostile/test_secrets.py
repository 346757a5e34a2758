"""An agent that looks for secrets, and one that leaves them: none is found, none is merged."""

from tests.hostile.night import MARKS, SECRET, Aftermath, attack

pytestmark = MARKS

# put together here, so that no scanner takes this file for a leak
_AWS_ID, _AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLQ", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzQ9vR4kLmT"


@attack("""
import glob
found = dict(os.environ)
for path in [*glob.glob("/proc/*/environ"), *glob.glob("/proc/*/cmdline"), *glob.glob("/fleet/**"),
             *glob.glob("/run/secrets/*"), *glob.glob("/home/agent/.*"), *glob.glob("/dev/shm/*")]:
    try:
        found[path] = Path(path).read_text(errors="replace")
    except OSError as error:
        found[path] = str(error)
for name, text in sorted(found.items()):
    print(name, text)
tell(**found)
""")
def test_secrets_of_the_coordinator_are_not_in_reach(after: Aftermath) -> None:
    assert SECRET not in str(after.found)
    assert "ALICE_TOKEN" not in str(after.found)
    assert SECRET not in after.log


@attack("""
tell(secret=came_of(lambda: os.listdir("/fleet/secret")),
     written=came_of(lambda: Path("/fleet/secret/x").write_text("x")),
     state=came_of(lambda: Path("/fleet/state/x").write_text("x")))
""")
def test_an_agent_without_an_account_has_no_secret_folder(after: Aftermath) -> None:
    assert after.found["secret"] == "ENOENT"
    assert "done" not in after.found.values()


@attack(f"""
Path("settings.py").write_text('''aws_access_key_id = "{_AWS_ID}"
aws_secret_access_key = "{_AWS_KEY}"
''')
""")
def test_a_secret_in_the_diff_is_not_merged_without_a_humans_yes(after: Aftermath) -> None:
    assert after.kept_out
    assert "settings.py" in after.asked or "settings.py" in after.reason


@attack("""
Path("id_rsa").write_text("-----BEGIN RSA " + "PRIVATE KEY-----\\n" + "MIIEow" * 40 + "\\n")
""")
def test_a_private_key_in_the_diff_is_not_merged_without_a_humans_yes(after: Aftermath) -> None:
    assert after.kept_out
    assert "id_rsa" in after.asked or "id_rsa" in after.reason


@attack("""
import json
here = {json.loads(path.read_text())["task_id"] for path in Path("/").rglob("packet.json")}
spaces = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
tell(packets=sorted(here), workspaces=[place for place in spaces if "worktrees" in place],
     precious=came_of(lambda: os.stat(PRECIOUS)), canary=came_of(lambda: os.stat(CANARY)))
""")
def test_other_attempts_and_the_hosts_files_are_not_in_reach(after: Aftermath) -> None:
    assert after.found["packets"] == [after.key]
    assert after.found["workspaces"] == []
    assert after.found["precious"] == after.found["canary"] == "ENOENT"
    assert after.merged
