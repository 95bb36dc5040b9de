from __future__ import annotations

import hashlib
import re
import struct

from demo.papers import BLOCK, Scan, pdf


def test_the_cross_reference_table_points_at_every_object() -> None:
    content = pdf(["Surat (undangan)", "Garis \\ miring"])
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert content[start:].startswith(b"xref\n0 6\n")
    places = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", content[start:])]
    assert [content[place:].split(b" ")[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]
    assert rb"(Surat \(undangan\)) '" in content
    length = int(re.search(rb"/Length (\d+)", content)[1])  # type: ignore[index]
    assert content.split(b"stream\n", 1)[1][length:].startswith(b"\nendstream")


def test_a_scan_is_what_its_size_and_digest_say_and_is_given_in_blocks() -> None:
    scan = Scan("x", width=1000, height=3000)
    blocks = list(scan.blocks())
    assert max(map(len, blocks)) <= BLOCK
    whole = b"".join(blocks)
    assert (len(whole), hashlib.sha256(whole).hexdigest()) == (scan.size, scan.sha256)
    assert scan.sha256 == Scan("x", width=1000, height=3000).sha256
    assert scan.sha256 != Scan("y", width=1000, height=3000).sha256


def test_a_scan_is_a_grey_picture_of_its_size() -> None:
    head = next(iter(Scan("x", width=640, height=480).blocks()))
    order, magic, first, count = struct.unpack_from("<2sHIH", head)
    entries = dict(struct.unpack_from("<H6xI", head, first + 2 + 12 * at) for at in range(count))
    assert (order, magic) == (b"II", 42)
    assert (entries[256], entries[257], entries[258], entries[279]) == (640, 480, 8, 640 * 480)
    assert entries[273] == len(head)


def test_the_scan_of_the_morning_has_fifty_mebibytes() -> None:
    assert 50 * 2**20 < Scan("x").size < 50 * 2**20 + 1024
