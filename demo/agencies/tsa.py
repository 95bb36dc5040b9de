"""A timestamping authority (RFC 3161 over HTTP): it says when it saw a digest, and signs that.

Enters: a TimeStampReq in DER. Leaves: a TimeStampResp with a token of this moment. Refuses: what is no request (400).
"""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from demo.agencies.server import Server, problem
from demo.authority import Holder

NAME = "the timestamping authority"
_DER = serialization.Encoding.DER


class StampingAuthority(Server):
    """Stamps with `own`, whose certificate `above` has issued. `stamped` counts."""

    def __init__(self, host: str, port: int, path: str, own: Holder, above: Holder) -> None:
        super().__init__(NAME, host, port)
        self._path, self.stamped = path, 0
        self._certificate = x509.Certificate.load(own.certificate.public_bytes(_DER))
        self._above = x509.Certificate.load(above.certificate.public_bytes(_DER))
        form, lock = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self._key = keys.PrivateKeyInfo.load(own.key.private_bytes(_DER, form, lock))

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._stamp)]

    async def _stamp(self, request: web.Request) -> web.Response:
        try:
            asked = tsp.TimeStampReq.load(await request.read(), strict=True)
            answer = self._answered(asked)
        except (ValueError, TypeError, KeyError):
            return problem(400, "no_request", "this is no request for a timestamp")
        self.stamped += 1
        return web.Response(body=answer, content_type="application/timestamp-reply")

    def _answered(self, asked: tsp.TimeStampReq) -> bytes:
        above = SimpleCertificateStore.from_certs([self._above])
        moment = datetime.now(UTC).replace(microsecond=0)
        stamper = DummyTimeStamper(self._certificate, self._key, above, fixed_dt=moment)
        return bytes(stamper.request_tsa_response(asked).dump())
