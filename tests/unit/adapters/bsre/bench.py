"""The simulated service on a socket, and a host whose calls go there by the gateway's own client.

Enters: users, a configuration. Leaves: a service, a host, a signer. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
import segno

from adapters.bsre import ADAPTER, BsreSigner, reader
from adapters.bsre.look import Looker
from demo.agencies.bsre import EsignService, User
from demo.agencies.bsre_issuer import Issuer
from gateway.contract import Native, PdfToSign
from gateway.contract.conformance.signer import PASSPHRASE
from gateway.contract.host import HttpReply, PartReader
from gateway.contract.testing import FakeHost, FakeHttp, Headers, Sent
from gateway.http.client import OutgoingHttp
from tests.zoo.pdf import plain

NIK, OTHER_NIK, EMAIL = "3273011708900001", "3273015708900002", "siti@contoh.invalid"
LOGIN_FILE, LOGIN = "keys/bsre.key", "esign:Masuk-Layanan-6634"
LINK = "https://surat.contoh.invalid/v/7KQ2"


class Clock:
    """The service's clock; a test may move it."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved


CLOCK = Clock()


@cache
def issuer() -> Issuer:
    return Issuer(CLOCK)


@cache
def picture() -> bytes:
    import io

    out = io.BytesIO()
    segno.make(LINK).save(out, kind="png", scale=3)
    return out.getvalue()


@cache
def pdf(pages: int = 1, text: str = "Surat keterangan nomor 12") -> bytes:
    return plain(pages, text=text)


def document(**given: Any) -> PdfToSign:
    return PdfToSign(**{"pdf": pdf(), "signer": NIK, **given})


def marked(**given: Any) -> PdfToSign:
    return document(**{"image": picture(), "x": 30.0, "y": 40.0, "width": 90.0, "height": 90.0, **given})


class Near(Looker):
    """Looks in this process: starting one for each look takes most of a test's time."""

    async def _read(self, pdf: bytes, page: int) -> tuple[int, bytes]:
        try:
            return 0, orjson.dumps(reader.look(pdf, page))
        except reader._Unreadable as error:
            return error.code, b""
        except Exception:
            return reader.NO_PDF, b""


class ServiceHttp(FakeHttp):
    """A test's rules first; what no rule fits goes to the socket."""

    def __init__(self, parts: PartReader, url: str) -> None:
        super().__init__(parts)
        self.url, self.client = url, OutgoingHttp(parts, answer_bytes=1 << 20, per_host=4)

    async def send(self, method: str, url: str, *, native: Native | None = None,
                   headers: Mapping[str, str] | None = None, timeout: float, limit: int | None = None,  # noqa: ASYNC109
                   message_id: str | None = None, cut: bool = False) -> HttpReply:  # fmt: skip
        if any(rule[0] == method and url.startswith(rule[1]) for rule in self._rules):
            return await super().send(
                method, url, native=native, headers=headers, timeout=timeout, limit=limit, cut=cut
            )
        body = native.whole() if native is not None else b""
        kind = native.media_type if native is not None else ""
        self.sent.append(Sent(method, url, Headers(headers), body, len(body), "", len(body), timeout, kind, None))
        return await self.client.send(
            method, url, native=native, headers=headers, timeout=timeout, limit=limit, cut=cut
        )


@dataclass
class Bench:
    service: EsignService
    host: FakeHost
    url: str
    looker: Looker = field(default_factory=Near)

    @property
    def http(self) -> ServiceHttp:
        assert isinstance(self.host.http, ServiceHttp)
        return self.host.http

    def signer(self, version: str = "v1", **config: Any) -> BsreSigner:
        said = {"version": version, "url": self.url, "credentials": {"file": LOGIN_FILE}, **config}
        made = ADAPTER.make("signer", ADAPTER.config_model("signer").model_validate(said), self.host)
        assert isinstance(made, BsreSigner)
        made._looker = self.looker
        return made

    async def opened(self, version: str = "v1", **config: Any) -> BsreSigner:
        signer = self.signer(version, **config)
        await signer.open()
        return signer

    def signings(self) -> int:
        return sum(one.url.endswith("/sign/pdf") for one in self.http.sent)


def users() -> list[User]:
    return [User(NIK, "Siti Penanda (simulasi)", PASSPHRASE, EMAIL), User(OTHER_NIK, "Budi (simulasi)", "lain")]


@asynccontextmanager
async def standing(host: FakeHost | None = None, login: str = LOGIN) -> AsyncIterator[Bench]:
    """A service that runs, and a host that reaches it."""
    service = EsignService("bsre", "127.0.0.1", 0, users(), login=login, issuer=issuer())
    await service.start()
    host = host or FakeHost(secrets={f"file:{LOGIN_FILE}": LOGIN})
    http = ServiceHttp(host.parts, f"http://127.0.0.1:{service.port}")
    # The fake host has its own scripted client; everything else of it is used as it is.
    object.__setattr__(host, "http", http)
    await http.client.open()
    try:
        yield Bench(service, host, http.url)
    finally:
        await http.client.close()
        await service.stop()
        CLOCK.moved = timedelta()
