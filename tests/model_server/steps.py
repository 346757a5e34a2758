"""What the scripted model does, in words that belong to no vendor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Say:
    """Say something; a turn with nothing else in it ends the model's work."""

    text: str


@dataclass(frozen=True)
class Write:
    """Write a whole file; the path counts from the workspace."""

    path: str
    content: str


@dataclass(frozen=True)
class Shell:
    """Run a shell command in the workspace."""

    command: str


@dataclass(frozen=True)
class Report:
    """Call `report_progress` of the runner's MCP server."""

    message: str
    percent: float


Tooled = Write | Shell | Report
Step = Say | Tooled

# all that the model does before it is asked again
Turn = tuple[Step, ...]

# what every answer is said to have cost, in tokens; a vendor's wire counts them its own way
INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS = 1000, 300, 50
