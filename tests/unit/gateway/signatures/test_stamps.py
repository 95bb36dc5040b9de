"""`gateway/signatures/stamps.py`: whose time counts, and which token is proven by a later one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from asn1crypto import cms, core

from gateway.signatures import stamps
from gateway.signatures.chain import Known
from gateway.signatures.examined import Token
from gateway.signatures.stamps import Judged
from gateway.signatures.trust import Entry, TrustStore
from tests.zoo.chains import read
from tests.zoo.cms_maker import digest, signed_data, signer_info, wrapped
from tests.zoo.cms_maker import token as made
from tests.zoo.pki import AT, DAY, YEAR, Identity, crl, issue, pki

DATA = b"the value of a signature"
TRUST = TrustStore((Entry("anchor", "root", pki().root.der, ("timestamps",)),))


def token(
    tsa: Identity,
    at: datetime,
    kind: Any = "signature",
    *,
    data: bytes = DATA,
    name: str = "sha256",
    gone: bool = False,
) -> Token:
    signed = made(tsa, digest(name, DATA), at=at, name=name)["content"]
    return Token(kind, signed, lambda algorithm: None if gone else digest(algorithm, data), kind == "archive")


def of_old(end: datetime = AT - YEAR, name: str = "Waktu Lama") -> Identity:
    return issue(name, pki().root, kind="ec", stamping=True, begin=AT - 9 * YEAR, end=end)


async def judged(*tokens: Token, trust: TrustStore = TRUST, known: Known = Known(), at: datetime = AT) -> list[Judged]:
    return await stamps.judge(list(tokens), known, trust, at)


def codes(every: list[Judged]) -> list[str | None]:
    return [one.problem.code if one.problem else None for one in every]


async def test_a_token_that_holds() -> None:
    (one,) = await judged(token(pki().tsa, AT - DAY))
    assert (one.proven, one.problem) == (AT - DAY, None)
    assert one.stamp is not None
    assert one.stamp.authority.startswith("CN=Penanda Waktu")


async def test_the_latest_comes_first() -> None:
    times = [AT - 3 * DAY, AT - DAY, AT - 2 * DAY]
    every = await judged(*(token(pki().tsa, at) for at in times))
    assert [one.proven for one in every] == sorted(times, reverse=True)


async def test_who_is_not_trusted_proves_nothing() -> None:
    for tsa in (pki().foreign_tsa, pki().signer):
        (one,) = await judged(token(tsa, AT - DAY))
        assert (one.proven, codes([one])) == (None, ["timestamp_untrusted"])
    signers_alone = TrustStore((Entry("anchor", "root", pki().root.der, ("signers",)),))
    assert codes(await judged(token(pki().tsa, AT - DAY), trust=signers_alone)) == ["timestamp_untrusted"]


async def test_a_token_for_something_else() -> None:
    every = await judged(token(pki().tsa, AT - DAY, data=b"other"), token(pki().tsa, AT - DAY, gone=True))
    assert codes(every) == ["timestamp_broken"] * 2
    assert not any(one.stamp.trusted for one in every if one.stamp)


async def test_a_weak_token_proves_nothing() -> None:
    weak = issue("Waktu Lemah", pki().root, kind="rsa1024", stamping=True)
    every = await judged(token(pki().tsa, AT - DAY, name="sha1"), token(weak, AT - DAY))
    assert codes(every) == ["timestamp_untrusted"] * 2
    assert [one.proven for one in every] == [None, None]


async def test_a_token_from_the_future() -> None:
    (one,) = await judged(token(pki().tsa, AT + DAY))
    assert (codes([one]), one.proven) == (["time_in_future"], None)


async def test_an_expired_authority_is_proven_by_a_later_archive_stamp() -> None:
    early = token(of_old(), AT - 2 * YEAR)
    assert codes(await judged(early)) == ["timestamp_untrusted"]
    for kind in ("archive", "document"):
        every = await judged(early, token(pki().tsa, AT - YEAR - DAY, kind))
        assert codes(every) == [None, None]
        assert every[1].proven == AT - 2 * YEAR
    # A stamp of another kind does not cover it; one that came too late proves nothing of the time before.
    assert codes(await judged(early, token(pki().tsa, AT - YEAR - DAY))) == [None, "timestamp_untrusted"]
    assert codes(await judged(early, token(pki().tsa, AT - DAY, "archive"))) == [None, "timestamp_untrusted"]
    # Nor does an archive stamp of somebody whom nobody trusts.
    foreign = token(pki().foreign_tsa, AT - YEAR + DAY, "archive")
    assert codes(await judged(early, foreign)) == ["timestamp_untrusted"] * 2


async def test_a_chain_of_archive_stamps_reaches_back() -> None:
    first, second = of_old(AT - 3 * YEAR, "Waktu 1"), of_old(AT - YEAR, "Waktu 2")
    every = await judged(
        token(first, AT - 4 * YEAR), replace(token(second, AT - 3 * YEAR - DAY, "archive"), order=1),
        replace(token(pki().tsa, AT - YEAR - DAY, "archive"), order=2),
    )  # fmt: skip
    assert codes(every) == [None, None, None]
    assert every[-1].proven == AT - 4 * YEAR


async def test_a_stamp_is_proven_by_what_covers_it_and_never_by_its_own_word() -> None:
    """A leaked authority's stamp, put behind an honest one and dated before it, proves nothing."""
    leaked = of_old(AT - YEAR, "Waktu bocor")
    honest = replace(token(pki().tsa, AT - YEAR - DAY, "document"), order=2)
    backdated = replace(token(leaked, AT - 3 * YEAR, "document"), order=3)
    proven = {one.token.order: one.proven for one in await judged(honest, backdated)}
    assert proven == {2: AT - YEAR - DAY, 3: None}
    covered = replace(backdated, order=1)
    assert {one.token.order: one.proven for one in await judged(honest, covered)}[1] == AT - 3 * YEAR


