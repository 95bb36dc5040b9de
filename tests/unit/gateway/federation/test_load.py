import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway.federation import CODES, load
from schemas.person_1 import Person1

KOTA, BPJS, ROUTES, PEOPLE = "agencies/kota.yaml", "agencies/bpjs.yaml", "routes.yaml", "operators.yaml"
KEY = "lintas_ab12_" + "A" * 43
PERSON = ["fullName", "birthDate", "nik", "sex"]

# file, what is replaced, by what, code, file of the finding, its line, and words its hint holds
BROKEN = [
    (KOTA, "    may_use: [letter", "    may_uze: [letter", "C001", KOTA, 10, "did you mean 'may_use'"),
    (ROUTES, "    deadline: 10s", "    dedline: 10s", "C001", ROUTES, 6, "did you mean 'deadline'"),
    (ROUTES, "{within: 14d}", "{witin: 14d}", "C001", ROUTES, 11, "did you mean 'within'"),
    (ROUTES, "routes:\n", "route:\n", "C001", ROUTES, 1, "did you mean 'routes'"),
    (PEOPLE, "    roles", "    rolls", "C001", PEOPLE, 4, "did you mean 'roles'"),
    (BPJS, "        url:", "        uri:", "C001", BPJS, 10, "did you mean 'url'"),
    (BPJS, "        url:", "        uri:", "C002", BPJS, 9, ""),
    (KOTA, "    name: SIMPUS\n", "", "C002", KOTA, 4, ""),
    (ROUTES, "    purpose: UU 24/2011\n", "", "C002", ROUTES, 2, ""),
    (KOTA, "    may_use: [letter.deliver]", "    may_use: letter.deliver", "C003", KOTA, 10, ""),
    (BPJS, "letter.deliver: {pull: true}", "letter.deliver: {pull: yes}", "C003", BPJS, 12, ""),
    (BPJS, "        url: http://127.0.0.1:1/a", "        url: [1]", "C003", BPJS, 10, ""),
    (KOTA, "  simpus:\n    name: SIMPUS", "  simpus:\n    name: []", "C003", KOTA, 5, ""),
    (ROUTES, "deadline: 10s", "deadline: 10", "C004", ROUTES, 6, ""),
    (ROUTES, "recipients: named", "recipients: name", "C004", ROUTES, 9, "did you mean 'named'"),
    (PEOPLE, "[operator]", "[operatr]", "C004", PEOPLE, 4, "did you mean 'operator'"),
    (ROUTES, "to: [bpjs/vclaim]", 'to: ["bpjs/*"]', "C004", ROUTES, 2, ""),
    (ROUTES, "to: [bpjs/vclaim]", "to: [bpjs]", "C004", ROUTES, 4, ""),
    (BPJS, "Asia/Makassar", "Asia/Makasar", "C004", BPJS, 3, "did you mean 'Asia/Makassar'"),
    (BPJS, "Asia/Jayapura", "Asia/Jakata", "C004", BPJS, 16, "did you mean 'Asia/Jakarta'"),
    (BPJS, "Asia/Jayapura", "WIT", "C004", BPJS, 16, ""),
    (BPJS, "        url: http", "        recipient: idempotant\n        url: http",
     "C004", BPJS, 10, "did you mean 'idempotent'"),
    (KOTA, "keys/simpus.key", "../simpus.key", "C004", KOTA, 6, ""),
    (KOTA, "  folder:", "  Folder:", "C004", KOTA, 8, ""),
    (KOTA, "  folder:", "  fol/der:", "C004", KOTA, 8, ""),
    (KOTA, "agency: kota", "agency: ko/ta", "C004", KOTA, 1, ""),
    (PEOPLE, "  ani:", "  A.ni:", "C004", PEOPLE, 2, ""),
    (BPJS, "    channel: {pull: true}", "    channel: {pull: true, adapter: rest}", "C004", BPJS, 17, ""),
    (BPJS, "    channel: {pull: true}", "    channel: {}", "C004", BPJS, 17, ""),
    (BPJS, "      letter.deliver: {", "      Letter: {", "C004", BPJS, 12, ""),
    (ROUTES, "    from: [", "    from: [[", "C005", ROUTES, 4, ""),
    (ROUTES, "routes:", "routes: !!python/object:os.system", "C006", ROUTES, 1, ""),
    (ROUTES, "    deadline: 10s", "    deadline: &a 10s", "C006", ROUTES, 6, ""),
    (PEOPLE, "operators:", "---\noperators: {}\n---\noperators:", "C006", PEOPLE, 3, ""),
    (KOTA, "    name: SIMPUS", "    name: SIMPUS\n    name: again", "C007", KOTA, 6, ""),
    (KOTA, "  folder:", "  simpus:", "C007", KOTA, 8, ""),
    (ROUTES, "to: [bpjs/vclaim]", "to: [bpsj/vclaim]", "C010", ROUTES, 4, "did you mean 'bpjs'"),
    (ROUTES, "to: [bpjs/vclaim]", "to: [bpjs/vclam]", "C011", ROUTES, 4, "did you mean 'bpjs/vclaim'"),
    (ROUTES, '"kota/*"', "kota/simpu", "C011", ROUTES, 3, "did you mean 'kota/simpus'"),
    (KOTA, "    may_use: [letter", "    reads: [bpjs/none]\n    may_use: [letter", "C011", KOTA, 10, ""),
    (ROUTES, "service: coverage.lookup", "service: coverage.lokup",
     "C012", ROUTES, 2, "did you mean 'coverage.lookup'"),
    (KOTA, "[letter.deliver]", "[leter.deliver]", "C012", KOTA, 10, "did you mean 'letter.deliver'"),
    (BPJS, "      letter.deliver: {", "      leter.deliver: {", "C012", BPJS, 12, "did you mean 'letter.deliver'"),
    (BPJS, "adapter: rest", "adapter: rset", "C013", BPJS, 8, "did you mean 'rest'"),
    (KOTA, "adapter: filedrop\n", "adapter: filedrp\n", "C013", KOTA, 13, "did you mean 'filedrop'"),
    (KOTA, "[coverage.lookup, letter.deliver]", "[letter.deliver]", "C014", ROUTES, 2, ""),
    (
        ROUTES, "  - service: letter", "  - service: coverage.lookup\n    to: [bpjs/vclaim]"
        "\n    purpose: x\n  - service: letter",
        "C014", ROUTES, 7, "",
    ),
    (ROUTES, "to: [bpjs/vclaim]", "to: [bpjs/inbox]", "C015", ROUTES, 4, ""),
    (ROUTES, "to: [bpjs/vclaim]", "to: [kota/folder]", "C015", ROUTES, 4, ""),
    (ROUTES, '    from: ["kota/*"]', "    from: [kota/folder]", "C016", KOTA, 7, ""),
    (KOTA, "adapter: filedrop\n", "adapter: rest\n", "C017", KOTA, 13, ""),
    (ROUTES, "    deadline: 10s", "    registration: {within: 1d}", "C018", ROUTES, 6, ""),
    (ROUTES, "    deadline: 10s", "    on_ambiguous: resend", "C018", ROUTES, 6, ""),
    (ROUTES, "    recipients: named", "    recipients: named\n    receipt: each", "C018", ROUTES, 10, ""),
    (ROUTES, "to: [bpjs/vclaim]", "to: [bpjs/vclaim, bpjs/inbox]", "C018", ROUTES, 4, ""),
    (ROUTES, "    deadline: 10s", "    release: [isi]\n    deadline: 10s", "", "", 0, ""),
    (ROUTES, "    recipients: named", "    recipients: named\n    release: [subjec]", "C019", ROUTES, 10, "'subject'"),
    (ROUTES, "    recipients: named", "    recipients: named\n    order_by: [sender.ur]", "C019", ROUTES, 10, "'url'"),
    (BPJS, "        url: http", "        code: " + KEY + "\n        url: http", "C020", BPJS, 10, ""),
    (BPJS, "        url: http://", "        url: http://u:pw@", "C020", BPJS, 10, ""),
    (BPJS, "name: BPJS", "name: BPJS # " + KEY, "C020", BPJS, 2, ""),
    (BPJS, "        url: http", "        password: rahasia\n        url: http", "C020", BPJS, 10, ""),
    (KOTA, "    receipts:", "      - {name: inbox, adapter: filedrop, config: {inbox: b}}\n    receipts:",
     "C021", KOTA, 16, ""),
    (BPJS, "agency: bpjs", "agency: kota", "C021", KOTA, 1, ""),
    (BPJS, "agency: bpjs", "agency: bpjz", "C022", BPJS, 1, ""),
    (PEOPLE, "keys/operators/ani.key", "keys/simpus.key", "C023", PEOPLE, 5, ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "code", "file", "line", "hint"), BROKEN)
