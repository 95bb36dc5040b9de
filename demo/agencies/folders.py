"""Offices that only know folders: they write a file under a temporary name and rename it when it is whole.

Enters: a letter with its PDF, or a table. Leaves: files in an inbox; what came back, read from an outbox. Refuses:
nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Folders:
    """The two folders that an office shares with the gateway."""

    system: str
    inbox: Path
    outbox: Path
    errors: Path

    def drop(self, name: str, content: bytes) -> None:
        """A whole file, or none: written, flushed to the disk, renamed in."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        temporary = self.inbox / f".{name}.tmp"
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.inbox / name)

    def drop_letter(self, name: str, pdf: bytes, letter: dict[str, Any], recipients: list[str]) -> None:
        """`surat.pdf` with its sidecar `surat.pdf.json`; the sidecar is there first, so that the PDF is never alone."""
        sidecar = {"envelope": {"recipients": recipients}, "document": letter}
        self.drop(f"{name}.json", json.dumps(sidecar, ensure_ascii=False, indent=1).encode())
        self.drop(name, pdf)

    def came_back(self, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Every receipt and report about a file, by the name it was dropped under."""
        if not self.outbox.is_dir():
            return
        for path in sorted(self.outbox.glob(f"{name}.*.json")):
            yield path, json.loads(path.read_bytes())

    def receipts(self, name: str, kind: str) -> list[tuple[Path, dict[str, Any]]]:
        """The receipts of one kind: accepted, delivered, registered or refused."""
        return [found for found in self.came_back(name) if found[1].get("kind") == kind]

    def refusals(self, name: str) -> list[dict[str, Any]]:
        """What is told of a file that was refused, beside the file itself."""
        if not self.errors.is_dir():
            return []
        return [json.loads(path.read_bytes()) for path in sorted(self.errors.glob(f"{name}*.error.json"))]

    def row_report(self, name: str) -> dict[str, Any] | None:
        """What became of the rows of a table."""
        return next((said for path, said in self.came_back(name) if path.name.endswith(".rows.json")), None)


def letter(number: str, day: str, subject: str, to: str) -> dict[str, Any]:
    """The metadata of a letter; the gateway adds the file's digest and size itself."""
    return {
        "letterNumber": number,
        "letterDate": day,
        "letterType": "surat_dinas",
        "subject": subject,
        "securityLevel": "B",
        "urgency": "segera",
        "archiveClass": "000.1.2",
        "rawSifat": "Segera",
        "sender": {"name": "Kelurahan Cihapit (simulasi)", "position": "Lurah"},
        "recipients": [{"kind": "non_srikandi", "organisation": {"name": to}}],
        "signatories": [{"name": "Lurah Cihapit (simulasi)", "position": "Lurah"}],
    }
