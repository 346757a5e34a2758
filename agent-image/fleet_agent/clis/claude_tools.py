"""Claude Code's tools by what they can do."""

# what makes no sense without a human, beside the worktree, or after the attempt has ended
REMOVED = (
    "EnterWorktree",
    "ExitWorktree",
    "CronCreate",
    "CronDelete",
    "CronList",
    "ScheduleWakeup",
    "AskUserQuestion",
    "TaskOutput",
    "TaskStop",
)

# its own agents: its flags and lines say Task where the model is offered Agent
TEAM = ("Agent", "Task", "SendMessage", "Workflow")

DENIABLE = {
    "edit": ("Edit", "Write", "NotebookEdit", "MultiEdit"),
    "shell": ("Bash", "PowerShell", "Monitor"),
    "web": ("WebFetch", "WebSearch"),
    "agents": TEAM,
}

_CATEGORIES = {tool: category for category, tools in DENIABLE.items() for tool in tools}


def category_of(tool: str) -> str:
    """Return the category of a tool, or `other`."""
    return _CATEGORIES.get(tool, "other")
