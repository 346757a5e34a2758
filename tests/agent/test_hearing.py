"""What the runner hears of a CLI: whole lines, the last without its end too."""

import json
import os
import time
from dataclasses import replace
from typing import Any

from fleet_agent import hearing as listening
from fleet_agent.clis import REGISTRY
from fleet_agent.clis.model import Called, Failure, FailureKind, Finished, Said
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.document import Document
from fleet_agent.effort import Effort
from fleet_agent.findings import Findings
from fleet_agent.hearing import AgentHearing, Feed, Start
from fleet_agent.notebook import Notebook
from fleet_agent.packet import read_packet
from fleet_agent.post import Post
from fleet_agent.pulse import Pulse
from fleet_agent.wire import Wire
from tests.agent.asking import TRANSCRIPTS, of
from tests.agent.stage import a_stage


def said(line):
    return (Said(line.decode()),) if line.startswith(b"say") else (Finished(),) * bool(line)


def a_pulse(wire, workspace):
    return Pulse(wire, Effort(workspace, lambda: 0.0), every=60)


def a_hearing(tmp_path, findings, **start):
    packet = read_packet(a_stage(tmp_path).root / "packet.json")
    wire = Wire(os.open(tmp_path / "lines", os.O_WRONLY | os.O_CREAT, 0o600))
    notebook = Notebook(packet.limits, now=time.monotonic())
    defaults: dict[str, Any] = {
        "cli": replace(REGISTRY["command"], parse=said),
        "packet": packet,
        "report": lambda report: None,
        "post": Post(tmp_path / "socket", lambda report: None, str),
        "notebook": notebook,
        "wire": wire,
        "withheld": frozenset(),
    }
    hearing = AgentHearing(Feed(wire, a_pulse(wire, tmp_path)), Start(**defaults | start), findings)
    return hearing, notebook


def test_lines_are_heard_whole_however_they_were_cut(tmp_path):
    findings = Findings()
    hearing, notebook = a_hearing(tmp_path, findings)

    for piece in (b"say one\nsay", b" two\nfin", b"ished"):
        hearing.heard(piece)
    before = notebook.facts
    hearing.close()

    assert before == (Said("say one"), Said("say two"))
    assert notebook.facts == (*before, Finished())
    assert findings.summary == "say two"


def test_what_streams_on_without_activity_is_told_to_be_alive_now_and_then(tmp_path, monkeypatch):
    hearing, _ = a_hearing(tmp_path, Findings())

    hearing.heard(b"\n" * 100)
    at_once = (tmp_path / "lines").read_text()
    monkeypatch.setattr(listening, "_SIGN_OF_LIFE_SECONDS", 0.0)
    hearing.heard(b"\n" * 100)
    hearing.close()

    assert at_once == ""
    assert (tmp_path / "lines").read_text().count('"at work"') == 1


def steps_of(count):
    messages = [
        message
        for number in range(count)
        for message in (
            {"extra": {"actions": [{"command": "ls", "tool_call_id": f"c{number}"}]}},
            {"role": "tool", "tool_call_id": f"c{number}", "content": "README.md"},
        )
    ]
    stats = {"api_calls": count, "instance_cost": 0.1 * count}
    return json.dumps({"info": {"model_stats": stats, "exit_status": ""}, "messages": messages})


def test_a_document_is_read_while_the_cli_works_and_each_call_in_it_counts_once(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(listening, "_DOCUMENT_EVERY_SECONDS", 0.0)
    path, findings = tmp_path / "trajectory.json", Findings()
    mini = REGISTRY["mini"]
    hearing, _ = a_hearing(tmp_path, findings, cli=mini, document=Document(path, mini.read))

    hearing.tick()
    path.write_text(steps_of(3))
    hearing.tick()
    path.write_text("half of a docu")
    hearing.tick()
    path.write_text(steps_of(4))
    hearing.tick()
    hearing.tick()

    not_yet = hearing.cut
    assert findings.usage == Usage(turns=4, cost_micros=400_000)

    path.write_text(steps_of(5))
    hearing.tick()

    hearing.close()
    assert not_yet is None
    assert hearing.cut
    assert hearing.cut.kind is FailureKind.LOOP


def test_how_it_ended_counts_once_it_has_ended(tmp_path):
    path = tmp_path / "trajectory.json"
    path.write_bytes((TRANSCRIPTS / "mini_success.json").read_bytes())
    document = Document(path, REGISTRY["mini"].read)

    at_work, after = document.news(), document.last_words()

    assert Finished() not in at_work
    assert of(Called, at_work)
    assert Finished() in after
    assert not of(Called, after)


def test_money_is_cut_off_as_soon_as_it_is_told_to_be_used_up(tmp_path):
    packet = read_packet(a_stage(tmp_path).root / "packet.json")
    limits = replace(packet.limits, cost_micros=1_000_000)
    notebook = Notebook(limits, now=time.monotonic())
    hearing, _ = a_hearing(
        tmp_path / "workspace",
        Findings(),
        packet=replace(packet, limits=limits),
        notebook=notebook,
    )

    notebook.take(Spent(Usage(turns=1, cost_micros=1_000_000), Scope.STEP), now=time.monotonic())
    hearing.tick()
    hearing.close()

    assert hearing.cut == Failure(FailureKind.BUDGET, "1.0000 of 1.0000 USD used")
