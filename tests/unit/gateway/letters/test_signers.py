"""Which key signs, with what, and what is believed of a service elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.letters.signers import SIGNED_BY, placement
from gateway.signatures.signing import Placement
from schemas.catalogue import parse_json
from tests.unit.gateway.bench import FOLDER, SIMPUS
from tests.unit.gateway.letters.office import DRAFT, PASSPHRASE, Office, opened, request


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as one:
        yield one


async def test_the_mark_names_the_office_the_person_and_the_code(office: Office) -> None:
    await office.sign()
    wanted, key, secret, tsa = office.workers.asked[0]
    assert wanted.mark is not None
    assert wanted.mark.lines[:3] == (SIGNED_BY, "Kepala Dinas", "Dr. Ani Contoh")
    assert wanted.mark.lines[3].replace("-", "") == (wanted.mark.qr or "").rpartition("/")[2]
    assert (key.kind, secret, tsa) == ("file", PASSPHRASE, None)
    assert key.key_file == office.bench.folder / "keys/signers/kepala.pem"


async def test_a_token_signs_with_the_pin_of_the_configuration(office: Office) -> None:
    await office.sign(passphrase=None, signer="sekretaris")
    wanted, key, secret, tsa = office.workers.asked[0]
    assert (key.kind, key.token, secret, wanted.level) == ("pkcs11", "lintas", PASSPHRASE, "B-T")
    assert tsa is not None
    assert tsa.secret_file == office.bench.folder / "tsa"


async def test_a_service_elsewhere_gets_the_qr_and_the_code_of_the_person(office: Office) -> None:
    answer = await office.sign(signer="wali", ephemeral={"totp": "123456"}, data=DRAFT + b"signed before\n")
    assert b'"B-T"' in answer.document_json
    document, totp = office.service.given[0]
    assert (document.signer, totp, document.already_signed) == ("3273014107900001", "123456", True)
    assert (document.image or b"").startswith(b"\x89PNG")
    assert (document.qr_url or "").startswith("https://lintas.example/v/")


@pytest.mark.parametrize("given", [b"", b"<html>", DRAFT, DRAFT + b"signed signed "])
async def test_what_is_not_well_signed_is_not_believed(office: Office, given: bytes) -> None:
    office.service.gives = given
    refused = await office.sign(signer="wali")
    assert refused.error.reason is Reason.RECIPIENT_ANSWER_INVALID


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (None, Placement()),
        ({"tag": "#ttd"}, Placement(tag="#ttd")),
        ({"page": 2, "x": 10, "y": 20}, Placement(page=2, x=10, y=20)),
        ({"x": 0, "y": 0, "width": 100, "height": 50}, Placement(x=0, y=0, width=100, height=50)),
    ],
)
def test_what_is_left_open_is_at_the_foot_of_the_last_page(asked: Any, place: Placement) -> None:
    more = {} if asked is None else {"placement": asked}
    document: Any = parse_json("signature-request/1", request("a" * 64, 5, **more))
    assert placement(document) == place


async def test_a_one_time_code_goes_to_signers_elsewhere_alone(office: Office) -> None:
    await office.desk.send_code(SIMPUS, "wali")
    assert office.service.codes == ["3273014107900001"]
    for system, signer, reason in (
        (SIMPUS, "kepala", Reason.BAD_REQUEST),
        (SIMPUS, "nobody", Reason.UNKNOWN_SIGNER),
        (FOLDER, "wali", Reason.NO_RIGHT),
    ):
        with pytest.raises(Refused) as caught:
            await office.desk.send_code(system, signer)
        assert caught.value.reason is reason