async def test_a_revoked_authority() -> None:
    tsa = of_old(AT + YEAR)
    revoking = Entry("crl", "crl", crl(pki().root, {tsa: AT - 100 * DAY}))
    trust = TrustStore((*TRUST.entries, revoking))
    early = token(tsa, AT - YEAR)
    assert codes(await judged(early, trust=trust)) == ["timestamp_untrusted"]
    covered = token(pki().tsa, AT - 200 * DAY, "archive")
    assert codes(await judged(early, covered, trust=trust)) == [None, None]
    late = token(pki().tsa, AT - 50 * DAY, "archive")
    assert codes(await judged(early, late, trust=trust)) == [None, "timestamp_untrusted"]


async def test_what_came_along_beside_the_token_helps() -> None:
    middle = issue("Kantor Waktu", pki().root, kind="ec", authority=True)
    tsa = issue("Waktu", middle, kind="ec", stamping=True)
    data = made(tsa, digest("sha256", DATA), at=AT - DAY)["content"]
    data["certificates"] = [one for one in data["certificates"] if one.chosen.subject == read(tsa).subject]
    bare = Token("signature", data, lambda name: digest(name, DATA))
    assert codes(await judged(bare)) == ["timestamp_untrusted"]
    assert codes(await judged(bare, known=Known((read(middle),)))) == [None]


async def test_a_token_whose_own_signature_is_broken() -> None:
    good = made(pki().tsa, digest("sha256", DATA), at=AT - DAY).dump()
    for broken in (
        good.replace((AT - DAY).strftime("%Y%m%d").encode(), b"20200101", 1),
        good[:-5] + bytes([good[-5] ^ 1]) + good[-4:],
    ):
        signed = cms.ContentInfo.load(broken)["content"]
        (one,) = await judged(Token("signature", signed, lambda name: digest(name, DATA)))
        assert (codes([one]), one.proven) == (["timestamp_broken"], None)


def odd_time(text: bytes) -> Token:
    """A token, well signed, whose time is written so."""
    usual = AT.strftime("%Y%m%d%H%M%SZ").encode()
    info = made(pki().tsa, digest("sha256", DATA), at=AT)["content"]["encap_content_info"]["content"].parsed.dump()
    data = core.Sequence.load(info).dump().replace(bytes([0x18, 15]) + usual, bytes([0x18, len(text)]) + text)
    data = data[:1] + bytes([len(data) - 2]) + data[2:]
    signer = signer_info(pki().tsa, data, content_type="tst_info", at=AT)
    held = cms.ContentInfo.load(wrapped(signed_data([signer], data, [pki().tsa], content_type="tst_info")))
    return Token("signature", held["content"], lambda name: digest(name, DATA))


@pytest.mark.parametrize(
    "text",
    [b"20260522000000", b"00000522000000Z", b"2026052200Z", b"20260522000000+0700", b"99999999999999Z", b"", b"x"],
)
async def test_times_that_are_none_spoil_no_other(text: bytes) -> None:
    every = await judged(odd_time(text), token(pki().tsa, AT - DAY), odd_time(AT.strftime("%Y%m%d%H%M%SZ").encode()))
    assert {one.proven for one in every} >= {AT - DAY, AT}
    assert all(one.problem is not None or one.proven.tzinfo for one in every)


async def test_what_is_no_token() -> None:
    plain = signed_data([signer_info(pki().tsa, b"x")], b"x", [pki().tsa])
    nobody = cms.ContentInfo.load(wrapped(signed_data([], None, [])))["content"]
    every = await judged(*(Token("signature", one, lambda name: b"") for one in (plain, nobody, cms.SignedData())))
    assert codes(every) == ["timestamp_broken"] * 3
    assert [one.stamp for one in every] == [None, None, None]
