"""Both versions are dialects; what a signature's answer may measure grows with the document."""

from __future__ import annotations

from adapters.bsre.dialect import NIK, Call, Dialect, most
from adapters.bsre.v1 import V1
from adapters.bsre.v2 import V2


def test_both_versions_are_dialects() -> None:
    both: list[Dialect] = [V1(draws=False), V2(secret="passphrase")]
    assert [one.knows("3273011708900001") for one in both] == [True, True]
    assert [one.knows("siti@contoh.invalid") for one in both] == [False, True]
    for bad in ("", "327301170890000", "3273011708900001/..", "../../admin?x=", "32730117089000१", "a@", "@b", "a b@c"):
        assert [one.knows(bad) for one in both] == [False, False], bad


def test_an_answer_may_be_as_large_as_its_document_lets_it() -> None:
    assert most(b"") == 4 << 20
    assert most(bytes(1000)) == (4 << 20) + 2000
    assert V2(secret="totp").answer_bytes(b"") * 3 // 4 >= most(b"")


def test_a_call_does_not_show_what_is_in_it() -> None:
    call = V2(secret="passphrase").status("3273011708900001")
    assert "3273" not in repr([call, V1(draws=False).status("3273011708900001")])
    assert call == Call("POST", call.path, call.native)


def test_a_nik_is_sixteen_digits() -> None:
    assert NIK.fullmatch("1" * 16)
    assert not NIK.fullmatch("1" * 17)
