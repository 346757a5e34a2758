"""The entry point of the container: `fleet-agent run`, and what agents call, `report` and so on."""

import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse


def main() -> int:
    """Parse the arguments, do what they say and return the exit code.

    Each verb imports what it needs: a model waits for its tools, and their library is in no image
    that holds no model's CLI.
    """
    if sys.argv[1:] == ["run"]:
        # in a container, where every attempt would wait for the parser
        _run(None, None)
    arguments = _parser().parse_args()
    if arguments.verb == "run":
        _run(arguments.root, arguments.workspace)
    if arguments.verb == "mcp":
        return _serve_tools()
    if arguments.verb == "reflect":
        return _reflect()
    if arguments.verb == "versions":
        return _print_versions()
    from fleet_agent.client import send

    return send(_report(arguments))


def _run(root: Path | None, workspace: Path | None) -> NoReturn:
    # as below
    gc.disable()
    from fleet_agent.run import Places, run

    gc.enable()
    # all is said, and to take the interpreter apart is a tenth of what the runner costs
    os._exit(run(Places(root, workspace)))


def _serve_tools() -> int:
    # importing makes no garbage, and looking for it is a fifth of the start
    gc.disable()
    from fleet_agent.mcp_server import serve

    gc.enable()
    return serve()


def _reflect() -> int:
    from fleet_agent.reflect import reflect

    return reflect(Path.cwd())


def _print_versions() -> int:
    from fleet_agent.versions import versions

    sys.stdout.write(json.dumps(versions()) + "\n")
    return 0


def _parser() -> "argparse.ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(prog="fleet-agent", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runner = verbs.add_parser("run", help="carry out the attempt that /fleet describes")
    runner.add_argument("--root", type=Path, help="instead of /fleet, outside of a container")
    runner.add_argument("--workspace", type=Path, help="instead of the context's workspace_root")
    verbs.add_parser("versions", help="print the version of each agent's CLI, null where it is not")
    verbs.add_parser("reflect", help="amend constitution and skills by rules, as an evaluator")
    verbs.add_parser("mcp", help="serve the tools of a model on standard input and output")
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
    rule = types.add_parser("constitution", help="leave a rule that should hold for all work here")
    rule.add_argument("text")
    decision = types.add_parser("decision", help="record a technical choice and why it was made")
    decision.add_argument("decision")
    decision.add_argument("--reason", default="")
    approval = types.add_parser("approval", help="ask a human; ends this attempt")
    approval.add_argument("category")
    approval.add_argument("reason")


def _report(arguments: "argparse.Namespace") -> dict[str, object]:
    return {name: value for name, value in vars(arguments).items() if name != "verb"}


if __name__ == "__main__":
    sys.exit(main())
