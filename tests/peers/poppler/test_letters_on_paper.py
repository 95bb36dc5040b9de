"""Issued letters before poppler: pdfsig judges the signature, pdftoppm prints, zxing reads the QR like a phone."""

from __future__ import annotations

import asyncio
import io
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from asn1crypto import tsp
from PIL import Image, ImageFilter

from gateway.signatures.sign_pdf import sign
from gateway.signatures.trust import TrustStore, load
from tests.zoo import letters
from tests.zoo.letters import QR, SECRET, mark, page, request
from tests.zoo.pdf import good, plain, stamper
from tests.zoo.pki import AT, pki

pytestmark = pytest.mark.peers

SMOOTH = Image.Resampling.BICUBIC
WHITE = {"fillcolor": 255}
LONG = "https://periksa.lintas.kabupaten-contoh.provinsi-contoh.go.id/v/7F3K-9QXM-2RTW-8LPD"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    return load(letters.trust(tmp_path_factory.mktemp("trust")))


def signed(folder: Path, trust: TrustStore, data: bytes, who: str = "signer", level: Any = "B-B", **more: Any) -> Path:
    by = stamper(AT)

    def stamp(asked: bytes) -> bytes:
        return bytes(by.request_tsa_response(tsp.TimeStampReq.load(asked)).dump())

    key = letters.source(folder / "key", getattr(pki(), who))
    made = asyncio.run(sign(data, request(level, mark(**more)), key, bytearray(SECRET.encode()), trust, stamp))
    (folder / "letter.pdf").write_bytes(made.data)
    return folder / "letter.pdf"


def printed(letter: Path, dpi: int = 150) -> Image.Image:
    out = letter.with_suffix("")
    command: list[Any] = ["pdftoppm", "-r", str(dpi), "-gray", "-png", "-singlefile", "-cropbox", letter, out]
    subprocess.run(command, check=True, capture_output=True)
    return Image.open(letter.with_suffix(".png")).convert("L")


def read(picture: Image.Image) -> list[str]:
    return [one.text for one in zxingcpp.read_barcodes(picture)]


def judged(letter: Path) -> str:
    ran = subprocess.run(["pdfsig", "-nocert", str(letter)], capture_output=True, text=True, check=False)
    return ran.stdout


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("who", ["signer", "curved"])
def test_pdfsig_finds_the_signature_valid(tmp_path: Path, trusted: TrustStore, level: str, who: str) -> None:
    told = judged(signed(tmp_path, trusted, plain(), who, level))
    assert told.count("Signature is Valid.") == 1
    # It does not look into document timestamps.
    assert told.count("Signature has not yet been verified.") == (1 if level == "B-LTA" else 0)
    assert "ETSI.CAdES.detached" in told
    assert "Not total document signed" not in told or level in ("B-LT", "B-LTA")


def test_pdfsig_finds_both_signatures_valid(tmp_path: Path, trusted: TrustStore) -> None:
    told = judged(signed(tmp_path, trusted, good()))
    assert told.count("Signature is Valid.") == 2


def half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)


def turned(picture: Image.Image, degrees: float) -> Image.Image:
    return picture.rotate(degrees, SMOOTH, expand=True, **WHITE)


def aslant(picture: Image.Image, share: float) -> Image.Image:
    """As photographed from its foot: the head of the page is narrower by `share` on each side."""
    width, height = picture.size
    wider = 1 / (1 - 2 * share)
    bend, middle = (wider - 1) / height, width / 2
    plane = (wider, middle * bend, middle * (1 - wider), 0, wider, 0, 0, bend)
    return picture.transform(picture.size, Image.Transform.PERSPECTIVE, plane, SMOOTH, **WHITE)


def aside(picture: Image.Image, share: float) -> Image.Image:
    """As photographed from its left."""
    return aslant(picture.transpose(Image.Transpose.ROTATE_90), share).transpose(Image.Transpose.ROTATE_270)


