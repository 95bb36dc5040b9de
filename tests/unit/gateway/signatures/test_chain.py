"""`gateway/signatures/chain.py`: how a chain ends, whatever came along, and how long that may take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from asn1crypto import x509
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.signatures.chain import Chain, Known, judge
from gateway.signatures.trust import Entry, Purpose, TrustStore
from tests.zoo.chains import above, answer, authority, by_sha1, junk, of_one_name, read
from tests.zoo.pki import AT, DAY, YEAR, Identity, crl, issue, pki

BOTH: tuple[Purpose, ...] = ("signers", "timestamps")


def store(
    anchors: Sequence[Identity] = (),
    others: Sequence[Identity] = (),
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
    purposes: tuple[Purpose, ...] = BOTH,
) -> TrustStore:
    entries = [Entry("anchor", "a", one.der, purposes) for one in anchors or [pki().root]]
    entries += [Entry("intermediate", "i", one.der) for one in others or [pki().office]]
    entries += [Entry("crl", "c", one) for one in crls] + [Entry("ocsp", "o", one) for one in ocsps]
    return TrustStore(tuple(entries))


async def ends(who: Identity, trust: TrustStore | None = None, known: Known = Known(), **more: Any) -> Chain:
    return await judge(read(who), known, trust or store(), more.pop("purpose", "signers"), more.pop("at", AT), **more)


def told(chain: Chain) -> tuple[str, str]:
    return chain.ending, chain.revocation


@pytest.mark.parametrize(
    ("name", "ending"),
    [("signer", "holds"), ("curved", "holds"), ("edwards", "holds"), ("stranger", "unknown"), ("expired", "expired"),
     ("future", "not_yet_valid"), ("declared", "no_revocation_data")],
)  # fmt: skip
async def test_without_any_revocation_data(name: str, ending: str) -> None:
    ended = await ends(getattr(pki(), name))
    assert ended.ending == ending
    assert ended.revocation == ("unknown" if ending == "no_revocation_data" else "unchecked")


async def test_the_edge_of_validity_that_was_crossed_is_told() -> None:
    assert (await ends(pki().expired)).at == AT - YEAR
    assert (await ends(pki().future)).at == AT + 30 * DAY
    assert told(await ends(pki().expired, at=AT - 2 * YEAR)) == ("holds", "unchecked")


async def test_who_trusts_nobody_knows_nobody() -> None:
    assert "trust folder" in (await ends(pki().signer, TrustStore())).detail
    for purpose, ending in (("signers", "unknown"), ("timestamps", "holds")):
        trust = store(purposes=("timestamps",))
        assert (await ends(pki().signer, trust, purpose=purpose)).ending == ending


async def test_an_anchor_may_be_the_office_or_the_signer_alone() -> None:
    assert (await ends(pki().signer, store([pki().office]))).ending == "holds"
    assert (await ends(pki().signer, store([pki().signer]))).ending == "holds"
    assert (await ends(pki().second, store([pki().signer]))).ending == "unknown"


async def test_certificates_that_came_along_help() -> None:
    bare = TrustStore((Entry("anchor", "a", pki().root.der, BOTH),))
    assert (await ends(pki().signer, bare)).ending == "unknown"
    assert (await ends(pki().signer, bare, Known(above(pki().signer)))).ending == "holds"


# Revocation.

ANEW = {"at": AT - 4 * DAY, "until": AT + DAY}


async def test_a_crl_tells() -> None:
    office = pki().office_crl()
    assert told(await ends(pki().declared, store(crls=[office]))) == ("holds", "good")
    revoked = await ends(pki().revoked, store(crls=[office]))
    assert (told(revoked), revoked.at, revoked.leaf) == (("revoked", "revoked"), AT - 30 * DAY, True)
    assert "key" in revoked.detail


async def test_an_ocsp_answer_tells() -> None:
    good, bad = answer(pki().declared, pki().responder), answer(pki().declared, pki().responder, revoked=AT - 3 * DAY)
    assert told(await ends(pki().declared, store(ocsps=[good]))) == ("holds", "good")
    revoked = await ends(pki().declared, store(ocsps=[bad]))
    assert (told(revoked), revoked.at) == (("revoked", "revoked"), AT - 3 * DAY)


async def test_what_came_along_tells_too_and_is_named_so() -> None:
    ended = await ends(pki().declared, None, Known(crls=(pki().office_crl(),)))
    assert (told(ended), ended.embedded) == (("holds", "good"), True)
    ended = await ends(pki().declared, store(crls=[pki().office_crl()]), Known(crls=(pki().office_crl(),)))
    assert (told(ended), ended.embedded) == (("holds", "good"), False)


@pytest.mark.parametrize("swapped", [False, True])
async def test_whoever_says_revoked_is_heard(swapped: bool) -> None:
    who, by = pki().declared, pki().responder
    old, new = crl(pki().office, {}, at=AT - 5 * DAY), crl(pki().office, {who: AT - 2 * DAY})
    fine, bad = answer(who, by, **ANEW), answer(who, by, revoked=AT - 2 * DAY)
    sides = [([old, new], []), ([new], [fine]), ([old], [bad]), ([], [fine, bad])]
    for crls, ocsps in sides:
        order = slice(None, None, -1 if swapped else 1)
        assert (await ends(who, store(crls=crls[order], ocsps=ocsps[order]))).ending == "revoked"
        known = Known(crls=tuple(crls[order]), ocsps=tuple(ocsps[order]))
        assert (await ends(who, None, known)).ending == "revoked"
    assert (await ends(who, store(crls=[old]), Known(crls=(new,)))).ending == "revoked"
    assert (await ends(who, store(ocsps=[fine]), Known(crls=(new,)))).ending == "revoked"


async def test_what_is_too_old_tells_nothing() -> None:
    for trust in (
        store(crls=[pki().office_crl(at=AT - 60 * DAY, days=10)]),
        store(ocsps=[answer(pki().declared, pki().responder, at=AT - 30 * DAY)]),
    ):
        ended = await ends(pki().declared, trust)
        assert told(ended) == ("no_revocation_data", "unknown")
        assert "too old" in ended.detail


async def test_only_the_authority_tells_of_its_certificates() -> None:
    namesake = issue("Kantor Penerbit", authority=True)
    forged = crl(namesake, {pki().declared: AT - 50 * DAY})
    assert (await ends(pki().declared, store(crls=[forged]))).ending == "no_revocation_data"
    assert (await ends(pki().declared, store(crls=[forged, pki().office_crl()]))).ending == "holds"
    by_stranger = answer(pki().declared, pki().stranger)
    assert (await ends(pki().declared, store(ocsps=[by_stranger]))).ending == "no_revocation_data"
    by_signer = answer(pki().declared, pki().signer)
    assert (await ends(pki().declared, store(ocsps=[by_signer]))).ending == "no_revocation_data"


async def test_damaged_revocation_data_spoils_no_other() -> None:
    junk_ = (b"", b"\x30\x00", b"\x30\x80", pki().office_crl()[:-40], bytes(50))
    trust = store(crls=[*junk_, pki().office_crl()], ocsps=junk_)
    assert told(await ends(pki().declared, trust)) == ("holds", "good")


async def test_an_authority_in_between_was_revoked() -> None:
    ended = await ends(pki().signer, store(crls=[crl(pki().root, {pki().office: AT - 40 * DAY})]))
    assert (ended.ending, ended.leaf, ended.at) == ("revoked", False, AT - 40 * DAY)


async def test_a_proven_use_before_the_revocation_counts() -> None:
    trust = store(crls=[pki().office_crl()])
    for days, ending in ((40, "holds"), (20, "revoked")):
        moment = AT - days * DAY
        assert (await ends(pki().revoked, trust, at=moment, used_at=moment)).ending == ending


async def test_a_crl_of_after_its_end_says_nothing_about_a_certificate() -> None:
    # Its authority need not list it any more.
    ended = await ends(pki().short_lived, store(crls=[pki().office_crl()]), at=AT - YEAR - DAY)
    assert ended.ending == "no_revocation_data"


# Chains that must not hold.


async def test_a_chain_that_breaks_a_rule() -> None:
    short = authority("Pendek", pki().root, length=0)
    too_long = issue("Daun", authority("Di Bawahnya", short), kind="ec")
    ended = await ends(too_long, None, Known(above(too_long)))
    assert (ended.ending, ended.leaf) == ("broken", False)
    misnamed = issue("Daun", authority("Terbatas", pki().root, only_below="Lain"), kind="ec")
    ended = await ends(misnamed, None, Known(above(misnamed)))
    assert (ended.ending, ended.leaf) == ("broken", True)
    by_no_authority = issue("Daun", pki().signer, kind="ec")
    assert (await ends(by_no_authority, None, Known(above(by_no_authority)))).ending == "broken"


async def test_a_signature_of_a_namesake_does_not_count() -> None:
    namesake = issue("Kantor Penerbit", kind="ec", authority=True)
    leaf = issue("Daun", namesake, kind="ec")
    assert (await ends(leaf, None, Known((read(namesake),)))).ending in ("unknown", "broken")


async def test_weak_links() -> None:
    weak = issue("Kantor Lemah", pki().root, authority=True, kind="rsa1024")
    below = issue("Daun", weak, kind="ec")
    assert (await ends(below, None, Known(above(below)))).ending == "weak"
    assert (await ends(by_sha1(pki().signer, pki().office))).ending == "weak"
    office = issue("Kantor SHA-1", pki().root, authority=True)
    below = issue("Daun", office, kind="ec")
    assert (await ends(below, None, Known((read(by_sha1(office, pki().root)),)))).ending == "weak"


async def test_two_roots_that_crossed() -> None:
    one, two = issue("Silang A", kind="ec", authority=True), issue("Silang B", kind="ec", authority=True)
    across = (read(authority("Silang A", two, key=one.key)), read(authority("Silang B", one, key=two.key)))
    leaf = issue("Daun", one, kind="ec")
    assert (await ends(leaf, None, Known(across))).ending == "unknown"
    out = read(authority("Silang B", pki().root, key=two.key))
    assert (await ends(leaf, None, Known((*across, out)))).ending == "holds"


# Bounds.


async def test_junk_costs_little_and_hides_nothing() -> None:
    base = of_one_name()
    circles = Known(junk(200, base, base))
    begin = time.monotonic()
    assert (await ends(issue("Daun", base, kind="ec"), None, circles)).ending == "unknown"
    assert told(await ends(pki().revoked, store(crls=[pki().office_crl()]), circles)) == ("revoked", "revoked")
    assert (await ends(pki().signer, None, circles)).ending == "holds"
    assert time.monotonic() - begin < 5


async def test_many_ways_to_one_root_are_not_all_walked() -> None:
    ways = Known(junk(100, pki().office, pki().root))
    begin = time.monotonic()
    assert (await ends(pki().revoked, store(crls=[pki().office_crl()]), ways)).ending == "revoked"
    assert (await ends(pki().declared, None, ways)).ending == "no_revocation_data"
    assert time.monotonic() - begin < 5


async def test_none_that_came_along_hides_one_of_the_folder() -> None:
    serial = pki().office.certificate.serial_number
    twin = authority("Kantor Penerbit", pki().root, serial=serial)
    assert (await ends(pki().signer, None, Known((read(twin),)))).ending == "holds"


async def test_a_chain_without_end_has_one() -> None:
    last, every = pki().root, []
    for number in range(150):
        last = authority(f"Tingkat {number}", last)
        every.append(read(last))
    assert (await ends(issue("Daun", last, kind="ec"), None, Known(tuple(every)))).ending == "unknown"


@settings(max_examples=150, deadline=None)
@given(which=some.sampled_from(("curved", "declared", "tsa")), at=some.integers(0, 1 << 20), byte=some.integers(1, 255))
async def test_an_altered_certificate_never_holds(which: str, at: int, byte: int) -> None:
    der = bytearray(getattr(pki(), which).der)
    der[at % len(der)] ^= byte
    try:
        certificate = x509.Certificate.load(bytes(der), strict=True)
    except ValueError:
        return
    ended = await judge(certificate, Known((certificate,)), store(crls=[pki().office_crl()]), "signers", AT)
    assert ended.ending != "holds"


@pytest.mark.parametrize("year", [1, 1950, 9999])
async def test_any_time_may_be_asked_for(year: int) -> None:
    assert (await ends(pki().signer, at=AT.replace(year=year))).ending != "holds"


# Anchors: whose word counts, and for how much.


async def test_an_anchor_that_is_no_authority_counts_as_itself_and_issues_for_nobody() -> None:
    """Somebody's own certificate in the trust folder must not make of its holder an authority over all others."""
    own = issue("Sendiri", kind="ec")
    forged = issue("Presiden", own, kind="ec")
    assert (await ends(own, store([own]))).ending == "holds"
    assert (await ends(forged, store([own]), Known(above(forged)))).ending == "unknown"
    by_a_leaf = issue("Presiden", pki().signer, kind="ec")
    assert (await ends(by_a_leaf, store([pki().signer]), Known(above(by_a_leaf)))).ending == "unknown"
    assert (await ends(by_a_leaf, store([pki().root, pki().signer]), Known(above(by_a_leaf)))).ending == "broken"


