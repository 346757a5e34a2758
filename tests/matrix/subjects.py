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
NAMES = tuple(subject.name for subject in SUBJECTS)

# played on demand: some are not in the image that is built by default
OTHERS = (
    Subject("ollama", "qwen3-coder", "/v1"),
    Subject("kilo", "openai/gpt-5.1", "/v1"),
    Subject("qwen", "qwen3-coder-plus", "/v1"),
    Subject("mini", "openai/gpt-5.1", "/v1"),
    Subject("aider", "openai/gpt-5.1", "/v1"),
)

EVERY = tuple(subject.name for subject in (*SUBJECTS, *OTHERS))

# a model whose only tool runs JavaScript that calls the others
CODE_MODE = Subject("codex", "gpt-6.1-sol", "/v1")
