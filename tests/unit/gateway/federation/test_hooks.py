from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.federation import Finding, load
from schemas.catalogue import DOCUMENTS, SERVICES

FILE = "agencies/kota.yaml"
AGENCY = """\
agency: kota
name: Kota
systems:
  satu:
    name: Satu
    may_use: [person.deliver]
    sources:
      - name: a
        adapter: filedrop
        config:
          inbox: drop/satu/inbox
          document: person/1
          service: person.deliver
          csv:
            columns: {NIK: nik}
            values: {sex: {L: male}}
  dua:
    name: Dua
    sources:
      - name: b
        adapter: filedrop
        config:
          inbox: drop/dua/inbox
    receipts:
      adapter: filedrop
      config:
        outbox: drop/dua/outbox
    channel: {pull: true}
    credentials: {api_keys: [{file: keys/dua.key}]}
"""
ROUTES = "routes:\n  - {service: person.deliver, from: [kota/satu], to: [kota/dua], purpose: Uji}\n"


def read(folder: Path, adapters: Any, *changes: tuple[str, str], state_dir: Path = Path("var")) -> list[Finding]:
    text = AGENCY
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "agencies").mkdir(exist_ok=True)
    (folder / FILE).write_text(text)
    (folder / "routes.yaml").write_text(ROUTES)
    return load(folder, adapters, SERVICES, DOCUMENTS, state_dir)[1]


def test_folders_of_their_own_and_known_fields_are_no_finding(tmp_path: Path, built_in: Any) -> None:
    # The outbox of a source and that of its receipts are one folder by design.
    assert read(tmp_path, built_in) == []


def test_two_inboxes_side_by_side_are_no_finding(tmp_path: Path, built_in: Any) -> None:
    assert read(tmp_path, built_in, ("inbox: drop/dua/inbox", "inbox: drop/satu/inbox-2")) == []
    both = ("inbox: drop/satu/inbox", "inbox: drop/surat"), ("inbox: drop/dua/inbox", "inbox: drop/warga")
    assert read(tmp_path, built_in, *both) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("inbox: drop/dua/inbox", "inbox: drop/satu/inbox", 23),
        ("inbox: drop/dua/inbox", "inbox: ./drop//satu/inbox/", 23),
        ("inbox: drop/dua/inbox", "inbox: /state/drop/satu/inbox", 23),
        ("outbox: drop/dua/outbox", "outbox: drop/satu/inbox", 27),
        ("outbox: drop/dua/outbox", "outbox: drop/dua/x\n        receipts: drop/dua/inbox", 28),
        ("inbox: drop/dua/inbox", "inbox: drop/dua/inbox\n          archive: drop/satu/inbox", 24),
        ("inbox: drop/dua/inbox", "inbox: drop/dua/inbox\n          errors: drop/dua/inbox", 24),
        ("inbox: drop/dua/inbox", "inbox: drop/dua/inbox\n          work: drop/satu/work", 24),
        # The default work folder is meant too: the setting is absent, its `config` is named.
        ("inbox: drop/dua/inbox", "inbox: drop/satu/lain\n          work: drop/satu/work", 24),
        ("inbox: drop/dua/inbox", "inbox: drop/satu/work", 23),
    ],
)
def test_a_folder_that_files_are_taken_from_has_one_user(
    tmp_path: Path, built_in: Any, old: str, new: str, line: int
) -> None:
    findings = [one for one in read(tmp_path, built_in, (old, new), state_dir=Path("/state")) if one.code == "C026"]
    assert (FILE, line) in {(one.file, one.line) for one in findings}, findings
    assert all("kota/" in one.message for one in findings)


@pytest.mark.parametrize("setting", ["inbox: drop/dua/inbox", "outbox: drop/dua/outbox"])
@pytest.mark.parametrize(
    "folder",
    [
        "keys",
        "journal",
        "parts/x",
        "log",
        ".",
        "./keys/",
        "STATE/journal",
        "ABOVE",
        "ABOVE/config",
        "/",
        "link/x",
        "cfg",
    ],
)
def test_the_gateways_own_places_are_no_folder_of_an_agency(
    tmp_path: Path, built_in: Any, setting: str, folder: str
) -> None:
    config, state = tmp_path / "config", tmp_path / "var"
    config.mkdir()
    (state / "keys").mkdir(parents=True)
    (state / "link").symlink_to("keys")
    (state / "cfg").symlink_to("../config")
    path = folder.replace("STATE", str(state)).replace("ABOVE", str(tmp_path))
    findings = read(config, built_in, (setting, f"{setting.split(':')[0]}: {path}"), state_dir=state)
    line = 23 if setting.startswith("inbox") else 27
    assert ("C026", FILE, line) in {(one.code, one.file, one.line) for one in findings}
    assert {one.code for one in findings} == {"C026"}


