from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree

from schemas.catalogue import DOCUMENTS, parse_json
from schemas.document import SchemaError
from schemas.published import FOLDER, files, json_schema, write
from schemas.xsd import xsd_text


def test_the_files_are_what_the_models_say() -> None:
    on_disk = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert on_disk == dict(files())


def test_writing_is_stable_and_removes_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone-1.xsd").write_bytes(b"x")
    assert "gone-1.xsd" in write(tmp_path)
    assert write(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == set(files())


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_the_json_schema_is_one(doc_type: str) -> None:
    Draft202012Validator.check_schema(json_schema(doc_type))


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from _objects(value)


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_every_object_is_closed_and_every_field_annotated(doc_type: str) -> None:
    for schema in _objects(json_schema(doc_type)):
        assert schema["additionalProperties"] is False
        for field in schema["properties"].values():
            assert field["x-privacy"] in ("public", "personal", "specific", "secret")
            assert field["description"]
            assert "default" not in field


def test_subjects_and_terms_are_told() -> None:
    nik = json_schema("person/1")["properties"]["nik"]
    assert (nik["x-subject"], nik["x-term-id"], nik["x-privacy"]) == ("nik", "NIK", "personal")


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_schema_and_validator_agree(wire_values, doc_type: str, data: st.DataObject) -> None:
    value = data.draw(wire_values(doc_type))
    checker = Draft202012Validator(json_schema(doc_type), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert list(checker.iter_errors(value)) == []
    name = data.draw(st.sampled_from(sorted(value)))
    value[name] = data.draw(st.sampled_from([None, 1, True, "\x00", [], {}, "2026-02-30", "", "x" * 600, "\u00e9"]))
    codes: set[str] = set()
    try:
        parse_json(doc_type, value)
    except SchemaError as refused:
        codes = {error.code for error in refused.errors}
    # Rules between fields are told in words; every rule of one field stands in the schema too.
    between = {"one_of_required", "draft_number", "batch_count"}
    assert codes <= between or list(checker.iter_errors(value))
    assert codes or not list(checker.iter_errors(value))


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_the_xsd_stands_alone_and_has_no_wildcard(doc_type: str) -> None:
    root = etree.fromstring(xsd_text(doc_type))
    names = {etree.QName(element).localname for element in root.iter(etree.Element)}
    assert names.isdisjoint({"any", "anyAttribute", "import", "include", "choice", "all", "union", "list"})
    etree.XMLSchema(root)
