"""The published schemas: JSON Schema 2020-12 and XSD files, one pair per document type, byte-stable.

Enters: nothing but the models. Leaves: the files under `schemas/published/`. Refuses: nothing; a test compares the
files with the models, and `python -m schemas.published` writes them again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from schemas.catalogue import DOCUMENTS, model_of
from schemas.xsd import namespace, xsd_text

FOLDER = Path(__file__).parent / "published"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, minus titles and the null defaults that stand for absence."""

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(doc_type: str) -> dict[str, Any]:
    """Give the JSON Schema of a document type, with `x-privacy`, `x-subject` and `x-term-id` on its fields."""
    model = model_of(doc_type)
    body = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": namespace(doc_type),
        **body,
        "title": doc_type,
    }


def file_stem(doc_type: str) -> str:
    """Give the file name without suffix: `person/1` is `person-1`."""
    return doc_type.replace("/", "-")


@cache
def files() -> dict[str, bytes]:
    """Give every published file by name; this is what HTTP serves under `/schemas/`."""
    found: dict[str, bytes] = {}
    for doc_type in DOCUMENTS:
        body = orjson.dumps(json_schema(doc_type), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        found[f"{file_stem(doc_type)}.schema.json"] = body
        found[f"{file_stem(doc_type)}.xsd"] = xsd_text(doc_type)
    return found


def write(folder: Path = FOLDER) -> list[str]:
    """Write the files that changed and remove those of types that are gone; list their names."""
    folder.mkdir(exist_ok=True)
    wanted, touched = files(), []
    for path in sorted(folder.iterdir()):
        if path.name not in wanted and path.name.endswith((".schema.json", ".xsd")):
            path.unlink()
            touched.append(path.name)
    for name, body in wanted.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != body:
            path.write_bytes(body)
            touched.append(name)
    return touched


if __name__ == "__main__":
    for changed in write():
        print(changed)
