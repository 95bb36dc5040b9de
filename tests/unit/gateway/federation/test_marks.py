import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.federation.marks import Mark, parse


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "Off", "True", "NULL", "12:30", "0123", "1e3", "0x1f", "1_000", "2026-01-01", "=", "<<",
     ".5", "+1", ".inf", ".nan", "9999999999999999999"],
)  # fmt: skip
def test_surprises_of_yaml_stay_strings(text: str) -> None:
    assert parse(f"a: {text}\n", "f").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("0.20", 0.2)],
)
def test_plain_values(text: str, value: object) -> None:
    marked = parse(f"a: {text}\n", "f")
    assert marked.data == {"a": value}
    assert type(marked.data["a"]) is type(value)


def test_quoted_values_are_strings() -> None:
    assert parse("a: '1'\nb: \"true\"\nc: |\n  2\n", "f").data == {"a": "1", "b": "true", "c": "2\n"}


def test_keys_are_strings_always() -> None:
    assert parse("1: a\ntrue: b\nno: c\n", "f").data == {"1": "a", "true": "b", "no": "c"}


def test_marks_point_at_keys_values_and_items() -> None:
    marked = parse("a:\n  b: [x, y]\n", "f")
    assert marked.mark(("a", "b")) == Mark(2, 6)
    assert marked.mark(("a", "b"), key=True) == Mark(2, 3)
    assert marked.mark(("a", "b", 1)) == Mark(2, 10)
    # What is not there is shown at what should hold it.
    assert marked.mark(("a", "c")) == Mark(1, 1)


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    rows = ["l0: &l0 [x, x]"] + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    marked = parse("\n".join(rows), "f")
    assert {one.code for one in marked.problems} == {"C006"}
    assert len(repr(marked.data)) < 2000


def test_deep_nesting_is_refused() -> None:
    for text in ("[" * 5000, "[" * 40 + "]" * 40, "\n".join(" " * n + "a:" for n in range(40))):
        marked = parse(text, "f")
        assert marked.data is None
        assert {one.code for one in marked.problems} <= {"C005", "C006"}
        assert marked.problems


def test_problems_of_one_file_are_bounded() -> None:
    assert len(parse("\n".join("a: 1" for _ in range(5000)), "f").problems) == 100


@pytest.mark.parametrize(
    "text", ["a: b: c", "a: [", "\ta: 1", "a: 'x", "a: !!x:y:z [", "? [a]\n: b", "a: *x", "%YAML 9"]
)
def test_bad_yaml_is_a_finding_and_never_an_exception(text: str) -> None:
    assert parse(text, "f").problems


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    marked = parse(text, "f")
    assert all(one.file == "f" and one.line >= 1 for one in marked.problems)


# The writer itself folds the line separators that are no control characters of YAML.
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8)
_TREE = st.recursive(
    _TEXT | st.booleans() | st.integers(-(10**9), 10**9) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60)
@given(st.dictionaries(_TEXT, _TREE, max_size=4))
def test_what_a_writer_quotes_comes_back(tree: dict[str, object]) -> None:
    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    text = yaml.dump(tree, Dumper=Plain, allow_unicode=True)
    marked = parse(text, "f")
    assert marked.problems == []
    assert marked.data == tree
