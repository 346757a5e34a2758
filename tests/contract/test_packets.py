"""What a container is given beside its worktree: packets of an attempt, shelves of a task."""

import os
import subprocess
from pathlib import Path

from fleet.adapters.home import FolderPackets
from fleet.ports import Packets


def a_shelf(packets, task="APP-1"):
    return Path(packets.shelf(task, "claude", uid=os.geteuid(), gid=os.getegid()))


def test_it_is_the_port(tmp_path):
    assert isinstance(FolderPackets(tmp_path), Packets)


def test_a_file_below_a_folder_is_written_whole_for_its_owner_alone(tmp_path):
    packets = FolderPackets(tmp_path)
    files = {"packet.json": "{}", "skills/deploy/SKILL.md": "deploy"}

    folder = Path(packets.write("app-1-1", files, uid=os.geteuid(), gid=os.getegid()))
    packets.write("app-1-1", files, uid=os.geteuid(), gid=os.getegid())

    found = [path for path in folder.rglob("*") if path.is_file()]
    assert {str(path.relative_to(folder)): path.read_text() for path in found} == files
    assert {path.stat().st_mode & 0o777 for path in found} == {0o400}


def test_what_a_power_cut_left_empty_is_written_anew_and_nothing_else_is(tmp_path):
    packets, owner = FolderPackets(tmp_path), {"uid": os.geteuid(), "gid": os.getegid()}
    folder = Path(packets.write("app-1-1", {"packet.json": "1", "context.json": "2"}, **owner))
    (folder / "packet.json").unlink()
    (folder / "packet.json").touch(0o400)

    packets.write("app-1-1", {"packet.json": "3", "context.json": "4"}, **owner)

    assert (folder / "packet.json").read_text() == "3"
    assert (folder / "context.json").read_text() == "2"


def test_a_shelf_is_found_again_and_is_its_owners_alone(tmp_path):
    packets = FolderPackets(tmp_path)

    (a_shelf(packets) / "session.json").write_text("{}")

    assert (a_shelf(packets) / "session.json").read_text() == "{}"
    assert a_shelf(packets).stat().st_mode & 0o777 == 0o700
    assert a_shelf(packets, "APP-2") != a_shelf(packets)


def test_shelves_go_with_their_task_whatever_a_container_made_of_them(tmp_path):
    packets = FolderPackets(tmp_path)
    theirs, others = a_shelf(packets), a_shelf(packets, "APP-2")
    outside = tmp_path / "outside"
    outside.mkdir()
    (theirs / "link").symlink_to(outside)
    deep = theirs
    for _ in range(200):
        deep = deep / "d"
    subprocess.run(["mkdir", "-p", deep], check=True)
    theirs.joinpath("d").chmod(0)

    packets.drop_shelves("APP-1")
    packets.drop_shelves("APP-1")

    assert not theirs.exists()
    assert outside.exists()
    assert others.exists()
