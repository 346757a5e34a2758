"""The model's tools: reached by the real client over stdio, they report and recall."""

import asyncio
import json
import os
import resource
import selectors
import shlex
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

from fleet_agent.post import Post
from tests.agent.stage import RUNNER, a_stage

pytestmark = pytest.mark.slow

TOOLS = {
    "report_progress",
    "report_error",
    "request_approval",
    "propose_lesson",
    "recall_lessons",
    "note_for_constitution",
    "record_decision",
}
LESSONS = [
    {"id": "L-1", "title": "Pin the formatter", "remedy": "pin ruff", "tags": ["ruff", "format"]},
    {"id": "L-2", "title": "Reset shared state", "problem": "tests fail in the full suite"},
    {"id": "L-3", "title": "Migrations have two heads", "remedy": "alembic merge heads"},
]


@contextmanager
def a_post(path, refusal=None, question=""):
    """The runner's side of the socket; yields the reports it took."""
    reports, over = [], threading.Event()

    def take(report):
        reports.append((report.type, report.fields))
        return refusal

    with selectors.DefaultSelector() as selector:
        post = Post(path, take, lambda: question)
        post.attach(selector)

        def answer():
            while not over.is_set():
                for key, _ in selector.select(0.02):
                    key.data()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield reports
        finally:
            over.set()
            thread.join()
            post.close()


@asynccontextmanager
async def a_client(**environment):
    server = StdioServerParameters(command=RUNNER[0], args=[*RUNNER[1:], "mcp"], env=environment)
    with Path(os.devnull).open("w") as nowhere:
        async with (
            stdio_client(server, errlog=nowhere) as streams,
            ClientSession(*streams) as client,
        ):
            await client.initialize()
            yield client


def all_called(calls, **environment):
    """Return of each call whether it succeeded, and the text of its answer."""

    async def call():
        async with a_client(**environment) as client:
            answers = [await client.call_tool(*each) for each in calls]
            return [(not answer.is_error, answer.content[0].text) for answer in answers]

    return asyncio.run(call())


def called(tool, arguments, **environment):
    (answer,) = all_called([(tool, arguments)], **environment)
    return answer


@pytest.fixture
def socket_path(tmp_path):
    return tmp_path / "socket"


def a_packet_file(tmp_path, **context):
    path = tmp_path / "packet.json"
    path.write_text(json.dumps({"task_id": "APP-12", "context": context}))
    return str(path)


def test_the_tools_are_listed_with_a_description_each():
    async def listed():
        async with a_client() as client:
            return (await client.list_tools()).tools

    tools = asyncio.run(listed())

    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.description for tool in tools)


def test_a_tool_becomes_a_report(socket_path):
    lesson = {"title": "t", "problem": "p", "cause": "c", "remedy": "r", "tags": ["x"]}
    calls = [
        ("report_progress", {"message": "half way", "percent": 50}),
        ("report_progress", {"message": "so"}),
        ("report_error", {"message": "no network", "kind": "network"}),
        ("request_approval", {"category": "web", "reason": "needs the index"}),
        ("propose_lesson", lesson),
        ("note_for_constitution", {"text": "Pin what you install."}),
        ("record_decision", {"decision": "cents", "reason": "floats round"}),
    ]

    with a_post(socket_path) as reports:
        answers = all_called(calls, FLEET_SOCKET=str(socket_path))

    assert all(taken for taken, _ in answers)
    assert reports == [
        ("progress", {"message": "half way", "percent": 50.0}),
        ("progress", {"message": "so", "percent": None}),
        ("error", {"message": "no network", "kind": "network"}),
        ("approval", {"category": "web", "reason": "needs the index"}),
        ("lesson", lesson | {"files": []}),
        ("constitution", {"text": "Pin what you install."}),
        ("decision", {"decision": "cents", "reason": "floats round"}),
    ]


def test_what_a_model_recalls_is_known_afterwards(socket_path, tmp_path):
    packet = a_packet_file(tmp_path, lessons=LESSONS[:1], lesson_candidates=LESSONS)
    environment = {"FLEET_SOCKET": str(socket_path), "FLEET_PACKET": packet}

    with a_post(socket_path) as reports:
        taken, _ = called("recall_lessons", {"query": "migration heads"}, **environment)

    assert taken
    assert [kind for kind, _ in reports] == ["progress"]
    assert reports[0][1]["message"].startswith("recalled L-")


def test_a_refusal_of_the_runner_is_answered_with_its_reason(socket_path):
    with a_post(socket_path, refusal="at most 10 lessons an attempt"):
        lesson = {"title": "t", "problem": "p", "cause": "c", "remedy": "r"}
        taken, answer = called("propose_lesson", lesson, FLEET_SOCKET=str(socket_path))

    assert not taken
    assert "at most 10 lessons an attempt" in answer


