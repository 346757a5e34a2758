"""The entry point of the container: `fleet-agent run`, and `fleet-agent report` for agents."""

import argparse
import sys
from pathlib import Path

from fleet_agent.client import send
from fleet_agent.run import Places, run


def main() -> int:
    """Parse the arguments, do what they say and return the exit code."""
    arguments = _parser().parse_args()
    if arguments.verb == "run":
        return run(Places(arguments.root, arguments.workspace))
    return send(_report(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fleet-agent", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runner = verbs.add_parser("run", help="carry out the attempt that /fleet describes")
    runner.add_argument("--root", type=Path, help="instead of /fleet, outside of a container")
    runner.add_argument("--workspace", type=Path, help="instead of the context's workspace_root")
    reporter = verbs.add_parser("report", help="tell the runner something, from inside an attempt")
    _add_reports(reporter.add_subparsers(dest="type", required=True))
    return parser


def _add_reports(types: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    progress = types.add_parser("progress", help="say how far the work is")
    progress.add_argument("message")
    progress.add_argument("--percent", type=float)
    error = types.add_parser("error", help="say what went wrong")
    error.add_argument("message")
    error.add_argument("--kind")
    lesson = types.add_parser("lesson", help="propose a lesson for later attempts")
    lesson.add_argument("title")
    for name in ("problem", "cause", "remedy"):
        lesson.add_argument(f"--{name}", default="")
    lesson.add_argument("--tag", action="append", dest="tags", default=[])
    lesson.add_argument("--file", action="append", dest="files", default=[])
    approval = types.add_parser("approval", help="ask a human; ends this attempt")
    approval.add_argument("category")
    approval.add_argument("reason")


def _report(arguments: argparse.Namespace) -> dict[str, object]:
    return {name: value for name, value in vars(arguments).items() if name != "verb"}


if __name__ == "__main__":
    sys.exit(main())
