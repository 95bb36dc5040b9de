"""Signing in this process; every result is judged by the gateway's own verification."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from asn1crypto import tsp
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field

from gateway.signatures.material import Material
from gateway.signatures.sign_pdf import sign
from gateway.signatures.signing import SignedPdf, SigningKeySource, SigningRefused, SigningRequest
from gateway.signatures.trust import TrustStore, load
from gateway.signatures.verdict import Verdict
from gateway.signatures.verification import verify
from tests.zoo import letters
from tests.zoo.letters import mark, page, request
from tests.zoo.pdf import good, one_of_two_broken, plain, signed, stamper, updated
from tests.zoo.pki import AT, DAY, Identity, issue, pki

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    return load(letters.trust(tmp_path_factory.mktemp("trust")))


@cache
def key_of(name: str) -> SigningKeySource:
    return letters.source(Path(mkdtemp()), getattr(pki(), name))


def stamp(at: Any = AT, tsa: Identity | None = None) -> Callable[[bytes], bytes]:
    by = stamper(at, tsa)
    return lambda asked: bytes(by.request_tsa_response(tsp.TimeStampReq.load(asked)).dump())


def done(
    data: bytes, asked: SigningRequest, trust: TrustStore, who: str = "signer", by: Any = None, key: Any = None
) -> SignedPdf:
    secret = bytearray(letters.SECRET.encode())
    return asyncio.run(sign(data, asked, key or key_of(who), secret, trust, by))


def refused(data: bytes, asked: SigningRequest, trust: TrustStore, who: str = "signer", by: Any = None) -> str:
    with pytest.raises(SigningRefused) as error:
        done(data, asked, trust, who, by)
    return error.value.code


def verdict(data: bytes, trust: TrustStore) -> Verdict:
    return asyncio.run(verify(Material.of(data), None, trust, AT + timedelta(minutes=5)))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("who", ["signer", "curved", "declared"])
def test_every_level_is_reached(trusted: TrustStore, level: str, who: str) -> None:
    made = done(plain(), request(level, mark()), trusted, who, stamp())
    found = verdict(made.data, trusted)
    assert (found.conclusion, [one.level for one in found.signatures]) == ("valid", [level])
    assert made.level == level
    assert made.sha256 == hashlib.sha256(made.data).hexdigest() == found.sha256
    assert (made.signer, made.organisation) == (found.signatures[0].signer, found.signatures[0].organisation)
    assert made.certificate_sha256 == hashlib.sha256(getattr(pki(), who).der).hexdigest()


def test_a_key_of_another_curve_has_another_digest(trusted: TrustStore) -> None:
    made = done(plain(), request(), trusted, "edwards")
    assert verdict(made.data, trusted).conclusion == "valid"


def test_what_is_needed_later_lies_in_the_file(trusted: TrustStore, tmp_path: Path) -> None:
    made = done(plain(), request("B-LTA", mark()), trusted, "declared", stamp())
    bare = load(pki().trust(tmp_path, with_crl=False))
    later = asyncio.run(verify(Material.of(made.data), None, bare, AT + 200 * DAY))
    assert later.signatures[0].level == "B-LTA"
    assert later.conclusion in ("valid", "indeterminate")
    assert asyncio.run(verify(Material.of(made.data), None, bare, AT + DAY)).conclusion == "valid"


def test_the_page_itself_is_not_touched(trusted: TrustStore) -> None:
    before = plain(pages=2)
    made = done(before, request(mark=mark()), trusted).data
    assert made.startswith(before)
    old, new = PdfFileReader(io.BytesIO(before)), PdfFileReader(io.BytesIO(made))
    for number in (0, 1):
        one, other = (reader.root["/Pages"]["/Kids"][number] for reader in (old, new))
        assert one.raw_get("/Contents").reference.idnum == other.raw_get("/Contents").reference.idnum
        assert one["/Contents"].data == other["/Contents"].data
    widget = new.root["/AcroForm"]["/Fields"][0]
    assert [float(x) for x in widget["/Rect"]] == [36, 36, 288, 126]
    assert widget["/AP"]["/N"]["/Resources"]["/Font"]["/F1"]["/BaseFont"] == "/Helvetica"
    assert b"re" in widget["/AP"]["/N"].data
    assert str(widget["/V"]["/SubFilter"]) == "/ETSI.CAdES.detached"


def test_a_signature_that_is_not_seen(trusted: TrustStore) -> None:
    made = done(plain(), request(reason="Disetujui", location="Kota Contoh"), trusted)
    field = PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"][0]
    assert (str(field["/V"]["/Reason"]), str(field["/V"]["/Location"])) == ("Disetujui", "Kota Contoh")
    assert "/AP" not in field


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_on_a_turned_page_the_drawing_is_turned_back(trusted: TrustStore, turned: int) -> None:
    made = done(page(turned=turned), request(mark=mark()), trusted)
    form = PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"][0]["/AP"]["/N"]
    turns = {0: [1, 0, 0, 1], 90: [0, 1, -1, 0], 180: [-1, 0, 0, -1], 270: [0, -1, 1, 0]}
    assert [int(one) for one in form["/Matrix"]] == [*turns[turned], 0, 0]
    assert [float(one) for one in form["/BBox"]] == [0, 0, 252, 90]


def with_field() -> bytes:
    """A document with a place for a signature."""
    spec = SigFieldSpec("Kepala", box=(50, 60, 350, 160))
    return updated(plain(), lambda writer: append_signature_field(writer, spec))


def test_an_empty_field_is_filled(trusted: TrustStore) -> None:
    made = done(with_field(), request(mark=mark(), field="Kepala"), trusted)
    fields = PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"]
    assert [str(one.get_object()["/T"]) for one in fields] == ["Kepala"]
    assert verdict(made.data, trusted).conclusion == "valid"


def test_one_signature_after_the_other(trusted: TrustStore) -> None:
    first = done(plain(), request("B-LTA", mark(y=400.0)), trusted, by=stamp())
    second = done(first.data, request("B-T", mark()), trusted, "curved", stamp())
    third = done(second.data, request("B-LTA", mark(y=200.0)), trusted, "declared", stamp())
    found = verdict(third.data, trusted)
    assert (found.conclusion, len(found.signatures)) == ("valid", 3)
    assert {one.code for one in found.findings} <= {"revocation_unchecked"}


@pytest.mark.parametrize("perm", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_document_allows_a_seen_signature_only_in_a_field_of_its_own(
    trusted: TrustStore, perm: MDPPerm
) -> None:
    certified = signed(with_field(), pki().second, certify=True, docmdp_permissions=perm)
    made = done(certified, request(mark=mark(), field="Kepala"), trusted)
    unseen = done(certified, request(), trusted)
    assert verdict(made.data, trusted).conclusion == verdict(unseen.data, trusted).conclusion == "valid"
    assert refused(certified, request(mark=mark()), trusted) == "changes_forbidden"


def test_a_document_whose_signature_is_broken(trusted: TrustStore) -> None:
    broken = good().replace(b"Surat", b"Palsu", 1)
    assert refused(broken, request(), trusted) == "changes_forbidden"
    assert refused(one_of_two_broken(), request(), trusted) in ("changes_forbidden", "not_a_pdf")


def test_without_an_authority_of_timestamps(trusted: TrustStore) -> None:
    assert refused(plain(), request("B-T"), trusted) == "timestamp_failed"


def test_timestamps_that_prove_nothing(trusted: TrustStore) -> None:
    for by in (stamp(tsa=pki().foreign_tsa), stamp(AT + DAY), stamp(AT - DAY)):
        assert refused(plain(), request("B-T"), trusted, by=by) == "timestamp_failed"


def test_the_refusal_of_the_authority_is_told(trusted: TrustStore) -> None:
    def failing(_: bytes) -> bytes:
        raise SigningRefused("timestamp_failed", "down")

    assert refused(plain(), request("B-T"), trusted, by=failing) == "timestamp_failed"


def test_missing_revocation_data(tmp_path: Path) -> None:
    bare = load(pki().trust(tmp_path, with_crl=False))
    assert refused(plain(), request("B-LT"), bare, "declared", stamp()) == "revocation_missing"
    assert refused(plain(), request("B-LTA"), bare, "declared", stamp()) == "revocation_missing"
    assert done(plain(), request("B-T"), bare, "declared", stamp()).level == "B-T"
    # This authority names no place that tells of revocation.
    assert done(plain(), request("B-LT"), bare, "signer", stamp()).level == "B-T"


@pytest.mark.parametrize("who", ["stranger", "revoked", "weak"])
def test_keys_that_nobody_should_rely_on(trusted: TrustStore, who: str) -> None:
    assert refused(plain(), request(), trusted, who) == "key_refused"


def test_an_expired_certificate(trusted: TrustStore) -> None:
    assert refused(plain(), request(), trusted, "expired") == "certificate_expired"


def test_a_mark_without_room(trusted: TrustStore) -> None:
    assert refused(plain(), request(mark=mark(height=40.0)), trusted) == "no_room"
    assert refused(plain(), request(mark=mark(lines=("kata " * 500,))), trusted) == "no_room"


def test_any_text_can_stand_in_the_mark(trusted: TrustStore) -> None:
    lines = ("ꦱꦶꦠꦶ", "Đặng Văn Ł", "(\\)", "\u202e\x00")
    assert done(plain(), request(mark=mark(lines=lines)), trusted).level == "B-B"


def test_a_large_chain_has_its_room(trusted: TrustStore, tmp_path: Path) -> None:
    many = [issue(f"Antara {number}") for number in range(12)]
    key = letters.source(tmp_path)
    (tmp_path / "chain.pem").write_bytes((tmp_path / "chain.pem").read_bytes() + b"".join(one.pem for one in many))
    assert done(plain(), request("B-T"), trusted, by=stamp(), key=key).level == "B-T"


def test_no_room_is_guessed_by_signing_twice(trusted: TrustStore) -> None:
    asked: list[bytes] = []
    by = stamp()

    def counting(one: bytes) -> bytes:
        asked.append(one)
        return by(one)

    done(plain(), request("B-LTA", mark()), trusted, "declared", counting)
    assert len(asked) == 2


def test_the_claimed_time_is_that_of_the_request(trusted: TrustStore) -> None:
    made = done(plain(), SigningRequest("B-B", "2026-06-01T07:00:00+07:00"), trusted)
    value = PdfFileReader(io.BytesIO(made.data)).root["/AcroForm"]["/Fields"][0]["/V"]
    assert str(value["/M"]) == "D:20260601070000+07'00'"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(plain()) - 1), st.binary(max_size=12))
def test_a_damaged_file_is_refused_or_signed(trusted: TrustStore, at: int, noise: bytes) -> None:
    data = plain()
    with contextlib.suppress(SigningRefused):
        made = done(data[:at] + noise + data[at + len(noise) :], request(mark=mark()), trusted, "curved")
        assert verdict(made.data, trusted).conclusion == "valid"
