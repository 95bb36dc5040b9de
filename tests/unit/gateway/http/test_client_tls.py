"""Calls over TLS: a private authority is trusted when it is set, and nothing is sent to anybody else."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason
from gateway.contract.testing import Disk, FakeParts
from gateway.http.client import OutgoingHttp

DAY = datetime.timedelta(days=1)
Opened = Callable[[Path | None], Awaitable[OutgoingHttp]]
Served = Callable[..., AbstractAsyncContextManager[tuple[str, list[bytes]]]]


class Authority:
    """A certificate authority of a test, and the certificates that it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, generate_private_key(SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0), 1)
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def server(self, address: str, days: int = 1) -> ssl.SSLContext:
        key = generate_private_key(SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        certificate = self._sign(x509.Name([]), key, names, days)
        file = self._folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(
        self, subject: x509.Name, key: EllipticCurvePrivateKey, extension: x509.ExtensionType, days: int
    ) -> x509.Certificate:
        ends = datetime.datetime.now(datetime.UTC) + days * DAY
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(ends - 30 * DAY).not_valid_after(ends)
        return builder.add_extension(extension, critical=True).sign(self._key, SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def served_by(app: web.Application, context: ssl.SSLContext) -> AsyncIterator[TestServer]:
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
def served() -> Served:
    @asynccontextmanager
    async def serve(context: ssl.SSLContext) -> AsyncIterator[tuple[str, list[bytes]]]:
        seen: list[bytes] = []

        async def handle(request: web.Request) -> web.Response:
            seen.append(await request.read())
            return web.json_response({"ok": True})

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        async with served_by(app, context) as server:
            yield str(server.make_url("/letters")), seen

    return serve


@pytest.fixture
async def client() -> AsyncIterator[Opened]:
    opened: list[OutgoingHttp] = []

    async def made(ca_file: Path | None) -> OutgoingHttp:
        one = OutgoingHttp(FakeParts(Disk()), answer_bytes=1000, per_host=1, ca_file=ca_file)
        await one.open()
        opened.append(one)
        return one

    yield made
    for one in opened:
        await one.close()


async def test_an_authority_that_is_set_is_trusted(authority: Authority, served: Served, client: Opened) -> None:
    async with served(authority.server("127.0.0.1")) as (url, _):
        reply = await (await client(authority.file)).send("GET", url, timeout=10)
        assert reply.status == 200


@pytest.mark.parametrize(
    ("address", "days", "known"),
    [("127.0.0.1", 1, False), ("127.0.0.2", 1, True), ("127.0.0.1", -1, True)],
    ids=["unknown authority", "another address", "expired"],
)
async def test_nothing_is_sent_to_one_that_is_not_trusted(
    authority: Authority, served: Served, client: Opened, address: str, days: int, known: bool
) -> None:
    async with served(authority.server(address, days)) as (url, seen):
        with pytest.raises(TryLater, match="certificate is not trusted") as caught:
            await (await client(authority.file if known else None)).send("POST", url, timeout=10)
        assert caught.value.reason is Reason.RECIPIENT_DOWN
        assert seen == []
