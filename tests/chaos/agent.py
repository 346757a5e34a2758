"""The agent of a night of chaos: plays what its task names. Mounted into the container alone.

It leaves a marker of task and attempt before anything else, and says so once it stands there:
from then on it is work that must not be lost.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

_ENVIRONMENT = os.environ  # noqa: TID251 - in a container of its own there is no configuration
PACKET = json.loads(Path(_ENVIRONMENT["FLEET_PACKET"]).read_text())
RESULT = Path(_ENVIRONMENT["FLEET_RESULT"])
KEY, NUMBER = PACKET["task_id"], PACKET["context"]["attempt"]
PLAY = json.loads(PACKET["goal"])
TOLD = any(message["role"] == "user" for message in PACKET["messages"])
# whoever takes over from one that hangs does not hang
SECOND = "second" in sys.argv
USED = {"input_tokens": 1000, "output_tokens": 0}


def write(name: str, text: str) -> None:
    """Write a file whole, and the folders it is in."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def mark() -> None:
    """Leave the marker of this attempt, and say so afterwards."""
    name = f"{KEY}-{NUMBER}"
    write(f"marks/{name}", f"{name}\n")
    subprocess.run(["fleet-agent", "report", "progress", f"marked {name}"], check=False)


def fails(kind: str, **told: float) -> NoReturn:
    """End with a failure of that kind."""
    failure = {"kind": kind, "message": f"{kind}, as played", **told}
    RESULT.write_text(json.dumps({"usage": USED, "failure": failure}))
    raise SystemExit(1)


def good() -> None:
    """Do no more than leave a file of one's own."""
    write(f"work/{KEY}.txt", f"{KEY}\n")


def page() -> None:
    """Change a line of a page that others change other lines of."""
    path = Path("page.txt")
    lines = path.read_text().splitlines()
    lines[3 + PLAY["place"] * 6] = f"written by {KEY}"
    path.write_text("\n".join(lines) + "\n")


def conflict() -> None:
    """Write the first line of a list that another one writes the first line of."""
    path = Path("list.txt")
    text = path.read_text()
    if KEY not in text.splitlines():
        path.write_text(f"{KEY}\n{text}")
    good()


def red_then_good() -> None:
    """Be red first, and right once told anything."""
    if TOLD:
        Path(f"red/{KEY}").unlink(missing_ok=True)
        good()
    else:
        red()


def red() -> None:
    """Be red: the check suffers no file there."""
    write(f"red/{KEY}", "red\n")


def slow() -> None:
    """Work for a while, and say so."""
    for number in range(8):
        write(f"work/{KEY}-{number}.txt", f"{number}\n")
        print(f"part {number}", flush=True)  # noqa: T201 - what an agent does
        time.sleep(1)  # noqa: TID251 - nobody wakes it


def hangs() -> None:
    """Say nothing any more; who takes over does the work."""
    if not SECOND:
        time.sleep(3600)  # noqa: TID251
    good()


def mutes() -> None:
    """Silence one's runner, so that nobody but the coordinator can end this."""
    if not SECOND:
        os.kill(os.getppid(), signal.SIGSTOP)
    hangs()


def late() -> None:
    """Be too slow, and work on when told to stop; who takes over is faster."""
    if SECOND:
        good()
        return
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    count = 0
    while True:
        count += 1
        write(f"work/{KEY}-late.txt", f"{count}\n")
        print(f"still at work {count}", flush=True)  # noqa: T201
        time.sleep(0.2)  # noqa: TID251


def swaps() -> None:
    """Be refused by one's vendor at first, so that another account goes on."""
    if NUMBER == 1:
        fails("rate_limit", retry_after_seconds=3)
    good()


def crashes() -> None:
    """Break off at first."""
    if NUMBER == 1:
        sys.exit("something is wrong")
    good()


def hopeless() -> None:
    """Be unable to do it at all."""
    fails("context_too_long")


def asks() -> None:
    """Change what checks it: that waits for a person."""
    write("scripts/check.sh", "exit 0\n")


def main() -> None:
    """Leave the marker, tell what it costs, play."""
    RESULT.write_text(json.dumps({"summary": f"played {PLAY['kind']}", "usage": USED}))
    mark()
    globals()[PLAY["kind"]]()


if __name__ == "__main__":
    main()
