"""The CLIs under test: which model each is told, and the end of the base URL it takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """A CLI of the image; `root` is what its base URL ends with."""

    name: str
    model: str
    root: str = ""


SUBJECTS = (
    Subject("claude", "sonnet"),
    Subject("codex", "codex-mini", "/v1"),
    Subject("gemini", "gemini-2.5-pro"),
    Subject("opencode", "openai/gpt-5.1", "/v1"),
)

# a model whose only tool runs JavaScript that calls the others
CODE_MODE = Subject("codex", "gpt-6.1-sol", "/v1")
