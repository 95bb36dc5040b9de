"""The service's verification, with the manual's field names and whatever else may come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bsre.opinion import Opinion, Signed, opinion_v1, opinion_v2
from gateway.contract import Reason, Refused

V1: dict[str, Any] = {
    "nama_dokumen": "surat.pdf", "jumlah_signature": 1, "notes": "", "summary": "DOCUMENT VALID !!!",
    "details": [{
        "signature_field": "sig1",
        "info_tsa": {"name": "Timestamp Authority", "tsa_cert_validity": ""},
        "info_signer": {"signer_name": "Siti", "cert_user_certified": True},
        "signature_document": {"document_integrity": True, "signed_in": "2023-10-16 13:28:34.00"},
    }],
}  # fmt: skip
V2: dict[str, Any] = {
    "conclusion": "VALID", "signatureCount": 1,
    "signatureInformations": [{
        "signerName": "Siti", "integrityValid": True, "certificateTrusted": False,
        "signatureDate": "2023-10-16T06:28:34+00:00", "timestampInfomation": {"timestampDate": "2023-10-16T06:28:35Z"},
    }],
}  # fmt: skip


def test_version_one() -> None:
    at = Signed("Siti", True, True, "2023-10-16 13:28:34.00", "Timestamp Authority")
    assert opinion_v1(V1) == Opinion("valid", (at,))
    assert opinion_v1({**V1, "summary": "DOCUMENT NOT VALID !!!"}).conclusion == "invalid"
    assert opinion_v1({**V1, "jumlah_signature": 0, "details": []}).conclusion == "no_signature"
    assert opinion_v1({**V1, "summary": "LAIN"}).conclusion == "unknown"


def test_version_two() -> None:
    at = Signed("Siti", True, False, "2023-10-16T06:28:34+00:00", "2023-10-16T06:28:35Z")
    assert opinion_v2(V2) == Opinion("valid", (at,))
    assert opinion_v2({"conclusion": "NO_SIGNATURE"}) == Opinion("no_signature", ())
    assert opinion_v2({"conclusion": ["VALID"]}).conclusion == "unknown"


def test_a_name_is_not_shown() -> None:
    assert "Siti" not in repr(opinion_v1(V1))


@given(st.dictionaries(
    st.sampled_from([*V1, *V2]),
    st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["info_signer", "signature_document", "timestampInfomation", "signerName"]), inner)),
))  # fmt: skip
def test_whatever_comes_is_an_opinion_or_none(found: dict[str, Any]) -> None:
    for read in (opinion_v1, opinion_v2):
        try:
            assert isinstance(read(found), Opinion)
        except Refused:
            assert "conclusion" not in found or "summary" not in found


def test_what_is_no_verification_is_refused() -> None:
    for read in (opinion_v1, opinion_v2):
        with pytest.raises(Refused) as caught:
            read({"error": "x"})
        assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID
