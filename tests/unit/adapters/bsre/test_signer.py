"""The whole way against the simulated service: signed once and valid, or refused with what to do."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.bsre.answers import STATUSES
from adapters.bsre.look import Looker
from demo.agencies.bsre import CODE_LIVES, WRONG_AT_MOST
from gateway.contract import (
    Ambiguous,
    Ephemeral,
    HttpReply,
    NeedsOperator,
    PdfToSign,
    Reason,
    Refused,
    TryLater,
)
from gateway.contract.conformance.signer import PASSPHRASE, WRONG
from gateway.signatures.material import Material
from gateway.signatures.trust import load
from gateway.signatures.verification import verify
from tests.unit.adapters.bsre.bench import (
    CLOCK,
    EMAIL,
    LINK,
    LOGIN,
    LOGIN_FILE,
    NIK,
    Bench,
    document,
    marked,
    pdf,
    standing,
)

VERSIONS = ("v1", "v2")


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    async with standing() as made:
        yield made


def knows(passphrase: str = PASSPHRASE, **more: str) -> Ephemeral:
    return Ephemeral({"passphrase": passphrase, **more})


async def verdict(bench: Bench, signed: bytes, folder: Path) -> dict[str, Any]:
    trust = load(bench.service.issuer.trust(folder / "trust"))
    return (await verify(Material(io.BytesIO(signed), "x.pdf"), None, trust, datetime.now(UTC))).told("x.pdf")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("given", [document(), marked(), marked(tag="S"), document(pdf=pdf(3), reason="Uji")])
async def test_what_comes_back_is_valid_and_of_its_signer(
    bench: Bench, version: str, given: PdfToSign, tmp_path: Path
) -> None:
    signed = await (await bench.opened(version)).sign(given, knows(), 20.0)
    told = await verdict(bench, signed, tmp_path)
    assert told["conclusion"] == "valid"
    assert [one["level"] for one in told["signatures"]] == ["B-T"]
    assert "Siti Penanda" in str(told["signatures"])
    assert signed.startswith(given.pdf)


async def test_it_looks_from_a_process_of_its_own(bench: Bench) -> None:
    bench.looker = Looker()
    signed = await (await bench.opened()).sign(marked(), knows(), 20.0)
    assert signed.startswith(b"%PDF-")


async def test_the_service_draws_a_link_in_version_one(bench: Bench, tmp_path: Path) -> None:
    given = marked(image=None, qr_url=LINK)
    signed = await (await bench.opened("v1", mark="link")).sign(given, knows(), 20.0)
    assert (await verdict(bench, signed, tmp_path))["conclusion"] == "valid"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_second_signature_leaves_the_first(bench: Bench, version: str, tmp_path: Path) -> None:
    signer = await bench.opened(version)
    first = await signer.sign(marked(), knows(), 20.0)
    again = marked(pdf=first, x=200.0, already_signed=True)
    second = await signer.sign(again, knows(), 20.0)
    told = await verdict(bench, second, tmp_path)
    assert (told["conclusion"], len(told["signatures"])) == ("valid", 2)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", sorted(STATUSES))
async def test_who_may_not_sign_is_told_what_to_do_before_anything_is_sent(
    bench: Bench, version: str, status: str
) -> None:
    bench.service.users[NIK].status = status
    with pytest.raises(Refused) as caught:
        await (await bench.opened(version)).sign(document(), knows(), 20.0)
    assert (caught.value.reason, caught.value.detail) == (Reason.SIGNER_NOT_READY, STATUSES[status])
    assert bench.signings() == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_who_is_not_known_there_is_not_registered(bench: Bench, version: str) -> None:
    with pytest.raises(Refused) as caught:
        await (await bench.opened(version)).sign(document(signer="1" * 16), knows(), 20.0)
    assert caught.value.detail == STATUSES["NOT_REGISTERED"]


async def test_an_account_locks_by_its_persons_own_attempts_only(bench: Bench) -> None:
    signer = await bench.opened()
    for attempt in range(1, WRONG_AT_MOST + 1):
        with pytest.raises(Refused) as caught:
            await signer.sign(document(), knows(WRONG), 20.0)
        assert caught.value.reason is Reason.PASSPHRASE_REFUSED
        assert bench.signings() == attempt
    with pytest.raises(Refused) as caught:
        await signer.sign(document(), knows(), 20.0)
    assert caught.value.detail == STATUSES["SUSPEND"]


async def test_a_code_is_sent_and_lives_for_a_while(bench: Bench, tmp_path: Path) -> None:
    signer = await bench.opened("v2", confirm="totp")
    user = bench.service.users[NIK]
    await signer.send_code(EMAIL, 5.0)
    assert user.code is not None
    signed = await signer.sign(document(signer=EMAIL), Ephemeral({"totp": user.code}), 20.0)
    assert (await verdict(bench, signed, tmp_path))["conclusion"] == "valid"
    await signer.send_code(NIK, 5.0)
    code = user.code
    assert code is not None
    CLOCK.moved += CODE_LIVES + timedelta(seconds=1)
    with pytest.raises(Refused) as caught:
        await signer.sign(document(), Ephemeral({"totp": code}), 20.0)
    assert caught.value.reason is Reason.PASSPHRASE_REFUSED


async def test_a_passphrase_is_no_code_and_a_code_is_none_where_it_is_not_asked(bench: Bench) -> None:
    with pytest.raises(Refused, match="one-time code"):
        await (await bench.opened("v2", confirm="totp")).sign(document(), knows(), 20.0)
    with pytest.raises(Refused, match="passphrase"):
        await (await bench.opened("v2")).sign(document(), Ephemeral({"totp": "123456"}), 20.0)
    for version in VERSIONS:
        with pytest.raises(NeedsOperator, match="sends no codes"):
            await (await bench.opened(version)).send_code(NIK, 5.0)
    assert bench.http.sent == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_time_that_is_over_after_the_body_left_is_an_unknown_outcome(bench: Bench, version: str) -> None:
    bench.service.mischief.pause = 2.0
    signer = await bench.opened(version, timeout="500ms")
    begun = time.monotonic()
    with pytest.raises(Ambiguous) as caught:
        await signer.sign(document(), knows(), 20.0)
    assert time.monotonic() - begun < 1.9
    assert caught.value.reason is Reason.TIMED_OUT
    await asyncio.sleep(0.2)
    assert len(bench.service.received) == bench.signings() == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_status_that_does_not_come_has_signed_nothing(bench: Bench, version: str) -> None:
    signer = await bench.opened(version)
    for error in (Ambiguous(), TryLater()):
        bench.http.forget()
        bench.http.on("GET", bench.url, error)
        bench.http.on("POST", bench.url + "/api/v2/user", error)
        with pytest.raises(TryLater):
            await signer.sign(document(), knows(), 20.0)
    bench.http.forget()
    bench.http.on_json("GET", bench.url, 502, b"")
    bench.http.on_json("POST", bench.url + "/api/v2/user", 502, b"")
    with pytest.raises(TryLater):
        await signer.sign(document(), knows(), 20.0)
    assert bench.signings() == 0


async def test_without_time_nothing_is_signed(bench: Bench) -> None:
    with pytest.raises(TryLater, match="no time left"):
        await (await bench.opened()).sign(document(), knows(), 0.0)
    assert bench.http.sent == []


def other_pages(signed: bytes) -> bytes:
    return pdf(2)


def unsigned(signed: bytes) -> bytes:
    return pdf()


def half(signed: bytes) -> bytes:
    return signed[: len(signed) // 3]


def nothing(signed: bytes) -> bytes:
    return b""


def oversize(signed: bytes) -> bytes:
    return signed + b"\n" + b"%" * (5 << 20)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("change", [other_pages, unsigned, half, nothing, oversize])
async def test_what_is_not_the_document_with_one_more_signature_is_refused(
    bench: Bench, version: str, change: Callable[[bytes], bytes]
) -> None:
    bench.service.mischief.meddle = change
    with pytest.raises(Refused) as caught:
        await (await bench.opened(version)).sign(document(), knows(), 20.0)
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID
    assert bench.signings() == 1


async def test_an_earlier_signature_that_was_written_over_is_refused(bench: Bench) -> None:
    signer = await bench.opened()
    first = await signer.sign(document(), knows(), 20.0)
    bench.service.mischief.meddle = lambda signed: signed.replace(b"/Type /Catalog", b"/Type  /Catalo", 1)
    with pytest.raises(Refused, match="written anew"):
        await signer.sign(document(pdf=first, already_signed=True), knows(), 20.0)


async def test_a_pdf_that_waits_is_fetched_once(bench: Bench, tmp_path: Path) -> None:
    bench.service.mischief.keep = True
    signed = await (await bench.opened()).sign(document(), knows(), 20.0)
    assert (await verdict(bench, signed, tmp_path))["conclusion"] == "valid"
    fetched = [one.url for one in bench.http.sent if "/download/" in one.url]
    assert len(fetched) == 1
    again = await bench.http.client.send("GET", fetched[0], headers=_login(), timeout=5.0)
    assert again.status == 404
    assert "Dokumen telah didownload sebelumnya" in again.body.decode()


@pytest.mark.parametrize("answer", [TryLater(), Ambiguous(), HttpReply(404, {}, b"{}", "application/json")])
async def test_a_signed_pdf_that_cannot_be_fetched_is_an_unknown_outcome(bench: Bench, answer: Any) -> None:
    bench.service.mischief.keep = True
    bench.http.on("GET", bench.url + "/api/sign/download/", answer)
    with pytest.raises(Ambiguous):
        await (await bench.opened()).sign(document(), knows(), 20.0)
    assert bench.signings() == 1


@pytest.mark.parametrize(
    "given",
    [
        document(pdf=b""), document(pdf=b"not a PDF"), document(page=7), marked(x=900.0), marked(tag="##"),
        marked(width=0.0),
    ],
)  # fmt: skip
async def test_what_cannot_be_signed_is_refused_before_anything_leaves(bench: Bench, given: PdfToSign) -> None:
    with pytest.raises(Refused) as caught:
        await (await bench.opened()).sign(given, knows(), 20.0)
    assert caught.value.reason is Reason.BAD_REQUEST
    assert bench.http.sent == []


@pytest.mark.parametrize("name", ["", "siti", "1" * 15, "1" * 16 + "/../../user", EMAIL])
async def test_a_name_that_is_no_nik_does_not_get_into_an_address(bench: Bench, name: str) -> None:
    with pytest.raises(NeedsOperator) as caught:
        await (await bench.opened()).sign(document(signer=name), knows(), 20.0)
    assert not name or name not in str(caught.value)
    assert bench.http.sent == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_services_own_opinion(bench: Bench, version: str) -> None:
    signer = await bench.opened(version)
    signed = await signer.sign(document(), knows(), 20.0)
    opinion = await signer.verify(signed, 20.0)
    assert opinion.conclusion == "valid"
    assert [(one.intact, one.trusted) for one in opinion.signatures] == [(True, True)]
    assert (await signer.verify(pdf(), 20.0)).conclusion == "no_signature"
    broken = signed.replace(b"Surat keterangan", b"Surat keteranjan", 1)
    assert (await signer.verify(broken, 20.0)).conclusion == "invalid"
    with pytest.raises(Refused):
        await signer.verify(b"x", 20.0)


async def test_check_says_what_would_not_work_and_asks_for_nothing_else(bench: Bench) -> None:
    signer = await bench.opened()
    assert await signer.check() == []
    assert [one.method for one in bench.http.sent] == ["OPTIONS"]
    bench.http.on("OPTIONS", bench.url, TryLater())
    assert "does not answer" in (await signer.check())[0]
    bench.http.forget()
    bench.http.on("OPTIONS", bench.url, NeedsOperator("a certificate expired"))
    assert await signer.check() == ["a certificate expired"]


@pytest.mark.parametrize("said", ["", "esign", "esign:", ":rahasia"])
async def test_credentials_that_are_none_stop_only_this_signer(bench: Bench, said: str) -> None:
    bench.host.secrets._values[f"file:{LOGIN_FILE}"] = said
    signer = await bench.opened()
    assert LOGIN_FILE in (await signer.check())[0]
    with pytest.raises(NeedsOperator, match="user:password"):
        await signer.sign(document(), knows(), 20.0)


async def test_credentials_that_are_not_accepted_need_a_human(bench: Bench) -> None:
    bench.host.secrets._values[f"file:{LOGIN_FILE}"] = "esign:lain"
    signer = await bench.opened()
    assert "does not accept" in (await signer.check())[0]
    with pytest.raises(NeedsOperator):
        await signer.sign(document(), knows(), 20.0)
    assert bench.signings() == 0


async def test_the_credentials_are_shown_nowhere(bench: Bench) -> None:
    from base64 import b64encode

    signer = await bench.opened()
    password = LOGIN.partition(":")[2]
    assert password not in f"{signer!r}{vars(signer)}{bench.host!r}"
    assert bench.http.sent == []
    await signer.check()
    assert bench.http.sent[0].headers["Authorization"] == f"Basic {b64encode(LOGIN.encode()).decode()}"


def _login() -> dict[str, str]:
    from base64 import b64encode

    return {"Authorization": f"Basic {b64encode(LOGIN.encode()).decode()}"}