def test_each_mistake_is_named_where_it_stands(
    folder: Any, documents: Any, name: str, old: str, new: str, code: str, file: str, line: int, hint: str
) -> None:
    folder.replace(name, old, new)
    federation, findings = folder.load(documents)
    if not code:
        assert findings == []
        return
    found = [one for one in findings if (one.code, one.file, one.line) == (code, file, line)]
    assert found, [str(one) for one in findings]
    assert hint in found[0].hint
    assert (federation is None) == any(one.is_error for one in findings)
    assert KEY not in "".join(map(str, findings))
    assert "rahasia" not in "".join(map(str, findings))


def test_every_code_is_shown_by_a_broken_configuration() -> None:
    # Files as a whole and models that raise have their own tests below; what models offer has a file of its own.
    assert {row[3] for row in BROKEN} | {
        "C008",
        "C024",
        "C025",
        "C026",
        "C027",
        "C028",
        "C029",
        "C030",
        "C031",
        "C032",
        "C033",
        "C034",
        "C035",
        "C036",
        "C037",
        "C038",
        "C039",
    } - {""} == set(CODES) | {""}


def test_all_findings_are_reported_and_sorted(folder: Any) -> None:
    folder.replace(KOTA, "    name: SIMPUS\n", "")
    folder.replace(BPJS, "adapter: rest", "adapter: rset")
    folder.replace(ROUTES, "deadline: 10s", "deadline: soon")
    folder.replace(PEOPLE, "[operator]", "[boss]")
    federation, findings = folder.load()
    assert federation is None
    assert [(one.file, one.code) for one in findings] == [
        (BPJS, "C013"),
        (KOTA, "C002"),
        (PEOPLE, "C004"),
        (ROUTES, "C004"),
    ]


