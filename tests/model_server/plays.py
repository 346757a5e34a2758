"""The scripts by name: the first part of a request's path says which one is played."""

from tests.model_server.steps import Report, Say, Shell, Turn, Write

GREETING = "hello from the scripted model\n"
PROGRESS = "the greeting is written"
DONE = "The greeting is written."
REPAIRED = "The reply is written too."

_DEEDS: tuple[Turn, ...] = (
    (Say("I write the greeting."), Write("greeting.txt", GREETING)),
    (Shell("cat greeting.txt > copied.txt"),),
    (Report(PROGRESS, 50),),
    (Say(DONE),),
)

PLAYS: dict[str, tuple[Turn, ...]] = {
    "ok": ((Say(DONE),),),
    "deeds": _DEEDS,
    # Each turn is found by how many the request shows already. A CLI that resumes goes on where it
    # was; one that forgot plays from the beginning and never writes reply.txt.
    "two-rounds": (
        *_DEEDS,
        (Say("The check wants a reply."), Write("reply.txt", "reply\n")),
        (Say(REPAIRED),),
    ),
    # neither comes to an end by itself; the second gets nowhere
    "endless": tuple((Shell(f"echo {number} >> dates.txt"),) for number in range(1000)),
    "looping": ((Shell("ls"),),) * 1000,
}

AT_THE_END: Turn = (Say("Nothing is left to be done."),)
ASIDE: Turn = (Say("a greeting"),)


def turn_of(play: tuple[Turn, ...], shown: int) -> Turn:
    """Answer the turn that comes after `shown` turns."""
    return play[shown] if shown < len(play) else AT_THE_END
