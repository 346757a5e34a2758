"""The engine's stream comes apart the same, however it was cut."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from fleet.adapters.runtimes.engine import STDERR, STDOUT, demultiplexed

FRAMES = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40)))


def wire(frames):
    return b"".join(struct.pack(">BxxxL", stream, len(data)) + data for stream, data in frames)


def joined(pieces):
    whole = {STDOUT: b"", STDERR: b""}
    for stream, piece in pieces:
        whole[stream] += piece
    return whole


@given(FRAMES, st.lists(st.integers(min_value=1, max_value=20)))
def test_pieces_are_the_same_however_the_stream_was_cut(frames, cuts):
    sent, blocks = wire(frames), []
    for cut in cuts:
        blocks.append(sent[:cut])
        sent = sent[cut:]

    assert joined(demultiplexed([*blocks, sent])) == joined(frames)


def test_a_frame_is_passed_on_before_it_is_whole():
    frames = demultiplexed([struct.pack(">BxxxL", STDOUT, 1_000_000_000) + b"beginning"])

    assert next(frames) == (STDOUT, b"beginning")
