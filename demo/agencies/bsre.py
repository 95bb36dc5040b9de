"""A signing service that behaves as the manual of BSrE's "Esign Client Service" says, in both of its versions.

Enters: HTTP Basic, forms (v1) or JSON (v2) with a PDF, a NIK and a passphrase or one-time code. Leaves: signed PDFs,
statuses, verifications, with the field names and misspellings of the manual. Refuses, with the manual's codes where it
names one: unknown users (2011), wrong passphrases (2031; three in a row suspend the user), a second download.

What the manual does not say is this simulation's own: the code 400 of other errors, how long a one-time code lives.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import hdrs, web

from demo.agencies.bsre_issuer import STAMPER, Holder, Issuer
from demo.agencies.bsre_mark import NotDrawn
from demo.agencies.bsre_press import Looks, NotSigned, Seen, judged, signed
from demo.agencies.server import Server

CODE_LIVES = timedelta(minutes=2)
WRONG_AT_MOST = 3
UNKNOWN, WRONG, OTHER = 2011, 2031, 400
ONCE = "Dokumen telah didownload sebelumnya"


class Fault(Exception):
    """An error as the service writes it."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@dataclass
class User:
    """A person who signs. `code` and `until` are the one-time code that was sent last."""

    nik: str
    name: str
    passphrase: str
    email: str = ""
    status: str = "ISSUE"
    wrong: int = 0
    code: str | None = None
    until: datetime | None = None


@dataclass
class Mischief:
    """What a test makes the service do. `meddle` changes what it hands out, `pause` is in seconds and after the body
    was read, `keep` leaves the PDF to be downloaded."""

    meddle: Callable[[bytes], bytes] | None = None
    pause: float = 0.0
    keep: bool = False
    told: dict[str, int] = field(default_factory=dict)