def squeezed(picture: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("L")


def blurred(picture: Image.Image, radius: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def faded(picture: Image.Image) -> Image.Image:
    """A fifth of the contrast, as from an empty toner."""
    return picture.point([110 + value // 5 for value in range(256)])


def all_at_once(picture: Image.Image) -> Image.Image:
    return squeezed(blurred(faded(aslant(turned(picture, 3), 0.12)), 0.6), 50)


DEGRADED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda picture: picture,
    "half": half,
    "turned by 4": partial(turned, degrees=4),
    "turned by -11": partial(turned, degrees=-11),
    "aslant": partial(aslant, share=0.2),
    "very aslant": partial(aslant, share=0.3),
    "aside": partial(aside, share=0.15),
    "jpeg 30": partial(squeezed, quality=30),
    "blurred": partial(blurred, radius=1),
    "faded": faded,
    "all at once": all_at_once,
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, trusted: TrustStore) -> dict[tuple[str, int], Image.Image]:
    found = {}
    for qr in (QR, LONG):
        letter = signed(tmp_path_factory.mktemp("letter"), trusted, plain(), qr=qr)
        found |= {(qr, dpi): printed(letter, dpi) for dpi in (150, 100)}
    return found


@pytest.mark.parametrize("dpi", [150, 100])
@pytest.mark.parametrize("qr", [QR, LONG], ids=["usual", "long"])
@pytest.mark.parametrize("name", DEGRADED)
def test_a_bad_copy_still_scans(pictures: dict[tuple[str, int], Image.Image], name: str, qr: str, dpi: int) -> None:
    assert read(DEGRADED[name](pictures[qr, dpi])) == [qr]


def ink(picture: Image.Image) -> tuple[float, float, float, float]:
    """Where the QR's finder patterns are, in points from the lower left corner of what is seen, at 72 dpi times two."""
    place = zxingcpp.read_barcodes(picture)[0].position
    xs = [one.x for one in (place.top_left, place.top_right, place.bottom_left, place.bottom_right)]
    ys = [one.y for one in (place.top_left, place.top_right, place.bottom_left, place.bottom_right)]
    return min(xs) / 2, (picture.height - max(ys)) / 2, max(xs) / 2, (picture.height - min(ys)) / 2


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (30, 60, 500, 800)])
def test_the_mark_is_upright_and_in_its_place(
    tmp_path: Path, trusted: TrustStore, rotation: int, crop: tuple[float, ...] | None
) -> None:
    data = page(box=(-20, 30, 575, 872), crop=crop, turned=rotation)
    picture = printed(signed(tmp_path, trusted, data, x=50.0, y=70.0), 144)
    left, foot, right, top = ink(picture)
    # The quiet zone lies between the mark's corner and the QR.
    assert (left, foot) == pytest.approx((50 + 8.8, 70 + 8.8), abs=3)
    assert (right, top) == pytest.approx((50 + 90 - 8.8, 70 + 90 - 8.8), abs=3)
    assert zxingcpp.read_barcodes(picture)[0].orientation == 0


@pytest.mark.parametrize(
    ("rotation", "matrix"),
    [(0, "1 0 0 1 100 500"), (90, "0 1 -1 0 300 100"), (180, "-1 0 0 -1 400 300"), (270, "0 -1 1 0 300 500")],
)
def test_a_mark_at_a_tag_covers_it(tmp_path: Path, trusted: TrustStore, rotation: int, matrix: str) -> None:
    data = page(f"BT /F1 9 Tf {matrix} Tm (#ttd#) Tj ET", crop=(10, 20, 590, 800), turned=rotation)
    (tmp_path / "bare.pdf").write_bytes(data)
    bare = printed(tmp_path / "bare.pdf", 144)
    letter = printed(signed(tmp_path, trusted, data, lines=(), tag="#ttd#"), 144)
    text = bare.point([255 if value < 128 else 0 for value in range(256)]).getbbox()
    assert text is not None
    left, _, _, top = ink(letter)
    # Without lines the QR is in the middle of 252 points.
    assert left - 81 - 8.8 == pytest.approx(text[0] / 2, abs=3)
    assert top + 8.8 == pytest.approx((letter.height - text[1]) / 2, abs=4)
    assert letter.crop(text).getextrema() == (255, 255)
