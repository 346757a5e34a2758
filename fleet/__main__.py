"""The door of `fleet` and of `python -m fleet`: loading takes a moment, Ctrl-C may come within."""

import signal


def main() -> None:
    """Load the commands and run the one that is asked for.

    Ctrl-C meanwhile ends it at once and without a word: an exception would show its traceback, or
    be lost where Python passes none on.
    """
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fleet.cli.main import main as command

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()


if __name__ == "__main__":
    main()
