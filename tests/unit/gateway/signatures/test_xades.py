"""XAdES properties count only if they are signed, and each value is read by itself."""

from __future__ import annotations

import re

from gateway.signatures.examined import Examined
from gateway.signatures.material import Material
from gateway.signatures.xml import examine
from tests.zoo import xml
from tests.zoo.pki import pki
from tests.zoo.xml_maker import with_crl


def examined(data: bytes) -> Examined:
    return examine(Material.of(data), None).signatures[0]


def codes(one: Examined) -> list[str]:
    return [each.code for each in one.findings]


def test_a_claimed_time_with_and_without_zone() -> None:
    for told in (
        "2026-05-22T07:00:00+07:00",
        "2026-05-22T00:00:00Z",
        "2026-05-22T00:00:00",
        " 2026-05-22T00:00:00.000Z",
    ):
        assert str(examined(xml.sealed_xades(time=told)).claimed_at) == "2026-05-22 00:00:00+00:00"
    for told in ("", "0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z"):
        one = examined(xml.sealed_xades(time=told))
        assert (one.claimed_at, codes(one)) == (None, ["format_broken"])


def test_properties_that_nobody_signed_are_not_used() -> None:
    one = examined(xml.unsigned_properties())
    assert (one.claimed_at, one.format, one.integrity, codes(one)) == (None, "XML-DSig", "intact", ["unsupported"])


def test_properties_that_were_changed_are_not_used() -> None:
    changed = xml.sealed_xades().replace(b"2026-05-22T07", b"2020-01-01T07")
    one = examined(changed)
    assert (one.claimed_at, one.baseline, codes(one)) == (None, False, ["hash_mismatch"])


def test_a_second_set_of_properties_is_refused() -> None:
    made = xml.sealed_xades()
    match = re.search(rb"<ds:Object>.*?</ds:Object>", made, re.S)
    assert match is not None
    doubled = made.replace(match.group(), match.group() + match.group().replace(b'Id="p-1"', b'Id="p-2"'))
    one = examined(doubled)
    assert (one.claimed_at, codes(one)) == (None, ["format_broken"])


def test_nothing_else_stands_among_the_properties() -> None:
    one = examined(xml.sealed_xades().replace(b"</x:QualifyingProperties>", b"<isi/></x:QualifyingProperties>"))
    assert (one.claimed_at, codes(one)) == (None, ["format_broken"])


def test_revocation_data_comes_along_and_broken_data_is_told() -> None:
    one = examined(with_crl(xml.good_xades(), pki().office_crl()))
    assert one.embedded.crls == (pki().office_crl(),) or len(one.embedded.crls) == 1
    broken = re.sub(rb"(EncapsulatedCRLValue>)", rb"\1*", with_crl(xml.good_xades(), b"x"), count=1)
    one = examined(broken)
    assert (one.embedded.crls, codes(one)) == ((), ["format_broken"])


def test_what_a_counter_signature_carries_is_not_its_parents() -> None:
    inside = with_crl(xml.good_xades(), b"x")
    holder = re.search(rb"<xades:RevocationValues.*?</xades:RevocationValues>", inside, re.S)
    assert holder is not None
    made = xml.counter().replace(b"</xades:CounterSignature>", holder.group() + b"</xades:CounterSignature>")
    assert examined(made).embedded.crls == ()
