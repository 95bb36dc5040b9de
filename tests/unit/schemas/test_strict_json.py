from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.strict_json import JsonLimits, JsonRefused, loads


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a": 1, "b": {"x": 1, "x": 1}}', "duplicate_key"),
        (b'{"a":[{"k":1,"k":1}],"a":3}', "duplicate_key"),
        (b'{"a\\u0062":1,"ab":2}', "duplicate_key"),
        (b'{"x":"::","y": 1,"y":2}', "duplicate_key"),
        (b"[NaN]", "not_a_number"),
        (b"-Infinity", "not_a_number"),
        (b"1e999", "number_out_of_range"),
        (b"123456789012345678901234567890", "number_out_of_range"),
        (b"18446744073709551616", "number_out_of_range"),
        (b"-9223372036854775809", "number_out_of_range"),
        (b'["\\ud800"]', "lone_surrogate"),
        ('["\ud800"]', "lone_surrogate"),
        (b'["\xed\xa0\x80"]', "wrong_charset"),
        (b"\xef\xbb\xbf{}", "wrong_charset"),
        (b'"\xe9"', "wrong_charset"),
        ('{"a":1}'.encode("utf-16"), "wrong_charset"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b"[" * 5000 + b"]" * 5000, "too_deep"),
        (b'["' + b'\\"' * 50_000, "not_json"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b"[01]", "not_json"),
        (b'"\x00"', "not_json"),
        (b"[1,]", "not_json"),
        (b" " * 2_000_000, "too_large"),
    ],
    ids=lambda value: None if isinstance(value, bytes) and len(value) > 60 else str(value),
)
def test_hostile_json_is_refused_by_name(data: bytes | str, code: str) -> None:
    with pytest.raises(JsonRefused) as caught:
        loads(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "data",
    [b'{"a":":{[","b":"]}"}', b"[1.50, 2]", b'["\\ud83d\\ude00"]', b"18446744073709551615", b"[" * 32 + b"]" * 32,
     b'["' + b"[" * 100 + b'"]', b'{"a": 12345678901234567890}', b'"\\u0000"', b" null\n"],
)  # fmt: skip
def test_good_json_reads_as_the_standard_library_reads_it(data: bytes) -> None:
    assert loads(data) == json.loads(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.booleans(), st.sampled_from([None, (",", ":"), (" , ", " : ")]))
def test_whatever_json_writes_is_read_back(value: object, ascii_only: bool, separators: tuple[str, str] | None) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only, separators=separators)) == value


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.text(st.sampled_from('a:"\\é{'), max_size=2), JSON), min_size=1, max_size=4), st.booleans()
)
def test_a_key_named_twice_is_always_found(pairs: list[tuple[str, object]], ascii_only: bool) -> None:
    body = ", ".join(f"{json.dumps(key, ensure_ascii=ascii_only)}:{json.dumps(value)}" for key, value in pairs)
    text = f'[{{"z": {{{body}}}}}]'
    if len({key for key, _ in pairs}) == len(pairs):
        assert loads(text) == json.loads(text)
    else:
        with pytest.raises(JsonRefused, match="twice"):
            loads(text)


def test_limits_are_settings_and_are_told() -> None:
    with pytest.raises(JsonRefused) as caught:
        loads(b"[[1]]", JsonLimits(max_depth=1))
    assert caught.value.limit == 1
    with pytest.raises(JsonRefused) as caught:
        loads(b"[[1]]", JsonLimits(max_bytes=4))
    assert caught.value.limit == 4
    assert "4" in str(caught.value)


def test_too_many_values_are_refused_before_they_are_made():
    """Each costs some hundred times its own bytes."""
    most = JsonLimits(max_bytes=1 << 20, max_values=1000)
    assert len(loads(b"[" + b",".join([b"[]"] * 499) + b"]", most)) == 499
    with pytest.raises(JsonRefused) as refused:
        loads(b"[" + b",".join([b"[]"] * 600) + b"]", most)
    assert (refused.value.code, refused.value.limit) == ("too_many_values", 1000)


def test_commas_and_brackets_within_a_text_are_no_values():
    most = JsonLimits(max_bytes=1 << 20, max_values=10)
    text = ",[{" * 1000 + '\\",['
    assert loads(orjson.dumps({"isi": text}), most) == {"isi": text}