def test_links_and_nesting_do_not_hide_that_a_folder_is_anothers(tmp_path: Path, built_in: Any) -> None:
    (tmp_path / "var" / "drop" / "satu" / "inbox").mkdir(parents=True)
    (tmp_path / "var" / "alias").symlink_to("drop/satu")
    for inbox in ("alias/inbox", "drop/satu/inbox/sub", "drop/satu", "drop", "alias", "alias/inbox/deep/er"):
        changed = ("inbox: drop/dua/inbox", f"inbox: {inbox}\n          work: drop/dua/work")
        findings = read(tmp_path, built_in, changed, state_dir=tmp_path / "var")
        assert {one.code for one in findings} == {"C026"}, inbox


def test_a_folder_of_files_in_hand_may_lie_in_its_own_inbox_and_not_around_it(tmp_path: Path, built_in: Any) -> None:
    inside = ("inbox: drop/dua/inbox", "inbox: drop/dua\n          work: drop/dua/hand")
    assert read(tmp_path, built_in, inside) == []
    around = ("inbox: drop/dua/inbox", "inbox: drop/dua/hand/in\n          work: drop/dua/hand")
    assert [(one.code, one.line) for one in read(tmp_path, built_in, around)] == [("C026", 23)]


def test_a_key_of_the_gateways_own_is_handed_to_nobody(tmp_path: Path, built_in: Any) -> None:
    channel = "channel: {adapter: rest, config: {url: 'http://127.0.0.1:9/x', key: {file: %s}}}"
    ours = read(tmp_path, built_in, ("channel: {pull: true}", channel % "keys/kek.key"))
    assert [(one.code, one.line) for one in ours] == [("C033", 28)]
    assert read(tmp_path, built_in, ("channel: {pull: true}", channel % "keys/dua-out.key")) == []


@pytest.mark.parametrize("path", ["../../../../etc", "drop/../../etc", "/srv/../etc", "..", '""', '" "', '"a\\0b"'])
@pytest.mark.parametrize("setting", ["inbox: drop/dua/inbox", "outbox: drop/dua/outbox"])
def test_a_folder_that_climbs_is_refused(tmp_path: Path, built_in: Any, setting: str, path: str) -> None:
    findings = read(tmp_path, built_in, (setting, f"{setting.split(':')[0]}: {path}"))
    line = 23 if setting.startswith("inbox") else 27
    assert [(one.code, one.file, one.line) for one in findings] == [("C004", FILE, line)]


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "hint"),
    [
        ("{NIK: nik}", "{NIK: nikk}", "C019", 15, "did you mean 'nik'?"),
        ("{NIK: nik}", "{NIK: nik, JALAN: addres.line}", "C019", 15, "did you mean 'address'?"),
        ("sex: {L: male}", "sexx: {L: male}", "C019", 16, "did you mean 'sex'?"),
        ("document: person/1", "document: persn/1", "C027", 12, "did you mean 'person/1'?"),
    ],
)
def test_a_setting_names_a_field_the_document_has(
    tmp_path: Path, built_in: Any, old: str, new: str, code: str, line: int, hint: str
) -> None:
    findings = read(tmp_path, built_in, (old, new))
    assert [(one.code, one.file, one.line, one.hint) for one in findings] == [(code, FILE, line, hint)]


@pytest.mark.parametrize(
    ("more", "code", "line", "message"),
    [
        ("dates: dd-MM", "C004", 15, "'dates': a date form needs year, month and day"),
        ("dates: [dd-MM-yyyy,\n                    dd-MM]", "C004", 16, "'dates': a date form needs"),
        ("dates: {L: dd-MM-yyyy}", "C003", 15, "'dates': should be a list"),
        ("dates: [dd-MM-yyyy, 5]", "C003", 15, "'dates': should be text: put it in quotes"),
        ("period_from_name: '([0-9'", "C004", 15, "'period_from_name': a regular expression; this one is none"),
        ("record_lines: '100'", "C003", 15, "'record_lines': should be a whole number"),
        ("source_schema: 1", "C003", 15, "'source_schema': should be text: put it in quotes"),
        ("constants: {religion.code: 1}", "", 0, ""),
    ],
)  # fmt: skip
def test_a_slip_in_a_table_s_settings_is_found_at_its_own_line(
    tmp_path: Path, built_in: Any, more: str, code: str, line: int, message: str
) -> None:
    findings = read(tmp_path, built_in, ("          csv:\n", f"          csv:\n            {more}\n"))
    assert [(one.code, one.file, one.line, one.message[: len(message)]) for one in findings] == (
        [(code, FILE, line, message)] if code else []
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("inbox: drop/dua/inbox", "inbox: drop/dua/inbox\n          ready: {min_age: 1}", 24,
         "'min_age': a duration is a whole number and a unit: 250ms, 10s, 5m, 24h or 14d"),
        ("inbox: drop/dua/inbox", "inbox: drop/dua/inbox\n          threads: true", 24,
         "'threads': should be a whole number"),
        ("inbox: drop/dua/inbox", "inbox: drop/dua/inbox\n          formats: csv", 24, "'formats': should be a list"),
        ("channel: {pull: true}",
         "channel: {adapter: rest, config: {url: 'http://a', recipient: idempotant, timeout: 10}}", 28,
         "'recipient': should be 'idempotent', 'reconcilable' or 'neither'"),
    ],
)  # fmt: skip
def test_a_wrong_type_in_settings_of_ours_is_found_at_its_line(
    tmp_path: Path, built_in: Any, old: str, new: str, line: int, message: str
) -> None:
    findings = read(tmp_path, built_in, (old, new))
    assert {(one.file, one.line) for one in findings} == {(FILE, line)}
    assert message in [one.message for one in findings]


