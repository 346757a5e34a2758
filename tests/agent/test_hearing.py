"""What the runner hears of a CLI: whole lines, the last without its end too."""

import os
from dataclasses import replace

from fleet_agent import hearing as listening
from fleet_agent.clis import REGISTRY
from fleet_agent.clis.model import Finished, Said
from fleet_agent.findings import Findings
from fleet_agent.hearing import AgentHearing, Feed, Start
from fleet_agent.notebook import Notebook
from fleet_agent.packet import read_packet
from fleet_agent.post import Post
from fleet_agent.pulse import Pulse
from fleet_agent.wire import Wire
from tests.agent.stage import a_stage


def said(line):
    return (Said(line.decode()),) if line.startswith(b"say") else (Finished(),) * bool(line)


def a_hearing(tmp_path, findings):
    packet = read_packet(a_stage(tmp_path).root / "packet.json")
    wire = Wire(os.open(tmp_path / "lines", os.O_WRONLY | os.O_CREAT, 0o600))
    notebook = Notebook(packet.limits, now=0.0)
    start = Start(
        cli=replace(REGISTRY["command"], parse=said),
        packet=packet,
        report=lambda report: None,
        post=Post(tmp_path / "socket", lambda report: None),
        notebook=notebook,
        wire=wire,
        withheld=frozenset(),
    )
    return AgentHearing(Feed(wire, Pulse(wire, every=60)), start, findings), notebook


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
