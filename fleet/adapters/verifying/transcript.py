"""What a check wrote: the tails of both streams, and all of it but a middle that is too long."""

from collections.abc import Iterable, Iterator

TAIL = 16 * 1024
# looking for secrets takes most of a second for each MiB
_HEAD, _REST = 1024**2, 3 * 1024**2
_PIECE = 64 * 1024
_KEY_BEGINS, _KEY_ENDS = b"-----BEGIN ", b"-----END "


class Ends:
    """The first `head` and the last `tail` bytes of a stream, however long it is."""

    def __init__(self, *, head: int, tail: int) -> None:
        self.first = bytearray()
        self.told = 0
        self._rest = bytearray()
        self._head = head
        self._tail = tail

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self.told += len(piece)
        room = self._head - len(self.first)
        self.first += piece[:room]
        self._rest += piece[room:]
        # not at every piece: there may be a million of them
        if len(self._rest) > 2 * self._tail:
            del self._rest[: -self._tail]

    @property
    def last(self) -> bytes:
        """Answer the last bytes, without any that are among the first."""
        return bytes(self._rest[-self._tail :])

    @property
    def missing(self) -> int:
        """Answer how many bytes between the two were not kept."""
        return self.told - len(self.first) - len(self.last)


class Transcript:
    """The output of one check, in the order it came; `stdout` and `stderr` are tails as text."""

    def __init__(self, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Take in (1 or 2, bytes): which of the two streams, and what was written to it."""
        self._whole = Ends(head=_HEAD, tail=_REST)
        tails = {stream: Ends(head=0, tail=TAIL) for stream in (1, 2)}
        for stream, piece in pieces:
            tails[stream].add(piece)
            self._whole.add(piece)
        self.stdout, self.stderr = _text(tails[1]), _text(tails[2])

    def pieces(self) -> Iterator[str]:
        """Yield all of it as text; where the middle is missing, a line says so.

        Pieces end where a line does, so that no secret is cut in two.
        """
        yield from _cut(bytes(self._whole.first))
        if self._whole.missing:
            yield f"\n[{self._whole.missing} bytes left out here]\n"
        yield from _cut(self._whole.last)


def _cut(output: bytes) -> Iterator[str]:
    start = 0
    while start < len(output):
        end = _end_of_piece(output, start)
        yield output[start:end].decode(errors="replace")
        start = end


def _end_of_piece(output: bytes, start: int) -> int:
    end = start + _PIECE
    if end >= len(output):
        return len(output)
    end = output.rfind(b"\n", start, end) + 1 or end
    # a private key has many lines
    key = output.rfind(_KEY_BEGINS, start + 1, end)
    return end if key < 0 or output.find(_KEY_ENDS, key, end) >= 0 else key


def _text(tail: Ends) -> str:
    text = tail.last.decode(errors="replace")
    # a character cut in two at the limit is no fault of the check
    return text.lstrip("\ufffd") if tail.missing else text
