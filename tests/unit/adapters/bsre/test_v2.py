"""Version 2 in the manual's field names."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from adapters.bsre.dialect import Call
from adapters.bsre.place import Place
from adapters.bsre.v2 import V2
from gateway.contract import HttpReply, PdfToSign, Reason, Refused
from tests.unit.adapters.bsre.bench import EMAIL, LINK, NIK, document, marked, pdf, picture

FILE = base64.b64encode(pdf()).decode()


def body(call: Call) -> Any:
    assert call.native is not None
    assert call.native.media_type == "application/json"
    return json.loads(call.native.whole())


def sent(given: PdfToSign, at: Place | None, secret: str = "passphrase") -> Any:
    call = V2(secret=secret).sign(given, "rahasia", at)
    assert (call.method, call.path) == ("POST", "/api/v2/sign/pdf")
    return body(call)


def test_an_unseen_signature() -> None:
    looks = {"tampilan": "INVISIBLE", "reason": "Uji"}
    expected = {"nik": NIK, "passphrase": "rahasia", "signatureProperties": [looks], "file": [FILE]}
    assert sent(document(reason="Uji"), None) == expected


def test_by_address_and_code() -> None:
    told = sent(document(signer=EMAIL), None, "totp")
    assert (told["email"], told["totp"]) == (EMAIL, "rahasia")
    assert not {"nik", "passphrase"} & set(told)


def test_our_picture_at_a_place_or_a_tag() -> None:
    image = base64.b64encode(picture()).decode()
    size = {"width": 90, "height": 91, "imageBase64": image, "tampilan": "VISIBLE"}
    told = sent(marked(qr_url=LINK), Place(2, 3, 30, 40, 90, 91))
    assert told["signatureProperties"] == [{**size, "page": 2, "originX": 30, "originY": 40}]
    told = sent(marked(), Place(2, 3, 0, 0, 90, 91, "$"))
    assert told["signatureProperties"] == [{**size, "tag_koordinat": "$"}]
    assert LINK not in json.dumps(told)


def test_a_link_alone_cannot_be_drawn() -> None:
    with pytest.raises(Refused) as caught:
        sent(marked(image=None, qr_url=LINK), Place(1, 1, 0, 0, 9, 9))
    assert caught.value.reason is Reason.BAD_REQUEST


def test_other_calls() -> None:
    v2 = V2(secret="totp")
    assert (v2.status(NIK).path, body(v2.status(NIK))) == ("/api/v2/user/check/status", {"nik": NIK})
    code = v2.code(EMAIL)
    assert code is not None
    assert (code.path, body(code)) == ("/api/v2/sign/get/totp", {"email": EMAIL, "data": 1})
    assert (v2.verify(pdf()).path, body(v2.verify(pdf()))) == ("/api/v2/verify/pdf", {"file": FILE})


def reply(value: Any, status: int = 200) -> HttpReply:
    return HttpReply(status, {}, value if isinstance(value, bytes) else json.dumps(value).encode(), "application/json")


def test_the_answer_holds_one_file() -> None:
    assert V2(secret="passphrase").signed(reply({"time": 120, "file": [FILE]})) == pdf()


@pytest.mark.parametrize(
    "value",
    [
        {}, {"file": FILE}, {"file": []}, {"file": [FILE, FILE]}, {"file": [None]}, {"file": ["%%"]}, {"file": ["é"]},
        {"file": [FILE[:-1]]}, [FILE], b"", b"%PDF-1.7", b'{"file":["QQ=="],"file":["QQ=="]}',
    ],
)  # fmt: skip
def test_what_does_not_is_refused(value: Any) -> None:
    with pytest.raises(Refused) as caught:
        V2(secret="passphrase").signed(reply(value))
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID
