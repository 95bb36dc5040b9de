import json

import pytest
from typer.testing import CliRunner

from gateway.cli import build
from schemas.catalogue import DOCUMENTS, SERVICES
from schemas.published import file_stem, files


def schemas(*arguments: str):
    return CliRunner().invoke(build(), ["schemas", *arguments])


def test_every_document_and_service_is_listed() -> None:
    shown = schemas().stdout
    assert all(name in shown for name in (*DOCUMENTS, *SERVICES))
    told = json.loads(schemas("--json").stdout)
    assert [one["name"] for one in told["documents"]] == list(DOCUMENTS)
    assert [one["name"] for one in told["services"]] == list(SERVICES)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_one_document_as_published(name: str) -> None:
    assert schemas(name, "--xsd").stdout.encode() == files()[f"{file_stem(name)}.xsd"]
    published = files()[f"{file_stem(name)}.schema.json"]
    assert schemas(name, "--json-schema").stdout.encode() == published
    fields = {one["name"] for one in json.loads(schemas(name, "--json").stdout)["fields"]}
    assert fields == set(json.loads(published).get("properties", {}))


@pytest.mark.parametrize("arguments", [("leter/1",), ("--xsd",), ("letter/1", "--xsd", "--json-schema")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert schemas(*arguments).exit_code == 2


def test_a_slip_is_met_with_a_hint() -> None:
    assert "did you mean 'letter/1'?" in schemas("leter/1").stderr
