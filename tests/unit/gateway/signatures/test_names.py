"""`gateway/signatures/names.py`: names of strangers as one line that misleads nobody."""

from unicodedata import category

from asn1crypto import x509
from hypothesis import given
from hypothesis import strategies as some

from gateway.signatures.names import organisation, readable
from tests.zoo.chains import read
from tests.zoo.pki import pki


def named(**parts: str) -> x509.Name:
    return x509.Name.build(parts)


def test_one_order_whatever_order_it_was_made_in() -> None:
    assert readable(named(country_name="ID", organization_name="Dinas", common_name="Siti")) == "CN=Siti,O=Dinas,C=ID"
    odd = named(common_name="Siti", email_address="siti@contoh.test", title="Lurah")
    assert readable(odd) == "CN=Siti,email_address=siti@contoh.test,title=Lurah"
    assert readable(read(pki().signer).subject).startswith("CN=Siti Penanda,O=Dinas Contoh,C=ID")


def test_the_organisation() -> None:
    assert organisation(named(organization_name="Dinas, Contoh", common_name="x")) == "Dinas\\, Contoh"
    assert organisation(named(common_name="x")) is None


def test_nothing_hidden_is_passed_on() -> None:
    tricky = named(common_name="Siti\u202egnp.exe\x1b[2J\n\u200b,O=Presiden", organization_name="A\x00B")
    assert readable(tricky) == "CN=Sitignp.exe[2J\\,O=Presiden,O=AB"
    assert organisation(tricky) == "AB"


def test_long_and_empty_names() -> None:
    assert len(readable(named(common_name="x" * 5000))) == 300
    assert len(organisation(named(organization_name="x" * 5000)) or "") == 300
    assert readable(named()) == "empty name"


def test_a_name_that_cannot_be_read() -> None:
    # A UTF8String that is none.
    damaged = named(common_name="Siti").dump().replace(b"Siti", b"\xff\xfe\xfd\xfc")
    assert readable(x509.Name.load(damaged)) == "unreadable name"
    assert organisation(x509.Name.load(damaged)) is None


@given(at=some.integers(0, 1 << 16), byte=some.integers(0, 255))
def test_whatever_stands_there_is_text(at: int, byte: int) -> None:
    data = bytearray(read(pki().signer).subject.dump())
    data[at % len(data)] = byte
    try:
        name = x509.Name.load(bytes(data))
    except ValueError:
        return
    for told in (readable(name), organisation(name) or ""):
        assert len(told) <= 300
        assert not any(category(one) in ("Cc", "Zl", "Zp") for one in told)