def test_what_the_runner_asks_is_told_with_the_answer_of_a_tool(socket_path, tmp_path):
    packet = a_packet_file(tmp_path, lesson_candidates=LESSONS)
    environment = {"FLEET_SOCKET": str(socket_path), "FLEET_PACKET": packet}
    calls = [
        ("report_progress", {"message": "half way"}),
        ("recall_lessons", {"query": "migration heads"}),
    ]

    with a_post(socket_path, question="What was learnt?"):
        (_, reported), (_, recalled) = all_called(calls, **environment)

    assert reported == "Taken.\n\nWhat was learnt?"
    assert recalled.startswith("title: Migrations have two heads")
    assert recalled.endswith("\n\nWhat was learnt?")


def test_bad_arguments_are_answered_and_the_next_call_works(socket_path):
    named = [
        ("report_progress", {}, "message"),
        ("report_progress", {"message": "x", "percent": 101}, "percent"),
        ("report_progress", {"message": "x", "percent": "all"}, "percent"),
        ("report_progress", {"message": " "}, "report.message"),
        ("report_progress", {"message": "long " * 5000}, "at most 16384 bytes"),
        ("propose_lesson", {"title": "t"}, "problem"),
        ("recall_lessons", {"query": "x", "k": 0}, "k"),
        ("forge_result", {"status": "success"}, "forge_result"),
    ]
    calls = [*((tool, bad) for tool, bad, _ in named), ("report_error", {"message": "here"})]

    with a_post(socket_path) as reports:
        *refused, last = all_called(calls, FLEET_SOCKET=str(socket_path))

    assert not any(taken for taken, _ in refused)
    assert all(word in answer for (_, answer), (_, _, word) in zip(refused, named, strict=True))
    assert last == (True, "Taken.")
    assert reports == [("error", {"message": "here", "kind": None})]


def test_a_long_report_in_any_script_is_taken(socket_path):
    story = "журнал " * 200
    lesson = {"title": "t", "problem": story, "cause": story, "remedy": story}

    with a_post(socket_path) as reports:
        taken, _ = called("propose_lesson", lesson, FLEET_SOCKET=str(socket_path))

    assert taken
    assert reports[0][1]["problem"].startswith("журнал журнал")


@pytest.mark.parametrize("environment", [{}, {"FLEET_SOCKET": "/nowhere/socket"}])
def test_without_a_runner_the_model_is_told_so(environment):
    taken, answer = called("report_progress", {"message": "x"}, **environment)

    assert not taken
    assert "FLEET_SOCKET" in answer or "/nowhere/socket" in answer


def test_lessons_and_candidates_are_searched_by_their_words(tmp_path):
    packet = a_packet_file(tmp_path, lessons=LESSONS[:1], lesson_candidates=LESSONS)

    _, answer = called("recall_lessons", {"query": "migration heads"}, FLEET_PACKET=packet)

    assert answer.startswith("title: Migrations have two heads")
    assert "Pin the formatter" not in answer


def test_nothing_in_common_is_said_so(tmp_path):
    packet = a_packet_file(tmp_path, lessons=LESSONS)

    taken, answer = called("recall_lessons", {"query": "kubernetes"}, FLEET_PACKET=packet)

    assert taken
    assert "No lesson" in answer


@pytest.mark.parametrize("text", [None, "no json", '{"context": {"lessons": 7}}'])
def test_a_packet_that_cannot_be_read_is_answered(tmp_path, text):
    path = tmp_path / "packet.json"
    if text is not None:
        path.write_text(text)

    known, answer = called("recall_lessons", {"query": "x"}, FLEET_PACKET=str(path))

    assert not known
    assert "packet" in answer


def test_a_request_for_approval_ends_the_attempt(tmp_path):
    agent = tmp_path / "agent.py"
    agent.write_text(f"""
import json, subprocess
server = subprocess.Popen({[*RUNNER, "mcp"]!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def ask(number, method, **params):
    line = {{"jsonrpc": "2.0", "id": number, "method": method, "params": params}}
    server.stdin.write(json.dumps(line).encode() + b"\\n"); server.stdin.flush()
    return server.stdout.readline()
ask(1, "initialize", protocolVersion="2025-06-18", capabilities={{}},
    clientInfo={{"name": "agent", "version": "1"}})
ask(2, "tools/call", name="request_approval", arguments={{"category": "web", "reason": "pypi"}})
server.wait()
""")

    said = a_stage(tmp_path, shlex.join([sys.executable, "-I", str(agent)])).play()

    assert said.failure == "approval_required"
    assert said.diagnostics["approval"] == {"category": "web", "reason": "pypi"}


def test_the_tools_are_there_before_a_model_asks():
    """Half a second is the aim; by the processor, since others may use the machine."""

    async def ask():
        async with a_client() as client:
            await client.list_tools()

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    asyncio.run(ask())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_no_other_verb_needs_the_library():
    heavy = "any(name.split('.')[0] in ('mcp', 'pydantic') for name in sys.modules)"
    script = RUNNER[3].replace("sys.exit(main())", f"main(); sys.exit({heavy})")
    report = [*RUNNER[:3], script, "report", "progress", "x"]

    ended = subprocess.run(report, env={}, capture_output=True, check=False)

    assert b"FLEET_SOCKET is not set" in ended.stderr
    assert ended.returncode == 0