class EsignService(Server):
    """One agency's service. `received` are the PDFs that came to be signed with a right passphrase or not."""

    def __init__(
        self, system: str, host: str, port: int, users: Iterable[User], *, login: str = "esign:simulasi",
        issuer: Issuer | None = None,
    ) -> None:  # fmt: skip
        super().__init__(system, host, port)
        self.issuer = issuer or Issuer()
        self._basic = f"Basic {base64.b64encode(login.encode()).decode()}"
        self.users = {one.nik: one for one in users}
        self._holders: dict[str, Holder] = {}
        self._waiting: dict[str, bytes | None] = {}
        self.received: list[bytes] = []
        self.paths: list[str] = []
        self.mischief = Mischief()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/sign/pdf", self._guarded(self._sign_v1)),
            web.get("/api/sign/download/{id}", self._guarded(self._download)),
            web.get("/api/user/status/{nik}", self._guarded(self._status_v1)),
            web.post("/api/sign/verify", self._guarded(self._verify_v1)),
            web.post("/api/v2/sign/pdf", self._guarded(self._sign_v2)),
            web.post("/api/v2/sign/get/totp", self._guarded(self._code)),
            web.post("/api/v2/user/check/status", self._guarded(self._status_v2)),
            web.post("/api/v2/verify/pdf", self._guarded(self._verify_v2)),
            web.options("/", self._guarded(self._there)),
        ]

    def _guarded(self, handler: Callable[[web.Request], Any]) -> Any:
        async def guarded(request: web.Request) -> web.StreamResponse:
            self.paths.append(request.path)
            if request.headers.get(hdrs.AUTHORIZATION) != self._basic:
                return web.json_response({"error": "Unauthorized"}, status=401)
            try:
                return await handler(request)
            except Fault as fault:
                return web.json_response({"status_code": fault.code, "error": fault.text}, status=fault.status)
            except (NotDrawn, NotSigned) as error:
                return web.json_response({"status_code": OTHER, "error": str(error)}, status=400)

        return guarded

    async def _there(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _sign_v1(self, request: web.Request) -> web.Response:
        form = await request.post()
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        files = {name: value.file.read() for name, value in form.items() if isinstance(value, web.FileField)}
        if "file" not in files:
            raise Fault(400, OTHER, "file is due")
        looks = _looks_v1(texts, files)
        pdf = await self._signed(texts.get("nik", ""), files["file"], looks, texts.get("passphrase"), None)
        number = secrets.token_hex(12)
        self._waiting[number] = pdf
        return web.Response(
            body=b"" if self.mischief.keep else pdf, content_type="application/pdf", headers={"id_dokumen": number}
        )

    async def _download(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        pdf = self._waiting.get(number)
        if pdf is None:
            raise Fault(404, 404, ONCE if number in self._waiting else "Dokumen tidak ditemukan")
        self._waiting[number] = None
        return web.Response(body=pdf, content_type="application/pdf")

    async def _sign_v2(self, request: web.Request) -> web.Response:
        asked = await _json(request)
        properties, files = asked.get("signatureProperties"), asked.get("file")
        if not isinstance(properties, list) or not isinstance(files, list) or len(properties) != len(files):
            raise Fault(400, OTHER, "signatureProperties and file are lists of one length")
        begun = self.issuer.now()
        user = self._user(asked)
        out = []
        for one, file in zip(properties, files, strict=True):
            looks = _looks_v2(one)
            out.append(await self._signed(user.nik, _decoded(file), looks, asked.get("passphrase"), asked.get("totp")))
        took = int((self.issuer.now() - begun).total_seconds() * 1000)
        return web.json_response({"time": took, "file": [base64.b64encode(one).decode() for one in out]})

    async def _signed(
        self, nik: str, pdf: bytes, looks: Looks, passphrase: str | None, code: str | None
    ) -> bytes:  # fmt: skip
        self.received.append(pdf)
        await asyncio.sleep(self.mischief.pause)
        user = self._user({"nik": nik})
        if user.status != "ISSUE":
            raise Fault(400, OTHER, "the user may not sign")
        self._confirmed(user, passphrase, code)
        if nik not in self._holders:
            self._holders[nik] = self.issuer.person(user.name)
        out = await signed(self.issuer, self._holders[nik], pdf, looks)
        return out if self.mischief.meddle is None else self.mischief.meddle(out)

    def _confirmed(self, user: User, passphrase: str | None, code: str | None) -> None:
        if passphrase is not None and secrets.compare_digest(passphrase.encode(), user.passphrase.encode()):
            user.wrong = 0
            return
        alive = user.until is not None and self.issuer.now() < user.until
        if code is not None and user.code is not None and alive and secrets.compare_digest(code, user.code):
            user.code = None
            return
        user.wrong += 1
        if user.wrong >= WRONG_AT_MOST:
            user.status = "SUSPEND"
        raise Fault(400, WRONG, "Passphrase anda salah")

    async def _code(self, request: web.Request) -> web.Response:
        user = self._user(await _json(request))
        user.code, user.until = f"{secrets.randbelow(10**6):06}", self.issuer.now() + CODE_LIVES
        return web.json_response({"message": "sent"})

    async def _status_v1(self, request: web.Request) -> web.Response:
        user = self.users.get(request.match_info["nik"])
        if user is None:
            return web.json_response({"status_code": 1110, "status": "NOT_REGISTERED", "message": "not registered"})
        told: dict[str, Any] = {"status": user.status, "message": user.status}
        return web.json_response({"status_code": 1111, **told} if user.status == "ISSUE" else told)

    async def _status_v2(self, request: web.Request) -> web.Response:
        asked = await _json(request)
        try:
            status = self._user(asked).status
        except Fault:
            status = "NOT_REGISTERED"
        return web.json_response({"status": status, "message": status})

    async def _verify_v1(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form.get("signed_file")
        if not isinstance(file, web.FileField):
            raise Fault(400, OTHER, "signed_file is due")
        found = await judged(self.issuer, file.file.read())
        good = bool(found) and all(one.intact and one.trusted for one in found)
        return web.json_response(
            {
                "nama_dokumen": file.filename,
                "jumlah_signature": len(found),
                "notes": "Dokumen asli" if good else "Dokumen tidak asli",
                "summary": "DOCUMENT VALID !!!" if good else "DOCUMENT NOT VALID !!!",
                "details": [_detail_v1(one) for one in found],
            }
        )

    async def _verify_v2(self, request: web.Request) -> web.Response:
        found = await judged(self.issuer, _decoded((await _json(request)).get("file")))
        good = all(one.intact and one.trusted for one in found)
        return web.json_response(
            {
                "conclusion": ("VALID" if good else "INVALID") if found else "NO_SIGNATURE",
                "description": "simulasi",
                "signatureCount": len(found),
                "signatureInformations": [_detail_v2(one, one is found[-1]) for one in found],
            }
        )

    def _user(self, asked: Mapping[str, Any]) -> User:
        nik, email = asked.get("nik"), asked.get("email")
        for one in self.users.values():
            if one.nik == nik or (email and one.email == email):
                return one
        raise Fault(400, UNKNOWN, "User tidak terdaftar")


def _looks_v1(texts: Mapping[str, str], files: Mapping[str, bytes]) -> Looks:
    about = {"reason": texts.get("reason"), "location": texts.get("location")}
    if texts.get("tampilan") != "visible":
        return Looks(**about)
    pictured = texts.get("image") == "true"
    image, link = (files.get("imageTTD"), None) if pictured else (None, texts.get("linkQR"))
    if image is None and link is None:
        raise Fault(400, OTHER, "imageTTD is due" if pictured else "linkQR is due")
    page = {"pertama": 1, "terakhir": -1}.get(texts.get("halaman", ""), int(texts.get("page", "1")))
    x, y, width, height = (float(texts.get(name, "0")) for name in ("xAxis", "yAxis", "width", "height"))
    return Looks(page, x, y, width, height, texts.get("tag_koordinat"), image, link, **about)


def _looks_v2(one: Mapping[str, Any]) -> Looks:
    about = {"reason": one.get("reason"), "location": one.get("location")}
    if one.get("tampilan") != "VISIBLE":
        return Looks(**about)
    x, y, width, height = (float(one.get(name, 0)) for name in ("originX", "originY", "width", "height"))
    image = _decoded(one.get("imageBase64"))
    return Looks(int(one.get("page", 1)), x, y, width, height, one.get("tag_koordinat"), image, None, **about)


def _detail_v1(one: Seen) -> dict[str, Any]:
    validity = f"{one.begin:%Y-%m-%d %H:%M:%S.00} to {one.end:%Y-%m-%d %H:%M:%S.00}"
    return {
        "signature_field": one.field,
        "info_tsa": {"name": one.stamper or "", "tsa_cert_validity": validity if one.stamper == STAMPER else ""},
        "info_signer": {
            "issuer_dn": one.issuer,
            "signer_name": one.name,
            "signer_cert_validity": validity,
            "signer_dn": one.subject,
            "cert_user_certified": one.trusted,
        },
        "signature_document": {
            "signed_using_tsa": one.stamped is not None,
            "reason": one.reason or "",
            "document_integrity": one.intact,
            "signature_value": one.value.hex(),
            "signed_in": f"{one.at:%Y-%m-%d %H:%M:%S.00}" if one.at is not None else "",
            "location": one.location or "",
            "hash_value": one.digest.hex(),
        },
    }


def _detail_v2(one: Seen, last: bool) -> dict[str, Any]:
    stamp = {"id": f"T-{one.field}", "signerName": one.stamper, "timestampDate": _iso(one.stamped)}
    return {
        "id": f"S-{one.field}",
        "signatureFormat": "PKCS7-T" if one.stamped is not None else "PKCS7-B",
        "signerName": one.name,
        "signatureDate": _iso(one.at),
        "fieldName": one.field,
        "reason": one.reason,
        "location": one.location,
        "certLevelCode": 0,
        "integrityValid": one.intact,
        "certificateTrusted": one.trusted,
        "lastSignature": last,
        "timestampInfomation": stamp if one.stamped is not None else None,
        "certificateDetails": [
            {
                "commonName": one.name,
                "issuerName": one.issuer,
                "serialNumber": one.serial,
                "notBeforeDate": _iso(one.begin),
                "notAfterDate": _iso(one.end),
                "signatureAlgoritm": "RSA/SHA-256",
                "keyUsages": ["digitalSignature", "nonRepudiation"],
            }
        ],
    }


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds")


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Fault(400, OTHER, "a JSON object is due")
    return found


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Fault(400, OTHER, "a file is due in base64") from None
