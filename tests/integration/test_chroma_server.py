"""A Chroma server in place of the embedded one: down, hanging, emptied by others."""

import logging
import signal
import socket

import pytest

from fleet.adapters.chroma import stores
from fleet.adapters.chroma.index import collection_name, opened
from fleet.adapters.guarded_index import guarded_index
from fleet.domain.errors import IndexDamagedError, IndexDownError, TransientError
from fleet.memory_ports import WHOLE
from tests.builders import HOME8
from tests.lessons import SPACE, answers, entries, free_port, ids, quiet, served, vectors

pytestmark = pytest.mark.timeout(300)

WANTED = entries(60, projects=("", "APP"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "memory" / "chroma"


def reasons(caplog):
    return [each.reason for each in caplog.records if each.levelno == logging.ERROR]


def filled(folder, address):
    index = guarded_index(folder, address, home8=HOME8)
    assert index.check(SPACE, WANTED) != WHOLE
    index.rebuild(SPACE, WANTED, quiet)
    return index


def test_no_folder_and_no_lock_is_made_beside_a_server(folder, tmp_path):
    with served(tmp_path / "db") as (address, _):
        index = filled(folder, address)

        assert ids(index.nearest(SPACE, WANTED["L-2"].vector, k=1, project="APP")) == ["L-2"]
        index.close()

    assert not folder.parent.exists()


def test_a_server_that_is_not_there_is_down_and_not_damaged(folder):
    index = opened(folder, f"127.0.0.1:{free_port()}", home8=HOME8)

    with pytest.raises(IndexDownError, match="does not answer") as refused:
        index.check(SPACE, WANTED)

    assert isinstance(refused.value, TransientError)
    assert "memory:" in refused.value.remedy
    index.close()


def test_another_server_than_chromas_is_refused(folder):
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"welcome")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        index = opened(folder, f"127.0.0.1:{server.server_port}", home8=HOME8)
        with pytest.raises(IndexDownError):
            index.check(SPACE, WANTED)
        index.close()
        server.shutdown()
        thread.join()


def test_a_server_that_dies_is_answered_for_exactly_and_used_again_when_it_is_back(
    folder, tmp_path, caplog
):
    with served(tmp_path / "db") as (address, process):
        index = filled(folder, address)
        before = answers(index, WANTED)
        caplog.clear()
        process.kill()
        process.wait()

        assert answers(index, WANTED) == before
        fresh = entries(61, projects=("", "APP"))
        index.put(SPACE, {"L-61": fresh["L-61"]})
        assert ids(index.nearest(SPACE, fresh["L-61"].vector, k=1)) == ["L-61"]
    assert all("does not answer" in reason for reason in reasons(caplog))

    with served(tmp_path / "db", int(address.rpartition(":")[2])):
        index.drop(SPACE, ["L-1"])
        index.close()
        again = opened(folder, address, home8=HOME8)
        fresh.pop("L-1")
        assert again.check(SPACE, fresh) == WHOLE
        again.close()


def test_two_homes_on_one_server_leave_each_others_lessons_alone(folder, tmp_path):
    with served(tmp_path / "db") as (address, _):
        ours = opened(folder, address, home8="0badcafe")
        theirs = opened(folder, address, home8="deadbeef")
        ours.rebuild(SPACE, WANTED, quiet)
        other = entries(7, seed=2)

        assert theirs.check(SPACE, other).missing == other.keys()
        theirs.rebuild(SPACE, other, quiet)

        assert ours.check(SPACE, WANTED) == WHOLE
        assert theirs.check(SPACE, other) == WHOLE
        ours.close()
        theirs.close()


def test_a_server_that_hangs_keeps_nobody_for_long(folder, tmp_path, monkeypatch):
    # it is filled within this, too
    monkeypatch.setattr(stores, "_SLOWEST", 6.0)
    monkeypatch.setattr(stores, "_ANSWERS", 6.0)
    with served(tmp_path / "db") as (address, process):
        index = filled(folder, address)
        before = answers(index, WANTED)
        process.send_signal(signal.SIGSTOP)

        assert answers(index, WANTED) == before

        other = opened(folder, address, home8=HOME8)
        with pytest.raises(IndexDownError):
            other.check(SPACE, WANTED)
        process.send_signal(signal.SIGCONT)
        index.close()
        other.close()


def test_a_port_that_takes_connections_and_says_nothing_is_down(folder, monkeypatch):
    monkeypatch.setattr(stores, "_ANSWERS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = opened(folder, f"127.0.0.1:{silent.getsockname()[1]}", home8=HOME8)

        with pytest.raises(IndexDownError):
            index.nearest(SPACE, vectors(1)[0], k=1)

        index.close()


def test_a_collection_that_somebody_deleted_is_made_anew_and_no_answer_is_missed(
    folder, tmp_path, caplog
):
    with served(tmp_path / "db") as (address, _):
        index = filled(folder, address)
        before = answers(index, WANTED)
        caplog.clear()
        store = stores.ServerStore(address)
        with store.calls() as client:
            client.delete_collection(collection_name(f"{HOME8}-{SPACE}"))
        store.close()
        lonely = opened(folder, address, home8=HOME8)
        with pytest.raises(IndexDamagedError):
            lonely.nearest(SPACE, vectors(1)[0], k=1)

        assert answers(index, WANTED) == before
        assert "NotFoundError" in reasons(caplog)[0]
        assert lonely.check(SPACE, WANTED) == WHOLE
        lonely.close()
        index.close()
