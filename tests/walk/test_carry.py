"""What is sent arrives byte for byte: SHA-256 in = SHA-256 out, for every way in, every way out and every format.

One letter goes to recipients of every kind, so that each test of a way in tries all ways out. An attachment form that
is built later joins by one line in a table of `ways.py`; a format of signatures by one line in `SIGNED`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.walk.carrier import Office, World, place, sha256
from tests.walk.inside import inside
from tests.walk.ways import BORDER, IN, OUT, PIECE, carry, channels
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
    f"\r\n--{BORDER[:-1]}".encode(), f"\r\n--{BORDER}--\r\n".encode(), f"\r\n-{BORDER}\r\n".encode(),
    b"\r\n\r\n", b"\x1a", b"\xef\xbb\xbf", b"]]>", b"=",
)  # fmt: skip
"""What a reader of lines, of multipart or of text could take for its own."""
BORDERS = (0, 1, 2, 3, PIECE, 4096, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 262_145)


def _long(size: int, seed: bytes) -> bytes:
    return (seed * (size // len(seed) + 1))[:size]


pieces = st.one_of(
    st.sampled_from(PATTERNS),
    st.binary(max_size=200),
    st.builds(_long, st.sampled_from(BORDERS), st.sampled_from([b"\0", b"\r\n", b"\r", b"abc", b"\xff--"])),
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
        here = place(self._root, channels(office))
        return World(await self._open.enter_async_context(inside(here)), office)

    def stop(self) -> None:
        with self._runner:
            self._runner.run(self._open.aclose())

    def carry(self, way: str, files: Sequence[bytes], media_type: str) -> None:
        """Sends the files by one way in, and holds what arrives by every way out against them."""
        letters: list[Sequence[bytes]] = [files] if len(IN[way].fits(files)) == len(files) else [[one] for one in files]

        async def each() -> None:
            await asyncio.gather(*[self._carried(way, IN[way].fits(letter), media_type) for letter in letters])

        self._runner.run(each())

    async def _carried(self, way: str, sent: Sequence[bytes], media_type: str) -> None:
        due = [sha256(one) for one in sent]
        assert await carry(self.world, way, sent, media_type) == {name: due for name in OUT}  # noqa: C420


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    one = Carried(tmp_path_factory.mktemp("carry"))
    one.start()
    yield one
    one.stop()


@pytest.mark.parametrize("way", IN)
def test_signed_files_arrive_as_they_were_sent(carried: Carried, way: str) -> None:
    """All in one letter; by a way that takes one file, each in a letter of its own."""
    carried.carry(way, [build() for build, _ in SIGNED.values()], OTHER)


@pytest.mark.parametrize("asset", SIGNED)
def test_a_signed_file_of_its_own_type_arrives(carried: Carried, asset: str) -> None:
    build, media_type = SIGNED[asset]
    carried.carry("REST multipart/form-data", [build()], media_type)


@pytest.mark.parametrize("way", IN)
def test_around_the_borders_of_chunks(carried: Carried, way: str) -> None:
    """A file of every size at which something could be cut, each with another end."""
    ends = itertools.cycle(PATTERNS[:5])
    carried.carry(way, [_long(size, b"\r\n--x") + end for size, end in zip(BORDERS, ends, strict=False)], OTHER)


@pytest.mark.parametrize("way", IN)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=several)
def test_any_bytes_arrive_as_they_were_sent(carried: Carried, way: str, files: list[bytes]) -> None:
    carried.carry(way, files, OTHER)
