"""What is sent arrives byte for byte: SHA-256 in = SHA-256 out, for every way in, every way out and every format.

One letter goes to recipients of every kind, so that each test of a way in tries all ways out. An attachment form that
is built later joins by one line in a table of `ways.py`; a format of signatures by one line in `SIGNED`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.walk.carrier import Office, World, place, sha256
from tests.walk.inside import inside
from tests.walk.ways import BORDER, IN, OUT, PIECE
from tests.zoo import asic, cms, jws, pdf, xml

PDF, XML, OTHER = "application/pdf", "application/xml", "application/octet-stream"


def _case(zoo: Any, name: str) -> Callable[[], bytes]:
    return next(case.build for case in zoo.CASES if case.name == name)


def _odd(build: Callable[[], bytes], before: bytes = b"") -> bytes:
    """The same XML as Windows and a careless editor leave it: every byte of it is somebody's."""
    return before + build().replace(b"\n", b"\r\n") + b"\r\n\t \r\n\n"


SIGNED: dict[str, tuple[Callable[[], bytes], str]] = {
    "PAdES": (pdf.good, PDF),
    "PAdES, two signatures": (_case(pdf, "two"), PDF),
    "PAdES, a form filled in after it": (_case(pdf, "form_filled"), PDF),
    "PAdES, a note written after it": (_case(pdf, "noted"), PDF),
    "PAdES B-LTA": (_case(pdf, "b_lta"), PDF),
    "PAdES, bytes behind the end": (_case(pdf, "tail"), PDF),
    "XML-DSig": (xml.sealed, XML),
    "XML-DSig with CRLF and blanks": (partial(_odd, xml.sealed), XML),
    "XML-DSig behind a byte order mark": (partial(_odd, xml.sealed, b"\xef\xbb\xbf"), XML),
    "CMS in DER": (cms.one, "application/pkcs7-mime"),
    "CMS in PEM": (partial(cms.armored, "CMS"), "application/pkcs7-mime"),
    "JWS": (jws.compact, "application/jose"),
    "JWS with a line end": (lambda: jws.compact() + b"\n", "application/jose"),
    "JWS in JSON": (lambda: jws.flattened(jws.compact()), "application/jose+json"),
    "ASiC-E": (lambda: asic.cades(), "application/vnd.etsi.asic-e+zip"),
}

PATTERNS = (
    b"", b"\r\n", b"\n", b"\r", b"\0", b"--", f"--{BORDER}".encode(), f"\n--{BORDER}--\n".encode(),
    f"\r\n--{BORDER[:-1]}".encode(), f"\r\n-{BORDER}\r\n".encode(), b"\r\n\r\n", b"\x1a", b"\xef\xbb\xbf", b"]]>", b"=",
)  # fmt: skip
"""What a reader of lines, of multipart or of text could take for its own."""
BORDERS = (0, 1, 2, 3, PIECE, 4096, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 262_145)


def _long(size: int, seed: bytes) -> bytes:
    return (seed * (size // len(seed) + 1))[:size]


pieces = st.one_of(
    st.sampled_from(PATTERNS),
    st.binary(max_size=200),
    st.builds(_long, st.sampled_from(BORDERS), st.sampled_from([b"\0", b"\r\n", b"\r", b"abc", b"\xff\xd8--"])),
)
contents = st.lists(pieces, max_size=4).map(b"".join)
several = st.lists(contents, min_size=1, max_size=3, unique=True)


class Carried:
    """One world for all tests of this file, since each letter is one of many in it."""

    def __init__(self, root: Path) -> None:
        self._root, self._runner = root, asyncio.Runner()
        self._open = contextlib.AsyncExitStack()

    def start(self) -> None:
        self.world = self._runner.run(self._started())

    async def _started(self) -> World:
        office = Office()
        await office.open()
        self._open.push_async_callback(office.close)
        here = place(self._root, {name: dict(way.channel(office, name)) for name, way in OUT.items()})
        return World(await self._open.enter_async_context(inside(here)), office)

    def stop(self) -> None:
        with self._runner:
            self._runner.run(self._open.aclose())

    def carry(self, way: str, files: Sequence[bytes], media_type: str) -> None:
        """Sends the files by one way in, and holds what arrives by every way out against them."""
        self._runner.run(self._carried(way, files, media_type))

    async def _carried(self, way: str, files: Sequence[bytes], media_type: str) -> None:
        sent = IN[way].fits(files)
        number = self.world.number()
        await IN[way].send(self.world, number, sent, media_type)
        due = [sha256(one) for one in sent]
        names = list(OUT)
        found = await asyncio.gather(*[OUT[name].files(self.world, name, number) for name in names])
        assert {name: [sha256(one) for one in got] for name, got in zip(names, found, strict=True)} == dict.fromkeys(
            names, due
        )


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    one = Carried(tmp_path_factory.mktemp("carry"))
    one.start()
    yield one
    one.stop()


@pytest.mark.parametrize("asset", SIGNED)
@pytest.mark.parametrize("way", IN)
def test_a_signed_file_arrives_as_it_was_sent(carried: Carried, way: str, asset: str) -> None:
    build, media_type = SIGNED[asset]
    carried.carry(way, [build()], media_type)


@pytest.mark.parametrize("way", IN)
def test_all_signed_files_of_one_letter_arrive_in_order(carried: Carried, way: str) -> None:
    carried.carry(way, [build() for build, _ in SIGNED.values()], OTHER)


@pytest.mark.parametrize("way", IN)
@pytest.mark.parametrize("end", PATTERNS[:5])
def test_around_the_borders_of_chunks(carried: Carried, way: str, end: bytes) -> None:
    """One letter with a file of every size at which something could be cut."""
    carried.carry(way, sorted({_long(size, b"\r\n--x") + end for size in BORDERS}), OTHER)


@pytest.mark.parametrize("way", IN)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(files=several)
def test_any_bytes_arrive_as_they_were_sent(carried: Carried, way: str, files: list[bytes]) -> None:
    carried.carry(way, files, OTHER)