def test_an_adapter_s_settings_are_checked_in_a_broken_system_too(folder: Any) -> None:
    folder.replace(KOTA, "    name: Folder\n", "")
    folder.replace(KOTA, "          inbox: drop/inbox", "          inbx: drop/inbox")
    folder.replace(KOTA, "config: {inbox: drop/outbox}", "config: {inbox: [drop]}")
    folder.replace(BPJS, "    name: VClaim\n", "")
    folder.replace(BPJS, "letter.deliver: {pull: true}", "letter.deliver: {adapter: rset}")
    folder.replace(BPJS, "        url:", "        uri:")
    found = {(one.file, one.line, one.code) for one in folder.load()[1]}
    assert found >= {(KOTA, 8, "C002"), (KOTA, 14, "C001"), (KOTA, 15, "C003")}
    assert found >= {(BPJS, 5, "C002"), (BPJS, 9, "C001"), (BPJS, 11, "C013")}


@pytest.mark.parametrize(
    "entry", ["null", "[1]", "7", "{channel: 5, sources: {}, channels: [], receipts: null}", "{sources: [null, 1]}"]
)
def test_a_system_of_any_shape_is_explained(folder: Any, entry: str) -> None:
    folder.write("agencies/aneh.yaml", f"agency: aneh\nname: Aneh\nsystems:\n  a: {entry}\n")
    federation, findings = folder.load()
    assert federation is None
    assert {(one.file, one.line) for one in findings} == {("agencies/aneh.yaml", 4)}
    assert not any("instance of" in one.message or "tuple" in one.message for one in findings)


def test_a_broken_system_causes_no_complaints_about_its_name(folder: Any) -> None:
    folder.replace(BPJS, "    name: VClaim\n", "")
    _, findings = folder.load()
    assert [one.code for one in findings] == ["C002"]


def test_a_warning_alone_does_not_stop_the_federation(folder: Any) -> None:
    folder.replace(KOTA, "[letter.deliver]", "[letter.deliver, acknowledgement.deliver]")
    federation, findings = folder.load()
    assert [(one.code, one.severity) for one in findings] == [("C016", "warning")]
    assert federation is not None


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        (ROUTES, b"", "C005"),
        (ROUTES, b"# nothing\n", "C005"),
        (ROUTES, b"- a\n", "C003"),
        (ROUTES, b"routes: {}\n", "C003"),
        (ROUTES, b"routes: \xff\n", "C005"),
        (ROUTES, b"routes: \x00\n", "C005"),
        (ROUTES, b"#" * 300_000, "C008"),
        (KOTA, b"agency: 7\nname: x\n", "C003"),
        (PEOPLE, b"operators: []\n", "C003"),
    ],
)
def test_files_that_are_no_configuration(folder: Any, name: str, content: bytes, code: str) -> None:
    folder.write(name, content)
    federation, findings = folder.load()
    assert code in {one.code for one in findings}
    assert federation is None


