"""docs/signatures.md lists every finding as it is."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.signatures.findings import CATALOGUE

DOCUMENT = Path(__file__).parents[4] / "docs" / "signatures.md"


def test_the_document_lists_every_finding_as_it_is() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| (\w*) \| (.*?) \| (.*?) \|$", DOCUMENT.read_text(), re.MULTILINE)
    told = {code: rest for code, *rest in rows}
    assert told == {
        code: [kind.weight, kind.sub_indication or "", kind.message, kind.advice] for code, kind in CATALOGUE.items()
    }
