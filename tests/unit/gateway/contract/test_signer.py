"""A signer shows nothing of what it is given, and is made like any adapter."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from gateway.contract import AdapterSpec, DocumentSigner, Ephemeral, Host, NeedsOperator, PdfToSign
from gateway.contract.testing import FakeHost


class _Config(BaseModel):
    word: str = "ya"


class _Signer(DocumentSigner):
    def __init__(self, config: _Config, host: Host) -> None:
        self.word = config.word

    async def open(self) -> None: ...

    async def check(self) -> list[str]:
        return []

    async def sign(self, document: PdfToSign, ephemeral: Ephemeral, timeout: float) -> bytes:  # noqa: ASYNC109
        return document.pdf


def test_a_document_to_sign_does_not_show_who_signs_or_what() -> None:
    shown = repr(PdfToSign(b"isi surat", "3273011708900001", image=b"gambar", tag="#"))
    assert "3273011708900001" not in shown
    assert "isi" not in shown
    assert "gambar" not in shown
    assert "tag='#'" in shown


async def test_a_spec_makes_signers_and_most_send_no_codes() -> None:
    spec = AdapterSpec("stub", "Stub", {"signer": (_Config, _Signer)})
    signer = spec.make("signer", spec.config_model("signer")(), FakeHost())
    assert isinstance(signer, DocumentSigner)
    assert await signer.sign(PdfToSign(b"%PDF", "1"), Ephemeral(), 1.0) == b"%PDF"
    with pytest.raises(NeedsOperator, match="no codes"):
        await signer.send_code("1", 1.0)
