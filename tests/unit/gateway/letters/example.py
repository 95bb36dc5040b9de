"""Letters for tests, put into a bench's registry as the office does it.

Enters: a bench. Leaves: letters in every state, by their codes. Refuses: nothing.
"""

from __future__ import annotations

from typing import Any

from gateway.letters.code import mint
from gateway.letters.letter import Ending, Facts, Letter, SignedFile
from gateway.letters.registry import Registry, Reserved
from gateway.store.engine import Unit
from gateway.store.entropy import random_bytes
from tests.unit.gateway.bench import SIMPUS, Bench

PDF = b"%PDF-1.7 signed by somebody who does not exist\n%%EOF\n"
SUBJECT = "Undangan rapat tentang Ibu Siti"


def facts(**more: Any) -> Facts:
    given: dict[str, Any] = {
        "code": mint(random_bytes),
        "agency": "Kota Contoh",
        "signer": "kepala",
        "name": "Dr. Ani Contoh",
        "position": "Kepala Dinas",
        "number": "005/12/Kel",
        "date": "2026-11-20",
        "subject": SUBJECT,
        "security": "B",
        "privacy": "public",
        "salt": b"s" * 16,
        **more,
    }
    return Facts(**given)


async def reserved(registry: Registry, question: str, system: str = SIMPUS, **more: Any) -> Reserved:
    return await registry.reserve(facts(**more), system, question)


async def issued(bench: Bench, data: bytes = PDF, system: str = SIMPUS, **more: Any) -> Letter:
    """In force."""
    registry = bench.letters
    held = await reserved(registry, bench.ids.new(), system, **more)
    sha256, address = await registry.keep(held, data)
    file = SignedFile(sha256, len(data), address, "B-B", "CN=Ani", None, "c" * 64)
    await bench.journal.commit(Unit(registry.activation(held, file)))
    return await found(bench, held.code)


async def found(bench: Bench, code: str) -> Letter:
    letter = await bench.letters.find(code)
    assert letter is not None
    return letter


async def withdrawn(bench: Bench, reason: str = "Salah nama", **more: Any) -> Letter:
    letter = await issued(bench, **more)
    await bench.letters.end(letter, Ending(reason=reason), f"system:{SIMPUS}")
    return await found(bench, code_of(letter))


async def replaced(bench: Bench, by: Letter, **more: Any) -> Letter:
    letter = await issued(bench, **more)
    await bench.letters.end(letter, Ending(by=code_of(by)), f"system:{SIMPUS}", by)
    return await found(bench, code_of(letter))


def code_of(letter: Letter) -> str:
    assert letter.facts is not None
    return letter.facts.code