@pytest.mark.parametrize(
    ("change", "code", "line", "hint"),
    [
        (("service: person.deliver", "service: person.delivr"), "C012", 13, "person.deliver"),
        (("service: person.deliver", "service: referral.deliver"), "C030", 13, ""),
        (("document: person/1", "document: letter/1"), "C031", 12, ""),
        (("document: person/1", "document: person/1\n          recipients: [kota/duaa]"), "C011", 13, "kota/dua"),
        (("document: person/1", "document: person/1\n          recipients: [kotta/dua]"), "C010", 13, "kota"),
        (("{L: male}", "{L: mail}"), "C032", 16, "male"),
    ],
)
def test_a_slip_that_would_refuse_every_file_is_found_at_its_place(
    tmp_path: Path, built_in: Any, change: tuple[str, str], code: str, line: int, hint: str
) -> None:
    found = {one.code: one for one in read(tmp_path, built_in, change)}
    assert (found[code].file, found[code].line) == (FILE, line)
    assert hint in found[code].hint


def test_a_hook_that_raises_is_a_finding_and_hides_no_other(tmp_path: Path, built_in: Any) -> None:
    class Wild(BaseModel):
        inbox: str

        def own_folders(self) -> dict[str, str]:
            raise RuntimeError("rahasia")

    class WildSpec:
        name = "wild"
        kinds = frozenset({"source"})

        def config_model(self, kind: str) -> type[BaseModel]:
            return Wild

    changes = (
        ("        adapter: filedrop\n        config:\n          inbox: drop/dua/inbox",
         "        adapter: wild\n        config:\n          inbox: drop/dua/inbox"),
        ("{NIK: nik}", "{NIK: nikk}"),
    )  # fmt: skip
    findings = read(tmp_path, {**built_in, "wild": WildSpec()}, *changes)
    assert {one.code for one in findings} == {"C019", "C024"}
    assert "rahasia" not in "".join(map(str, findings))


RECEIPTS = """\
    receipts:
      adapter: filedrop
      config:
        outbox: drop/dua/outbox
"""


def ways_back(tmp_path: Path, built_in: Any, *changes: tuple[str, str]) -> Any:
    assert read(tmp_path, built_in, *changes) == []
    federation = load(tmp_path, built_in, SERVICES, DOCUMENTS, Path("var"))[0]
    assert federation is not None
    return federation


def outbox(use: Any) -> str | None:
    return None if use is None else str(use.config.outbox)


def test_receipts_of_what_a_folder_took_go_to_its_outbox_unless_the_system_says_where(
    tmp_path: Path, built_in: Any
) -> None:
    more = "inbox: drop/dua/inbox\n      - {name: c, adapter: filedrop, config: {inbox: drop/tiga/inbox}}"
    federation = ways_back(tmp_path, built_in, ("inbox: drop/dua/inbox", more), (RECEIPTS, ""))
    assert outbox(federation.receipts_use("kota/satu", "a")) == "drop/satu/outbox"
    assert [outbox(federation.receipts_use("kota/dua", name)) for name in ("b", "c", None, "gone")] == [
        "drop/dua/outbox",
        "drop/tiga/outbox",
        "drop/dua/outbox",
        "drop/dua/outbox",
    ]
    elsewhere = RECEIPTS.replace("drop/dua/outbox", "drop/surat")
    federation = ways_back(tmp_path, built_in, ("inbox: drop/dua/inbox", more), (RECEIPTS, elsewhere))
    assert [outbox(federation.receipts_use("kota/dua", name)) for name in ("b", "c", None)] == ["drop/surat"] * 3
    # What belongs beside the answers to the file itself goes there all the same.
    assert outbox(federation.receipts_use("kota/dua", "c", beside=True)) == "drop/tiga/outbox"
    assert outbox(federation.receipts_use("kota/dua", None, beside=True)) == "drop/surat"


def test_a_way_back_that_its_own_model_refuses_is_a_finding(tmp_path: Path, built_in: Any) -> None:
    class Source(BaseModel):
        inbox: str

        def receipts_config(self) -> dict[str, Any]:
            return {"nowhere": self.inbox}

    class WildSpec:
        name = "wild"
        kinds = frozenset({"source", "sink"})

        def config_model(self, kind: str) -> type[BaseModel]:
            return Source if kind == "source" else built_in["filedrop"].config_model("sink")

    wild = (
        "        adapter: filedrop\n        config:\n          inbox: drop/dua/inbox",
        "        adapter: wild\n        config:\n          inbox: drop/dua/inbox",
    )
    findings = read(tmp_path, {**built_in, "wild": WildSpec()}, wild)
    assert [(one.code, one.line) for one in findings] == [("C024", 22)]
