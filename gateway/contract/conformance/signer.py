"""What holds for every signer: asked once, signed once, and what the person alone knows is found nowhere afterwards.

Enters: documents and a service that signs. Leaves: tests. Refuses: a signer that repeats itself, calls an unclear
outcome clear, hands out what is not the signed document, or shows a passphrase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from gateway.contract.conformance.adapter import MARKER, SECRET, AdapterConformance
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Ephemeral
from gateway.contract.reasons import Reason
from gateway.contract.signer import DocumentSigner, PdfToSign
from gateway.contract.testing import FakeHost

PASSPHRASE = "Frasa-Sandi-4417-benar"  # noqa: S105  made for these tests, good for nothing
WRONG = "Frasa-Sandi-9052-salah"
OUTCOMES = (TryLater, Ambiguous, NeedsOperator, Refused)


def told(error: BaseException) -> Iterator[str]:
    """Everything that a log might print of an error, and of what led to it."""
    seen: BaseException | None = error
    while seen is not None:
        yield f"{seen!s} {seen!r} {vars(seen)!r}"
        seen = seen.__cause__ or seen.__context__


class SignerConformance(AdapterConformance[DocumentSigner]):
    """Fill `make` and the hooks. The `host` fixture gives a host whose service knows the signer and `PASSPHRASE`."""

    may_name_signer: str | None = None
    """The beginning of an address that has to name the signer, if the protocol knows no other way."""

    def document(self) -> PdfToSign:
        """A PDF of one page, to be signed by a signer that the service knows."""
        raise NotImplementedError

    async def given(self, host: FakeHost, *, wrong: bool = False) -> Mapping[str, str]:
        """What the person gives."""
        return {"passphrase": WRONG if wrong else PASSPHRASE}

    def arrived(self, host: FakeHost) -> Sequence[bytes]:
        """The PDFs that reached the service to be signed, in order."""
        raise NotImplementedError

    def handed_out(self, host: FakeHost) -> bytes:
        """The signed PDF that the service made last."""
        raise NotImplementedError

    def asked(self, host: FakeHost) -> int:
        """How many calls for a signature have left."""
        raise NotImplementedError

    def urls(self, host: FakeHost) -> Sequence[str]:
        """The addresses that were called."""
        raise NotImplementedError

    def meets(self, host: FakeHost, error: Exception) -> None:
        """Lets the call for a signature, and no other, end in an error of the host's client."""
        raise NotImplementedError

    def meddle(self, host: FakeHost, change: Callable[[bytes], bytes]) -> None:
        """Lets the service hand out `change(signed)` in place of each signed PDF."""
        raise NotImplementedError

    async def sign(self, adapter: DocumentSigner, host: FakeHost, *, wrong: bool = False) -> bytes:
        return await adapter.sign(self.document(), Ephemeral(await self.given(host, wrong=wrong)), 20.0)

    @pytest.mark.asyncio
    async def test_the_document_goes_and_comes_byte_for_byte(self, adapter: DocumentSigner, host: FakeHost) -> None:
        signed = await self.sign(adapter, host)
        assert list(self.arrived(host)) == [self.document().pdf]
        assert signed == self.handed_out(host)
        assert self.asked(host) == 1

    @pytest.mark.asyncio
    async def test_a_wrong_passphrase_is_refused_and_not_tried_again(
        self, adapter: DocumentSigner, host: FakeHost
    ) -> None:
        with pytest.raises(Refused) as caught:
            await self.sign(adapter, host, wrong=True)
        assert caught.value.reason is Reason.PASSPHRASE_REFUSED
        assert self.asked(host) == 1

    @pytest.mark.asyncio
    async def test_without_what_the_person_knows_nothing_leaves(self, adapter: DocumentSigner, host: FakeHost) -> None:
        with pytest.raises(Refused) as caught:
            await adapter.sign(self.document(), Ephemeral(), 20.0)
        assert caught.value.reason is Reason.PASSPHRASE_REFUSED
        assert list(self.urls(host)) == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize("error", [TryLater(), Ambiguous(Reason.TIMED_OUT), NeedsOperator("a key expired")])
    async def test_what_the_host_found_out_is_passed_on_after_one_call(
        self, adapter: DocumentSigner, host: FakeHost, error: Exception
    ) -> None:
        self.meets(host, error)
        with pytest.raises(type(error)):
            await self.sign(adapter, host)
        assert self.asked(host) == 1

    @pytest.mark.asyncio
    @pytest.mark.parametrize("answer", [b"", b"<html>" + MARKER.encode(), b"{}", b"%PDF-1.7\n" + MARKER.encode()])
    async def test_what_is_no_pdf_is_not_handed_on(
        self, adapter: DocumentSigner, host: FakeHost, answer: bytes
    ) -> None:  # fmt: skip
        self.meddle(host, lambda _: answer)
        with pytest.raises((Refused, Ambiguous)) as caught:
            await self.sign(adapter, host)
        assert self.asked(host) == 1
        assert MARKER not in "".join(told(caught.value))

    @pytest.mark.asyncio
    async def test_an_unsigned_document_is_not_handed_on(self, adapter: DocumentSigner, host: FakeHost) -> None:
        self.meddle(host, lambda _: self.document().pdf)
        with pytest.raises(Refused) as caught:
            await self.sign(adapter, host)
        assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID

    @pytest.mark.asyncio
    @pytest.mark.parametrize("way", ["right", "wrong", "unclear", "broken"])
    async def test_what_the_person_knows_is_found_nowhere(
        self, adapter: DocumentSigner, host: FakeHost, way: str, caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        secrets = [*(await self.given(host)).values(), PASSPHRASE, WRONG, SECRET]
        if way == "unclear":
            self.meets(host, Ambiguous(Reason.TIMED_OUT))
        if way == "broken":
            # A service may show in its answer what it was sent.
            self.meddle(host, lambda _: "".join([*secrets, self.document().signer]).encode())
        shown: list[str] = []
        with caplog.at_level("DEBUG"):
            try:
                await self.sign(adapter, host, wrong=way == "wrong")
            except OUTCOMES as error:
                shown += told(error)
        urls = [one for one in self.urls(host) if not (self.may_name_signer and one.startswith(self.may_name_signer))]
        shown += [caplog.text, *capsys.readouterr(), repr(adapter), str(vars(adapter)), repr(self.document()), *urls]
        shown += [repr(host.disk), *_files(host.state_dir)]
        for secret in [*secrets, self.document().signer]:
            assert secret not in "".join(shown), way
        assert PASSPHRASE not in "".join(self.urls(host))


def _files(folder: str) -> Iterator[str]:
    for path in Path(folder).rglob("*"):
        yield str(path)
        if path.is_file():
            yield path.read_bytes().decode("latin-1")