def test_missing_folders_and_files_are_named(tmp_path: Path, folder: Any) -> None:
    _, findings = load(tmp_path / "nothing", {}, {})
    assert [(one.code, one.file) for one in findings] == [("C008", "agencies"), ("C008", "routes.yaml")]
    (folder.path / ROUTES).unlink()
    assert ("C008", "routes.yaml") in [(one.code, one.file) for one in folder.load()[1]]


def test_a_misspelt_file_is_not_passed_over(folder: Any) -> None:
    (folder.path / PEOPLE).rename(folder.path / "operator.yaml")
    _, findings = folder.load()
    assert [(one.code, one.file, one.hint) for one in findings] == [
        ("C025", "operator.yaml", "did you mean 'operators.yaml'?")
    ]


def test_a_misspelt_folder_is_not_passed_over_and_what_was_put_aside_is_nobodys_business(folder: Any) -> None:
    (folder.path / "agency").mkdir()
    for name in ("README.md", "agencies/kota.yaml.off", "trust"):
        (folder.path / name).mkdir() if name == "trust" else (folder.path / name).write_text("x")
    _, findings = folder.load()
    assert [(one.code, one.file, one.hint) for one in findings] == [("C025", "agency", "did you mean 'agencies'?")]


def test_operators_may_be_absent(folder: Any) -> None:
    (folder.path / PEOPLE).unlink()
    assert folder.sound().operators == {}


def test_field_names_below_columns_are_no_secrets(folder: Any) -> None:
    folder.replace(
        KOTA, "          inbox: drop/inbox", "          inbox: drop/inbox\n          columns: {TOKEN: token}"
    )
    assert folder.sound().systems


def test_an_adapter_whose_model_raises_is_a_finding(folder: Any) -> None:
    class WildSpec:
        name = "rest"
        kinds = frozenset({"sink"})

        def config_model(self, kind: str) -> type[BaseModel]:
            raise RuntimeError("rahasia")

    _, findings = load(folder.path, {"filedrop": WildSpec(), "rest": WildSpec()}, {})
    assert "C024" in {one.code for one in findings}
    assert "rahasia" not in "".join(map(str, findings))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([KOTA, BPJS, ROUTES, PEOPLE]),
    st.integers(0, 40),
    st.sampled_from(["drop", "twice", "indent", "word", "null"]),
)
def test_any_slip_of_a_line_is_loaded_or_explained(folder: Any, name: str, at: int, slip: str) -> None:
    sound = folder.files[name]
    lines = sound.splitlines()
    at %= len(lines)
    key = lines[at].split(":")[0]
    slips = {"drop": [], "twice": [lines[at]] * 2, "indent": [f"  {lines[at]}"], "word": ["kata"], "null": [f"{key}:"]}
    lines[at : at + 1] = slips[slip]
    folder.write(name, "\n".join(lines) + "\n")
    federation, findings = folder.load()
    folder.write(name, sound)
    assert (federation is None) == any(one.is_error for one in findings)
    assert findings == sorted(set(findings))


LIST = "    recipients: named\n    release: "


@pytest.mark.parametrize(
    ("released", "codes", "said"),
    [
        (PERSON, [], ""),
        ([*PERSON, "address"], [], ""),
        (PERSON[:-1], ["C029"], "'sex'"),
        (["fullName", "birthDate", "sex"], ["C029"], "nik|noKartu|otherIdentifiers"),
        ([*PERSON, "adress"], ["C019"], ""),
        ([], ["C029"], "'fullName'"),
    ],
)
def test_a_release_list_leaves_a_whole_document(folder: Any, released: list[str], codes: list[str], said: str) -> None:
    """What would be found at the first document is found here."""
    folder.replace(ROUTES, "    recipients: named", LIST + json.dumps(released))
    _, findings = folder.load({"letter/1": Person1})
    assert [(one.code, one.line) for one in findings] == [(code, 10) for code in codes]
    assert said in "".join(one.message for one in findings)
