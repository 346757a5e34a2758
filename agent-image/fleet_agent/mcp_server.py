"""`fleet-agent mcp`: the tools by which a model reports to the runner and recalls lessons.

It runs as the model's child, so the runner believes it no more than the model itself.
"""

from pathlib import Path
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from fleet_agent.client import Answer, tell
from fleet_agent.fields import FieldError, fields_of
from fleet_agent.files import UnfitFileError, read_plain_file
from fleet_agent.recall import Lesson, lessons_of, recall
from fleet_agent.system import environment

_LARGEST_PACKET = 8 * 1024 * 1024
_MOST_RECALLED = 10

_Percent = Annotated[float | None, Field(ge=0, le=100, description="how much is done, 0 to 100")]
_Tags = Annotated[list[str], Field(default_factory=list, description="words to find it by")]
_Files = Annotated[list[str], Field(default_factory=list, description="paths it is about")]
_Recalled = Annotated[int, Field(ge=1, le=_MOST_RECALLED, description="how many at most")]


def serve() -> int:
    """Serve the tools on standard input and output until the client hangs up."""
    _server().run("stdio")
    return 0


def report_progress(message: str, percent: _Percent = None) -> str:
    """Tell the people who wait for this task how far the work is, in one sentence."""
    return _report("progress", message=message, percent=percent)


def report_error(message: str, kind: str | None = None) -> str:
    """Tell the people who wait for this task what hinders the work; the work goes on."""
    return _report("error", message=message, kind=kind)


def request_approval(category: str, reason: str) -> str:
    """Ask a human for something that is not allowed here; this ends the attempt at once.

    `category` names what is asked for, such as shell, edit, web or agents.
    """
    _report("approval", category=category, reason=reason)
    return "Asked. This attempt ends here; the next one goes on with the answer."


def propose_lesson(
    title: str, problem: str, cause: str, remedy: str, tags: _Tags, files: _Files
) -> str:
    """Propose a lesson that helps later attempts at other tasks of this project."""
    texts = {"problem": problem, "cause": cause, "remedy": remedy}
    return _report("lesson", title=title, **texts, tags=tags, files=files)


def note_for_constitution(text: str) -> str:
    """Leave a rule that should hold for all work here, in a sentence or two; people review it."""
    return _report("constitution", text=text)


def record_decision(decision: str, reason: str) -> str:
    """Record a technical choice of this task that others should know of, and why it was made."""
    return _report("decision", decision=decision, reason=reason)


def recall_lessons(query: str, k: _Recalled = 3) -> str:
    """Search what earlier attempts learnt; ask with an error's words or a file's name."""
    found = recall(query, _lessons(), most=k)
    if not found:
        return "No lesson shares a word with this."
    # so that it is known afterwards; who has reported enough is answered all the same
    told = ", ".join(lesson.id for lesson in found)
    answer = tell({"type": "progress", "message": f"recalled {told}"})
    return _with(answer, *(lesson.text for lesson in found))


_TOOLS = (
    report_progress,
    report_error,
    request_approval,
    propose_lesson,
    recall_lessons,
    note_for_constitution,
    record_decision,
)


def _server() -> MCPServer:
    # what goes wrong is answered to the model; its terminal is nobody's
    server: MCPServer = MCPServer("fleet", log_level="CRITICAL", subscriptions=False)
    for tool in _TOOLS:
        server.add_tool(tool, structured_output=False)
    return server


def _report(type_of_report: str, /, **fields: object) -> str:
    answer = tell({"type": type_of_report, **fields})
    if answer.refused:
        raise ToolError(f"not taken: {answer.refused}")
    return _with(answer, "Taken.")


def _with(answer: Answer, *parts: str) -> str:
    """Add what the runner asks: it has no other way to a model that is at work."""
    return "\n\n".join(filter(None, (*parts, answer.question)))


def _lessons() -> tuple[Lesson, ...]:
    path = environment().get("FLEET_PACKET")
    if not path:
        raise ToolError("FLEET_PACKET is not set: lessons are known only inside an attempt")
    try:
        return lessons_of(fields_of(read_plain_file(Path(path), _LARGEST_PACKET), "packet"))
    except (OSError, UnfitFileError, FieldError) as error:
        raise ToolError(f"the packet {path} cannot be read: {error}") from error
