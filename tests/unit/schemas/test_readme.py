from __future__ import annotations

import re
from pathlib import Path

import schemas
from schemas.catalogue import DOCUMENTS

README = (Path(schemas.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert "query" in names


def test_every_type_is_listed() -> None:
    assert [doc_type for doc_type in DOCUMENTS if f"`{doc_type}`" not in README] == []
