"""The frames between the gateway and a worker."""

import asyncio
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signatures import frames


@given(st.lists(st.tuples(st.sampled_from([frames.JOB, frames.SECRET, frames.PIECE]), st.binary(max_size=300))))
def test_frames_arrive_as_they_were_sent(sent: list[tuple[bytes, bytes]]) -> None:
    stream = io.BytesIO(b"".join(frames.packed(*one) for one in sent))
    arrived = list(iter(lambda: frames.take(stream), None))
    assert arrived == sent


@pytest.mark.parametrize("cut", [b"K", b"K\0\0\0", frames.packed(frames.SECRET, b"abc")[:-1], b"K\xff\xff\xff\xff"])
async def test_a_frame_that_is_cut_or_too_large(cut: bytes) -> None:
    with pytest.raises(frames.FramesBroken):
        frames.take(io.BytesIO(cut))
    stream = asyncio.StreamReader()
    stream.feed_data(cut)
    stream.feed_eof()
    with pytest.raises(frames.FramesBroken):
        await frames.receive(stream)


def test_a_file_across_the_frames() -> None:
    data = bytes(range(256)) * 40
    distant = io.BufferedReader(frames.Distant(len(data), lambda start, stop: data[start:stop]), 100)
    assert distant.seek(0, io.SEEK_END) == len(data)
    distant.seek(300)
    assert distant.read(20) == data[300:320]
    distant.seek(-5, io.SEEK_CUR)
    assert distant.read() == data[315:]


def test_a_distant_file_asks_for_a_few_mebibytes_at_once_and_for_nothing_outside() -> None:
    asked: list[tuple[int, int]] = []
    size = 9 << 20

    def ask(start: int, stop: int) -> bytes:
        asked.append((start, stop))
        return bytes(stop - start)

    distant = frames.Distant(size, ask)
    assert len(io.BufferedReader(distant).read()) == size
    assert all(0 <= start < stop <= size and stop - start <= 4 << 20 for start, stop in asked)
    asked.clear()
    assert distant.seek(50, io.SEEK_END) == size + 50
    assert distant.read(10) == b""
    assert distant.seek(-5) == distant.tell() == 0
    assert asked == []
    with pytest.raises(NotImplementedError):
        distant.write(b"x")


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_a_path_of_any_bytes_arrives(name: bytes) -> None:
    path = Path("/surat") / os.fsdecode(name)
    told = frames.told_path(path)
    told.encode("utf-8")
    assert frames.path(told) == path
