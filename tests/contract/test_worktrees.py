"""The port Worktrees on real git: what is refused, and how an attempt's place comes and goes."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.adapters.git import files
from fleet.adapters.git.files import make_spread
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.domain.errors import WorkspaceError
from fleet.ports import Worktrees
from tests.builders import HOME8, an_attempt
from tests.contract.worktrees import StillClock, a_stage, files_below, finished
from tests.repos import a_commit, a_repository, git, write


def test_it_is_the_port(tmp_path):
    assert isinstance(a_stage(tmp_path).worktrees, Worktrees)


def test_a_good_repository_answers_its_tip_and_is_claimed(tmp_path):
    stage = a_stage(tmp_path)

    tip = stage.worktrees.validate(stage.project)

    assert tip == stage.git("rev-parse", "main") == stage.worktrees.validate(stage.project)
    assert stage.git("cat-file", "blob", "refs/fleet/home").splitlines() == [
        HOME8,
        str(stage.home),
    ]


def test_a_second_home_is_refused_with_the_path_of_the_first(tmp_path):
    stage = a_stage(tmp_path)
    stage.worktrees.validate(stage.project)
    other = GitWorktrees(tmp_path / "other", "feedf00d", StillClock(), variables={})

    with pytest.raises(WorkspaceError, match=rf"belongs to the fleet home {stage.home}.*take-over"):
        other.validate(stage.project)

    other.take_over(stage.project)
    other.validate(stage.project)
    with pytest.raises(WorkspaceError, match="other"):
        stage.worktrees.validate(stage.project)


def test_a_path_without_a_repository_is_refused(tmp_path):
    stage = a_stage(tmp_path)
    (tmp_path / "plain").mkdir()

    for name, said in (("absent", "does not exist"), ("plain", "is no git repository")):
        project = replace(stage.project, path=str(tmp_path / name))
        with pytest.raises(WorkspaceError, match=said):
            stage.worktrees.validate(project)


def test_a_folder_inside_a_repository_is_refused(tmp_path):
    stage = a_stage(tmp_path, {"sub/file": "x"})

    with pytest.raises(WorkspaceError, match="top folder"):
        stage.worktrees.validate(replace(stage.project, path=str(stage.repository / "sub")))


def test_an_empty_repository_is_refused(tmp_path):
    stage = a_stage(tmp_path)
    git(tmp_path, "init", "--quiet", "empty")

    with pytest.raises(WorkspaceError, match=r"is empty.*first commit on 'main'"):
        stage.worktrees.validate(replace(stage.project, path=str(tmp_path / "empty")))


def test_a_missing_target_is_refused_with_the_branches_there_are(tmp_path):
    stage = a_stage(tmp_path)

    with pytest.raises(WorkspaceError, match=r"no branch 'stable'.*main"):
        stage.worktrees.validate(replace(stage.project, target="stable"))


def test_only_branches_that_may_be_a_target_are_offered(tmp_path):
    stage = a_stage(tmp_path)
    git(stage.repository, "branch", "größe")

    with pytest.raises(WorkspaceError, match=r"no branch 'stable'.*one of: main\)$"):
        stage.worktrees.validate(replace(stage.project, target="stable"))
    git(stage.repository, "branch", "-m", "main", "größer")
    with pytest.raises(WorkspaceError, match=r"make one; a target's name is of letters a to z"):
        stage.worktrees.validate(replace(stage.project, target="stable"))


def test_a_partial_clone_is_refused(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("config", "core.repositoryFormatVersion", "1")
    stage.git("config", "extensions.partialClone", "origin")

    with pytest.raises(WorkspaceError, match="partial clone"):
        stage.worktrees.validate(stage.project)


def test_a_bare_repository_and_a_linked_worktree_are_projects_too(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    stage.git("clone", "--quiet", "--bare", str(stage.repository), str(tmp_path / "bare"))
    stage.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))

    for number, name in enumerate(("bare", "linked"), start=1):
        project = replace(stage.project, path=str(tmp_path / name))
        attempt = an_attempt(number=number)
        stage.worktrees.validate(project)
        space = stage.worktrees.prepare(project, attempt.id, branch=attempt.branch, fresh=False)
        assert files_below(Path(space.path)) == {"a": b"1"}


def test_borrowed_objects_are_named_for_the_mount(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("clone", "--quiet", "--shared", str(stage.repository), str(tmp_path / "shared"))
    project = replace(stage.project, path=str(tmp_path / "shared"))

    space = stage.worktrees.prepare(project, "app-1-1", branch="fleet/app-1", fresh=False)

    assert space.objects == (
        str(tmp_path / "shared/.git/objects"),
        str(stage.repository / ".git/objects"),
    )


def test_a_worktree_is_detached_at_the_branch_made_at_the_target(tmp_path):
    stage = a_stage(tmp_path, {"a": "1", "bin/x": "2"})

    space = stage.prepared(finished())

    tip = stage.git("rev-parse", "main")
    assert space.base == tip == stage.worktrees.head(stage.project, "fleet/app-1")
    assert files_below(Path(space.path)) == {"a": b"1", "bin/x": b"2"}
    assert f"{space.path} " in stage.git("worktree", "list")
    assert git(Path(space.path), "status", "--porcelain", "--branch") == "## HEAD (no branch)"


def test_the_private_git_directory_has_status_log_and_commit_and_one_branch(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    stage.git("branch", "secret")
    space = stage.prepared(finished())
    private = (f"--git-dir={space.git_dir}", f"--work-tree={space.path}")

    assert git(tmp_path, *private, "status", "--porcelain", "--branch") == "## fleet/app-1"
    assert git(tmp_path, *private, "for-each-ref", "--format=%(refname)") == (
        "refs/heads/fleet/app-1"
    )
    write(Path(space.path), {"a": "2"})
    git(tmp_path, *private, "commit", "--quiet", "--all", "--message", "mine")

    assert git(tmp_path, *private, "log", "--format=%s") == "mine\nchange"
    assert stage.git("rev-parse", "fleet/app-1") == space.base
    assert Path(space.git_file).read_text() == "gitdir: /fleet/git\n"


def test_preparing_twice_finds_the_work_of_the_first(tmp_path):
    stage = a_stage(tmp_path)
    first = stage.prepared(finished())
    write(Path(first.path), {"work": "in hand"})
    a_commit(stage.repository, {"later": "x"})

    assert stage.prepared(finished(), fresh=True) == first
    assert (Path(first.path) / "work").read_text() == "in hand"


def test_a_successor_starts_at_the_branchs_head(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "1"}).head

    space = stage.prepared(finished(2))

    assert space.base == head
    assert (Path(space.path) / "work").read_text() == "1"


def test_fresh_starts_at_the_target_and_keeps_the_old_head(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "1"}).head
    second = finished(2)

    space = stage.prepared(second, fresh=True)

    assert space.base == stage.git("rev-parse", "main")
    assert stage.git("rev-parse", f"refs/fleet/kept/{second.id}-before") == head


def test_submodules_and_lfs_are_not_populated_and_said(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    files = {"big.bin": pointer, ".gitattributes": "*.bin filter=lfs -text\n"}
    stage = a_stage(tmp_path, files | {".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = s\n'})
    stage.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},s")
    stage.git("commit", "--quiet", "--message", "link")
    stage.git("config", "filter.lfs.smudge", "false")
    stage.git("config", "filter.lfs.required", "true")

    space = stage.prepared(finished())

    assert (Path(space.path) / "big.bin").read_text() == pointer
    assert ["submodules" in space.notes[0], "LFS" in space.notes[1]] == [True, True]
    assert stage.collected(finished()).diff == ()


def test_removing_leaves_nothing_of_the_attempt_and_is_fine_twice(tmp_path):
    stage = a_stage(tmp_path)
    space = stage.prepared(finished())
    write(Path(space.path), {"sealed/file": "x"})
    (Path(space.path) / "sealed").chmod(0)

    stage.worktrees.remove(stage.project, finished().id)
    stage.worktrees.remove(stage.project, finished().id)

    assert not Path(space.path).exists()
    assert not Path(space.git_dir).exists()
    assert len(stage.git("worktree", "list").splitlines()) == 1


def test_removing_leaves_the_users_worktrees_on_an_absent_disk_alone(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "stick"))
    (tmp_path / "stick").rename(tmp_path / "unplugged")
    stage.prepared(finished())

    stage.worktrees.remove(stage.project, finished().id)

    assert str(tmp_path / "stick") in stage.git("worktree", "list")


def test_forty_attempts_are_prepared_in_parallel(tmp_path):
    stage = a_stage(tmp_path)
    attempts = [an_attempt(f"APP-{number}") for number in range(1, 41)]

    with ThreadPoolExecutor(8) as crew:
        spaces = list(crew.map(stage.prepared, attempts))

    assert len({space.path for space in spaces}) == 40
    assert len(stage.git("worktree", "list").splitlines()) == 41


def test_a_name_that_is_a_way_out_of_the_home_is_refused(tmp_path):
    stage = a_stage(tmp_path)

    for name in ("../x", "a/b", "", ".hidden"):
        with pytest.raises(WorkspaceError, match="cannot name a folder"):
            stage.worktrees.prepare(stage.project, name, branch="fleet/app-1", fresh=False)


def test_a_home_that_cannot_be_written_is_said_in_one_line(tmp_path):
    stage = a_stage(tmp_path)
    (tmp_path / "home").write_text("a file, no folder")

    with pytest.raises(WorkspaceError, match="home"):
        stage.worktrees.validate(stage.project)


def test_a_repository_on_another_hash_works_the_same(tmp_path):
    stage = a_stage(tmp_path)
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main", "wide")
    a_commit(tmp_path / "wide", {"a": "1"})
    project = replace(stage.project, path=str(tmp_path / "wide"))
    space = stage.worktrees.prepare(project, finished().id, branch="fleet/app-1", fresh=False)
    write(Path(space.path), {"a": "2"})

    head = stage.worktrees.collect(project, finished(), message="m").head

    assert len(head) == 64
    assert git(tmp_path / "wide", "show", f"{head}:a") == "2"


def test_a_repository_helper_makes_what_it_says(tmp_path):
    path = a_repository(tmp_path / "r", {"x": "1"}, branch="trunk")

    assert git(path, "ls-tree", "--name-only", "trunk") == "x"


def test_folders_whose_trees_come_and_go_are_spread_where_the_disk_can(tmp_path):
    make_spread(tmp_path / "a" / "b")
    make_spread(tmp_path / "a" / "b")  # again: nothing changes
    make_spread(Path("/dev/shm") / tmp_path.name)  # a file system that knows no such thing
    (Path("/dev/shm") / tmp_path.name).rmdir()

    kind = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, check=True)
    listed = subprocess.run(
        ["lsattr", "-d", tmp_path / "a" / "b"], capture_output=True, check=False
    )
    assert (b"T" in listed.stdout.split(b" ")[0]) == (b"ext" in kind.stdout)


def test_git_knows_the_worktree_and_finds_it_clean(tmp_path):
    stage = a_stage(tmp_path, {"a": "1", "run.sh": "#!/bin/sh\n"})
    space = stage.prepared(finished())

    assert git(Path(space.path), "status", "--porcelain") == ""
    assert git(Path(space.path), "rev-parse", "HEAD") == space.base
    listed = stage.git("worktree", "list", "--porcelain")
    assert f"worktree {space.path}\nHEAD {space.base}\ndetached" in listed
    stage.git("worktree", "prune")
    assert f"worktree {space.path}\n" in stage.git("worktree", "list", "--porcelain")


def test_a_prune_of_the_users_meanwhile_does_not_take_a_worktree_away(tmp_path, monkeypatch):
    stage = a_stage(tmp_path)
    plain = files.write

    def pruned(*given):
        stage.git("worktree", "prune")
        plain(*given)
        stage.git("worktree", "prune")

    monkeypatch.setattr("fleet.adapters.git.prepare.write", pruned)

    space = stage.prepared(finished())

    stage.git("worktree", "prune")
    assert space.path in stage.git("worktree", "list")


def test_a_branch_is_found_loose_packed_or_not_at_all(tmp_path):
    stage = a_stage(tmp_path)
    tip = stage.git("rev-parse", "main")
    stage.git("branch", "fleet/APP-1")
    stage.git("symbolic-ref", "refs/heads/alias", "refs/heads/fleet/APP-1")

    def heads():
        names = ("fleet/APP-1", "alias", "APP-1", "fleet", "fleet/APP-12")
        return [stage.worktrees.head(stage.project, name) for name in names]

    assert heads() == [tip, tip, None, None, None]
    stage.git("pack-refs", "--all")
    assert heads() == [tip, tip, None, None, None]
