"""The door of `fleet` and of `python -m fleet`: loading takes a moment, Ctrl-C may come within."""

import sys

_INTERRUPTED = 130  # as a shell says it of a program that Ctrl-C ended


def main() -> None:
    """Load the commands and run the one that is asked for."""
    try:
        from fleet.cli.main import main as command
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    command()


if __name__ == "__main__":
    main()
