"""Agents that work without a word, and agents that hang: what no clock may mix up."""

from dataclasses import dataclass

STALL_AFTER = 12  # seconds: a fiftieth of what is set where nobody says otherwise
HEARTBEAT_LOST_AFTER = 9
# twenty minutes, and the nine of ten that a model may think, on that scale
SILENT, THINKING = 24, 9

# who takes over is done at once
_FIRST_ONLY = """
import json, os, subprocess, sys, time, urllib.request

MODEL, SILENT, THINKING = {model!r}, {silent}, {thinking}
packet = json.load(open(os.environ["FLEET_PACKET"]))
open(packet["task_id"] + ".txt", "w").write("begun")
if packet["context"]["attempt"] > 1:
    sys.exit(0)
began = time.monotonic()
LOOP = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"


def going_on():
    return time.monotonic() - began < SILENT


"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What an agent does; `works` says that nobody may end it, else that somebody has to.

    `asks` says that it needs the scripted model, whose address stands in MODEL.
    """

    name: str
    does: str
    body: str
    works: bool
    asks: bool = False

    def script(self, *, scale: int, model: str) -> str:
        """Answer the program of the agent; times are so many times as long."""
        times = {"silent": SILENT * scale, "thinking": THINKING * scale}
        return _FIRST_ONLY.format(model=model, **times) + self.body


CASES = (
    Case(
        name="builds",
        does="a build that says nothing, for twice `stall_after`",
        body="while going_on():\n    sum(range(100_000))\n",
        works=True,
    ),
    Case(
        name="compiles",
        does="the same by hundreds of processes, each gone in a moment",
        body="while going_on():\n    subprocess.run(['sh', '-c', LOOP])\n",
        works=True,
    ),
    Case(
        name="trickles-files",
        does="appends to one file, waits, says nothing, for twice `stall_after`",
        body="while going_on():\n    open('built.txt', 'a').write('x')\n    time.sleep(1)\n",
        works=True,
    ),
    Case(
        name="edits",
        does="a CLI that prints nothing at all and edits, every half of `stall_after`",
        body=(
            "while going_on():\n"
            "    open(f'{time.monotonic():.0f}.txt', 'w').write('x')\n"
            "    time.sleep(SILENT / 4)\n"
        ),
        works=True,
    ),
    Case(
        name="thinks",
        does="a model that thinks, without output or work, for three quarters of `stall_after`",
        body="time.sleep(THINKING)\n",
        works=True,
    ),
    Case(
        name="thinks-again",
        does="the same three times, a line after each",
        body="for _ in range(3):\n    time.sleep(THINKING)\n    print('thought', flush=True)\n",
        works=True,
    ),
    Case(
        name="trickles-words",
        does="a character every few seconds, never a line",
        body="while going_on():\n    print('.', end='', flush=True)\n    time.sleep(3)\n",
        works=True,
    ),
    Case(
        name="bursts",
        does="thousands of lines at once, then silence, and again",
        body=(
            "while going_on():\n    print('line\\n' * 5000, flush=True)\n    time.sleep(THINKING)\n"
        ),
        works=True,
    ),
    Case(
        name="sleeps",
        does="sleeps for ever",
        body="time.sleep(100_000)\n",
        works=False,
    ),
    Case(
        name="spins",
        does="spins for ever without a word",
        body="while True:\n    pass\n",
        works=False,
    ),
    Case(
        name="waits-for-nobody",
        does="opens a FIFO that nobody writes to",
        body="os.mkfifo('/tmp/fifo')\nopen('/tmp/fifo').read()\n",
        works=False,
    ),
    Case(
        name="retries",
        does="asks a model that answers 429, for ever, without a word",
        body=(
            "while True:\n"
            "    try:\n"
            "        urllib.request.urlopen(urllib.request.Request(MODEL, b'{}'), timeout=5)\n"
            "    except OSError:\n"
            "        time.sleep(1)\n"
        ),
        works=False,
        asks=True,
    ),
)
