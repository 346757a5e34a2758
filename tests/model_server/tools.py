"""Each neutral step as a call of the tool that the CLI offers for it."""

import json
from dataclasses import dataclass

from tests.model_server.steps import Report, Shell, Tooled, Write
from tests.model_server.wire import Json, Tool

WORKSPACE = "/workspace"


@dataclass(frozen=True)
class Call:
    """A call of a tool; a freeform tool is given text."""

    tool: Tool
    given: Json | str

    @property
    def text(self) -> str:
        """What it is given, as text."""
        return self.given if isinstance(self.given, str) else json.dumps(self.given)


class NotOfferedError(Exception):
    """The CLI offers no tool for a step."""


def call_for(step: Tooled, tools: tuple[Tool, ...]) -> Call:
    """Answer the call of the first tool that can do it; raises NotOfferedError."""
    for tool in tools:
        given = _given(step, tool)
        if given is not None:
            return Call(tool, given)
    raise NotOfferedError(f"no tool for {step}: {[tool.name for tool in tools]}")


def _given(step: Tooled, tool: Tool) -> Json | str | None:
    """Answer what the tool takes to do the step; None where it does something else."""
    if tool.freeform and tool.name == "exec":
        return _script(step)
    match step:
        case Write():
            return _written(step, tool)
        case Shell():
            return _shell(step.command, tool)
        case Report():
            asked = {"message": step.message, "percent": step.percent}
            return asked if tool.name.endswith("report_progress") else None


def _written(step: Write, tool: Tool) -> Json | str | None:
    path = f"{WORKSPACE}/{step.path}"
    match tool.name:
        case "Write" | "write_file":
            return {"file_path": path, "content": step.content}
        case "write":
            return {"filePath": path, "content": step.content}
        case "apply_patch":
            return _patch(step) if tool.freeform else {"patchText": _patch(step)}
        case "exec_command":
            return _shell(f"apply_patch <<'END'\n{_patch(step)}\nEND", tool)
        case _:
            return None


def _shell(command: str, tool: Tool) -> Json | None:
    match tool.name:
        case "Bash" | "bash" | "run_shell_command":
            return {"command": command, "description": "a step of the script"}
        case "exec_command":
            return {"cmd": command}
        case _:
            return None


def _script(step: Tooled) -> str:
    """Word the step as JavaScript, for a CLI whose only tool runs that."""
    match step:
        case Write():
            return f"text(await tools.apply_patch({json.dumps(_patch(step))}))"
        case Shell():
            return f"text(await tools.exec_command({json.dumps({'cmd': step.command})}))"
        case Report():
            given = json.dumps({"message": step.message, "percent": step.percent})
            found = 'ALL_TOOLS.find((tool) => tool.name.endsWith("report_progress")).name'
            return f"text(await tools[{found}]({given}))"


def _patch(step: Write) -> str:
    lines = "\n".join(f"+{line}" for line in step.content.splitlines())
    return f"*** Begin Patch\n*** Add File: {step.path}\n{lines}\n*** End Patch"
