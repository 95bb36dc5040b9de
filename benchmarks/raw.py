"""The raw calls that case f sets beside ours: what a careful program would call in the libraries themselves.

Enters: the bytes of a document. Leaves: nothing when it is good. Refuses: a document that is not (`NotGood`).

Each gets the root, the office and the CRL read already, and makes one context per signature, as the libraries advise:

- `pdf`: pyHanko reads the PDF and validates its first signature: coverage, digest, signature, path and CRL. With `diff`
  it compares the revisions, and a later document timestamp is validated too.
- `xml`: signxml's XAdESVerifier with the signer's certificate given (digests, signature, XML Schema, the signed
  properties), then certvalidator for path and CRL: signxml knows no CRL.
- `jws`: joserfc verifies with the key of the first certificate of `x5c`, then certvalidator the same.
- `cms`: pyHanko validates the one SignerInfo: digest, signature, path and CRL.
- `asic`: zipfile, lxml and hashlib check what the manifest lists, then as `cms`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

from asn1crypto import cms, x509
from cryptography import x509 as c509
from joserfc import jws as joserfc
from joserfc.jwk import RSAKey
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from signxml import SignatureConfiguration
from signxml.xades import XAdESVerifier

from benchmarks import signed
from tests.zoo import jws as zoo_jws
from tests.zoo.asic import CADES, MANIFEST
from tests.zoo.pdf import loaded
from tests.zoo.pki import AT, pki

Call = Callable[[bytes], Awaitable[None]]
_USAGE = {"digital_signature"}
_HEADER = 64 << 10
"""Bytes of a JWS header: joserfc allows 512, and a certificate alone has more."""


class NotGood(Exception):
    """The library did not find the document good: it measures nothing."""


class Raw:
    """The calls, with what every call needs read once."""

    def __init__(self) -> None:
        who = pki()
        self._root, self._office = loaded(who.root.certificate), loaded(who.office.certificate)
        self._crl = who.office_crl()
        self._xades = SignatureConfiguration(verification_time=AT)
        self._registry = zoo_jws.registry()
        self._registry.max_header_length = _HEADER

    def calls(self) -> dict[str, Call]:
        return {
            signed.PDF: self.pdf, signed.UPDATED: self.pdf_with_diff, signed.XML: self.xml, signed.JWS: self.jws,
            signed.CMS: self.cms, signed.ASIC: self.asic,
        }  # fmt: skip

    def _context(self) -> ValidationContext:
        return ValidationContext(
            trust_roots=[self._root], other_certs=[self._office], crls=[self._crl], moment=AT, best_signature_time=AT,
            allow_fetching=False, revocation_mode="soft-fail",
        )  # fmt: skip

    async def pdf(self, data: bytes) -> None:
        one = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[0]
        _good((await async_validate_pdf_signature(one, self._context(), skip_diff=True)).bottom_line)

    async def pdf_with_diff(self, data: bytes) -> None:
        reader = PdfFileReader(io.BytesIO(data))
        one, stamp = reader.embedded_regular_signatures[0], reader.embedded_timestamp_signatures[0]
        status = await async_validate_pdf_signature(one, self._context())
        _good(status.bottom_line and status.modification_level is not None)
        dated = await async_validate_pdf_timestamp(stamp, self._context())
        _good(dated.intact and dated.valid and dated.trusted)

    async def xml(self, data: bytes) -> None:
        text = etree.fromstring(data).findtext(".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
        der = base64.b64decode(text or "")
        XAdESVerifier().verify(
            data, x509_cert=c509.load_der_x509_certificate(der), expect_config=self._xades, expect_references=3
        )
        await self._path(der)

    async def jws(self, data: bytes) -> None:
        head = json.loads(_unpadded(data.split(b".", 1)[0]))
        der = base64.b64decode(head["x5c"][0])
        public = c509.load_der_x509_certificate(der).public_key()
        joserfc.deserialize_compact(data, RSAKey.import_key(_pem(public)), registry=self._registry)
        await self._path(der)

    async def cms(self, data: bytes) -> None:
        status = await async_validate_cms_signature(
            cms.ContentInfo.load(data)["content"], validation_context=self._context()
        )
        _good(status.intact and status.valid and status.trusted)

    async def asic(self, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            manifest = archive.read(MANIFEST)
            for one in etree.fromstring(manifest).iterfind("{*}DataObjectReference"):
                digest = hashlib.sha256(archive.read(one.get("URI"))).digest()
                _good(base64.b64decode(one.findtext("{*}DigestValue")) == digest)
            signature = cms.ContentInfo.load(archive.read(CADES))["content"]
        status = await async_validate_cms_signature(
            signature, raw_digest=hashlib.sha256(manifest).digest(), validation_context=self._context()
        )
        _good(status.intact and status.valid and status.trusted)

    async def _path(self, der: bytes) -> None:
        certificate = x509.Certificate.load(der)
        await CertificateValidator(certificate, validation_context=self._context()).async_validate_usage(_USAGE)


def _good(it_is: Any) -> None:
    if not it_is:
        raise NotGood


def _unpadded(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _pem(public: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
