"""A head of a village office who signs a PDF on their own computer, before it is dropped.

Enters: a PDF, the signer with who certified them. Leaves: the PDF with a PAdES signature (B-B), and a copy in which
somebody has changed a figure afterwards. Refuses: a PDF that cannot be read (ValueError).
"""

from __future__ import annotations

import io

from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from demo.authority import Holder

_DER = serialization.Encoding.DER


async def signed(pdf: bytes, own: Holder, above: Holder) -> bytes:
    form, lock = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = keys.PrivateKeyInfo.load(own.key.private_bytes(_DER, form, lock))
    signer = SimpleSigner(_loaded(own), key, SimpleCertificateStore.from_certs([_loaded(above)]))
    about = PdfSignatureMetadata(field_name="Lurah", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    out = await PdfSigner(about, signer).async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False))
    return bytes(out.getvalue())


def altered(pdf: bytes, figure: bytes, other: bytes) -> bytes:
    """The same file with another figure of the same length; everything else, the signature too, is as it was."""
    if len(figure) != len(other) or figure not in pdf:
        raise ValueError("the figure is not there, or is of another length")
    return pdf.replace(figure, other, 1)


def _loaded(one: Holder) -> x509.Certificate:
    return x509.Certificate.load(one.certificate.public_bytes(_DER))