async def test_an_anchor_counts_while_it_lives() -> None:
    old = issue("Akar Lama", authority=True, kind="ec", begin=AT - 9 * YEAR, end=AT - YEAR)
    young = issue("Akar Muda", authority=True, kind="ec", begin=AT + DAY)
    for root in (old, young):
        leaf = issue("Daun", root, kind="ec", begin=AT - 9 * YEAR)
        assert (await ends(leaf, store([root]))).ending == "unknown"
        assert "at that time" in (await ends(leaf, store([root]))).detail
    assert (
        await ends(issue("Daun", old, kind="ec", begin=AT - 9 * YEAR), store([old]), at=AT - 2 * YEAR)
    ).ending == "holds"


async def test_what_an_anchor_says_of_itself_bounds_its_chains() -> None:
    short = authority("Akar Pendek", pki().root, length=0)
    below = issue("Kantor", short, authority=True, kind="ec")
    deep = issue("Daun", below, kind="ec")
    assert (await ends(issue("Daun", short, kind="ec"), store([short]))).ending == "holds"
    assert (await ends(deep, store([short], [below]), Known(above(deep)))).ending == "broken"
    bounded = authority("Akar Terbatas", pki().root, only_below="Lain")
    assert (await ends(issue("Daun", bounded, kind="ec"), store([bounded]))).ending == "broken"


async def test_an_entry_counts_also_in_a_crl_of_after_its_end() -> None:
    """Such a list may leave out what has expired, so that it proves nothing good; what it names it names."""
    gone = issue("Dicabut Lalu Habis", pki().office, kind="ec", begin=AT - 3 * YEAR, end=AT - 100 * DAY)
    later = crl(pki().office, {gone: AT - 200 * DAY})
    silent = crl(pki().office, {})
    used, end = AT - 150 * DAY, AT - 150 * DAY
    assert (await ends(gone, store(crls=[later]), at=end, used_at=used)).ending == "revoked"
    before = AT - 300 * DAY
    assert (await ends(gone, store(crls=[later]), at=before, used_at=before)).ending == "holds"
    assert told(await ends(gone, store(crls=[silent]), at=end, used_at=used)) == ("holds", "unchecked")


async def test_where_revocation_would_be_told_is_said() -> None:
    assert "lintas trust update http://crl.zoo.invalid/office.crl" in (await ends(pki().declared)).detail
