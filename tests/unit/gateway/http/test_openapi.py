"""The description says what is mounted, and all it shows fits what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from gateway.contract.reasons import REASONS, Reason
from gateway.http import examples, openapi
from gateway.http.operations import operations, refusals
from gateway.http.pages import Pages
from gateway.http.server import Server
from gateway.http.shapes import component
from gateway.settings import Settings
from schemas.catalogue import DOCUMENTS, SERVICES, parse_json
from schemas.published import json_schema

URL = "https://gateway.example"


@pytest.fixture(scope="module")
def described(server: Server, pages: Pages, settings: Settings) -> dict[str, Any]:
    return openapi.document(server.router.paths, settings, URL)


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from walk(item, f"{path}/{key}")


def fits(described: dict[str, Any], schema: Any, value: Any) -> list[str]:
    whole = {"components": described["components"], "allOf": [schema]}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]


def calls(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method, call in item.items():
            yield method.upper(), path, call


def test_every_mounted_path_is_described_and_no_other(server: Server, pages: Pages, settings: Settings) -> None:
    assert set(operations(settings)) == set(server.router.paths)


def test_the_document_lists_what_is_mounted(described: dict[str, Any], server: Server) -> None:
    assert {(method, path) for method, path, _ in calls(described)} == set(server.router.paths)


def test_the_same_input_gives_the_same_bytes(described: dict[str, Any], server: Server, settings: Settings) -> None:
    again = openapi.document(reversed(server.router.paths), settings, URL)
    assert orjson.dumps(again) == orjson.dumps(described)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    names = {value for path, value in walk(described) if path.endswith("/$ref")}
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert names
    assert names <= known


def test_every_component_is_a_json_schema(described: dict[str, Any]) -> None:
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_components_are_the_published_schemas(described: dict[str, Any], doc_type: str) -> None:
    told, published = described["components"]["schemas"][component(doc_type)], json_schema(doc_type)
    assert told["properties"].keys() == published["properties"].keys()
    assert told["required"] == published["required"]


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_equal_names_of_groups_mean_equal_groups(described: dict[str, Any], doc_type: str) -> None:
    for name, inner in json_schema(doc_type).get("$defs", {}).items():
        assert (
            orjson.loads(orjson.dumps(inner).replace(b"#/$defs/", b"#/components/schemas/"))
            == (described["components"]["schemas"][name])
        )


def test_identifiers_of_calls_are_unique(described: dict[str, Any]) -> None:
    names = [call["operationId"] for _, _, call in calls(described)]
    assert len(names) == len(set(names))


def test_parameters_in_the_path_are_described(described: dict[str, Any]) -> None:
    for _, path, call in calls(described):
        named = [one["name"] for one in call.get("parameters", ()) if one["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", path)


def test_every_example_fits_its_schema(described: dict[str, Any]) -> None:
    shown = 0
    for _, value in walk(described):
        if not isinstance(value, dict):
            continue
        media = "schema" in value and isinstance(value.get("schema"), dict)
        if media and "example" in value:
            shown += 1
            assert fits(described, value["schema"], value["example"]) == []
        if media and isinstance(value.get("examples"), dict):
            for example in value["examples"].values():
                shown += 1
                assert fits(described, value["schema"], example["value"]) == []
    assert shown > len(SERVICES)


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda one: one.name)
def test_every_service_has_an_example_that_the_gateway_reads(service: Any) -> None:
    parse_json("envelope/1", {"service": service.name, "schema": service.request})
    document = parse_json(service.request, examples.DOCUMENTS[service.name])
    assert service.request == document.TYPE


def test_a_submission_fits_one_service_only(described: dict[str, Any]) -> None:
    schema = described["paths"]["/api/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    wrong = {"envelope": {"service": "letter.deliver", "schema": "person/1"}, "document": {}}
    assert fits(described, schema, wrong)
    stray = {**(examples.submission("person.deliver", "person/1") or {}), "parts": []}
    assert fits(described, schema, stray)


def test_refusals_name_their_reasons(described: dict[str, Any]) -> None:
    answers = described["paths"]["/api/v1/messages"]["post"]["responses"]
    assert "`conflict`" in answers["409"]["description"]
    assert set(answers) >= {"200", "202", "400", "401", "403", "404", "409", "413", "415", "422", "500", "503"}


def test_a_refusal_of_each_reason_fits_the_problem(described: dict[str, Any]) -> None:
    for reason in Reason:
        told = refusals([reason])[str(REASONS[reason].status)]["content"]["application/problem+json"]
        assert fits(described, told["schema"], told["example"]) == []


def test_what_needs_a_caller_says_so(described: dict[str, Any]) -> None:
    for _, path, call in calls(described):
        assert bool(call["security"]) == ("401" in call["responses"]), path


def test_a_path_of_an_unknown_adapter_is_listed(settings: Settings) -> None:
    told = openapi.document([("POST", "/kirim/{kode}")], settings, URL)["paths"]["/kirim/{kode}"]["post"]
    assert told["tags"] == ["other"]
    assert told["parameters"][0]["name"] == "kode"
