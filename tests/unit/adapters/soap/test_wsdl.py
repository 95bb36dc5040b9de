from __future__ import annotations

import hashlib

import pytest
from lxml import etree

from adapters.soap.contract import compile_types
from adapters.soap.envelope import VERSIONS
from adapters.soap.names import Words, all_words, operation_of, words_of
from adapters.soap.writer import document_fragment
from adapters.soap.wsdl import declared_names, wsdl
from gateway.contract import Reason, Refused
from schemas.catalogue import SERVICES, parse_json

ALL = list(all_words())


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.operation)
def test_the_same_input_gives_the_same_bytes(words: Words) -> None:
    first = wsdl(words, "https://gateway.example")
    wsdl.cache_clear()
    assert hashlib.sha256(wsdl(words, "https://gateway.example")).digest() == hashlib.sha256(first).digest()


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.operation)
def test_a_contract_has_both_versions_at_the_public_address(words: Words) -> None:
    root = etree.fromstring(wsdl(words, "https://gateway.example/lintas/"))
    addresses = {port[0].get("location") for port in root.iterfind("{*}service/{*}port")}
    assert addresses == {f"https://gateway.example/lintas/soap/{words.service.name}"}
    assert len(root.findall("{*}service/{*}port")) == len(root.findall("{*}binding")) == len(VERSIONS)


def test_a_hostile_public_url_stays_text() -> None:
    url = 'https://x/"><evil/>&'
    root = etree.fromstring(wsdl(words_of("coverage.lookup"), url))
    assert root.findall(".//evil") == []


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.operation)
def test_the_published_types_take_what_the_endpoint_takes(words: Words) -> None:
    """The XSD in the WSDL judges a whole wrapper, its document within, as the two schemas of the hot path do."""
    if words.service.request != "eligibility-query/1":
        assert compile_types(wsdl(words, "https://x"), {})
        return
    types = compile_types(wsdl(words, "https://x"), {})
    document = parse_json("eligibility-query/1", {"noKartu": "0001234567891", "serviceDate": "2026-11-23"})
    said = document_fragment(document, words).decode()
    good = f'<{words.operation} xmlns="{words.namespace}"><envelope><instance>test</instance></envelope>{said}'
    assert types.validate(etree.fromstring(f"{good}</{words.operation}>"))
    assert not types.validate(etree.fromstring(f"{good.replace('2026-11-23', '23-11-2026')}</{words.operation}>"))
    assert not types.validate(etree.fromstring(f"{good}<part/></{words.operation}>"))


def test_only_a_service_with_parts_names_them() -> None:
    for words in ALL:
        request = etree.fromstring(wsdl(words, "https://x")).find(
            f".//{{*}}element[@name='{words.operation}']//{{*}}element[@name='part']"
        )
        assert (request is not None) == words.service.parts_allowed


def test_an_operation_is_the_service_in_camel_case() -> None:
    assert operation_of("coverage.lookup") == "CoverageLookup"
    assert operation_of("file-batch.deliver") == "FileBatchDeliver"
    assert {words.service.name for words in ALL} == set(SERVICES)
    assert len({words.operation for words in ALL}) == len(ALL)


def test_an_unknown_service_has_no_words() -> None:
    with pytest.raises(Refused) as caught:
        words_of("no.such")
    assert caught.value.reason is Reason.UNKNOWN_SERVICE


def test_the_names_that_may_be_repeated_are_the_schemas_own() -> None:
    names = declared_names(words_of("letter.deliver"))
    assert {"envelope", "recipients", "part", "mediaType"} <= names
