"""Version 1: forms in, a PDF out, which can be fetched once more.

Enters: documents and answers. Leaves: calls with the manual's field names, the signed PDF. Refuses: an answer without a
PDF. The question for a signer's status has the NIK in its path: the manual knows no other way.
"""

from __future__ import annotations

import re

from adapters.bsre.answers import read_object, refuse_error
from adapters.bsre.dialect import NIK, Call, Elsewhere, most
from adapters.bsre.form import File, form
from adapters.bsre.opinion import Opinion, opinion_v1
from adapters.bsre.place import Place
from gateway.contract import HttpReply, PdfToSign, Reason, Refused

_ERROR_BYTES = 64 * 1024
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What may stand in a path without being read as anything else."""


class V1:
    """`draws`: the service draws the QR of a link, where there is one."""

    def __init__(self, *, draws: bool) -> None:
        self._draws = draws

    def knows(self, signer: str) -> bool:
        return NIK.fullmatch(signer) is not None

    def status(self, signer: str) -> Call:
        return Call("GET", f"/api/user/status/{signer}")

    def sign(self, document: PdfToSign, secret: str, at: Place | None) -> Call:
        fields = {"nik": document.signer, "passphrase": secret}
        files = {"file": _pdf(document.pdf)}
        fields["tampilan"] = "invisible" if at is None else "visible"
        if at is not None:
            fields |= _corner(at)
            link = document.qr_url if self._draws or document.image is None else None
            fields["image"] = "false" if link is not None else "true"
            if link is not None:
                fields["linkQR"] = link
            elif document.image is not None:
                files["imageTTD"] = File("tanda.png", "image/png", document.image)
        fields |= {name: value for name in ("reason", "location") if (value := getattr(document, name)) is not None}
        return Call("POST", "/api/sign/pdf", form(fields, files))

    def signed(self, reply: HttpReply) -> bytes | Elsewhere:
        if reply.body.startswith(b"%PDF-") and 200 <= reply.status < 300:
            return reply.body
        refuse_error(reply, _ERROR_BYTES)
        number = reply.headers.get("id_dokumen") or ""
        if _DOCUMENT_ID.fullmatch(number):
            return Elsewhere(Call("GET", f"/api/sign/download/{number}"))
        raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the signing service's answer is no PDF")

    def answer_bytes(self, pdf: bytes) -> int:
        return most(pdf)

    def code(self, signer: str) -> Call | None:
        return None

    def verify(self, pdf: bytes) -> Call:
        return Call("POST", "/api/sign/verify", form({}, {"signed_file": _pdf(pdf)}))

    def opinion(self, reply: HttpReply, limit: int) -> Opinion:
        return opinion_v1(read_object(reply.body, limit))


def _pdf(data: bytes) -> File:
    return File("dokumen.pdf", "application/pdf", data)


def _corner(at: Place) -> dict[str, str]:
    size = {"width": str(at.width), "height": str(at.height)} if at.width > 0 and at.height > 0 else {}
    if at.tag is not None:
        return {"tag_koordinat": at.tag, **size}
    if at.page == at.pages:
        page = {"halaman": "terakhir"}
    else:
        page = {"halaman": "pertama"} if at.page == 1 else {"page": str(at.page)}
    return {**page, "xAxis": str(at.x), "yAxis": str(at.y), **size}
