"""What one entry cannot know alone; and that one broken file does not make others look broken."""

from __future__ import annotations

from typing import Any

import pytest

KOTA, BPJS, ROUTES = "agencies/kota.yaml", "agencies/bpjs.yaml", "routes.yaml"


def found(folder: Any) -> list[tuple[str, str, int]]:
    federation, findings = folder.load()
    assert (federation is None) == any(one.is_error for one in findings)
    return [(one.code, one.file, one.line) for one in findings]


def test_a_sound_folder_has_none(folder: Any) -> None:
    assert found(folder) == []


@pytest.mark.parametrize("name", [KOTA, BPJS])
@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("agency: [\n", "C005", 2),
        ("", "C005", 1),
        ("agency: !!str x\n---\nb: c\n", "C006", 1),
        ("- kota\n", "C003", 1),
        ("agency: {}\nname: X\n", "C003", 1),
        ("agency: 7\nname: X\n", "C003", 1),
        ("name: X\n", "C002", 1),
        (b"agency: \xff\n", "C005", 1),
    ],
)
def test_an_agency_that_cannot_be_read_is_the_only_finding(
    folder: Any, name: str, content: str | bytes, code: str, line: int
) -> None:
    folder.write(name, content)
    assert {one for one in found(folder) if one != ("C006", name, 2)} == {(code, name, line)}


@pytest.mark.parametrize("name", [KOTA, BPJS])
@pytest.mark.parametrize("wrong", ["systems: []", "systems: null", "systems:", "system:", "sistem: {}\nother:"])
def test_an_agency_whose_systems_cannot_be_read_is_found_in_its_own_file(folder: Any, name: str, wrong: str) -> None:
    agency = name.removeprefix("agencies/").removesuffix(".yaml")
    folder.write(name, f"agency: {agency}\nname: X\n{wrong}\n")
    assert {file for _, file, _ in found(folder)} == {name}


def test_an_agency_without_systems_has_none_that_could_be_meant(folder: Any) -> None:
    folder.write(BPJS, "agency: bpjs\nname: X\n")
    assert found(folder) == [("C011", ROUTES, 4), ("C011", ROUTES, 8)]


def test_an_agency_under_another_name_is_one_finding(folder: Any) -> None:
    folder.replace(BPJS, "agency: bpjs", "agency: bpjz")
    assert found(folder) == [("C022", BPJS, 1)]
    folder.replace(BPJS, "agency: bpjz", "agency: kota")
    # Which of the two is meant nobody can know: the one that was read first counts, and nothing is said of routes.
    assert {(code, file) for code, file, _ in found(folder)} == {("C021", KOTA), ("C022", BPJS)}


def test_a_folder_that_is_not_there_is_one_finding(folder: Any) -> None:
    for path in (folder.path / "agencies").iterdir():
        path.unlink()
    assert found(folder) == [("C008", "agencies", 0)]
    (folder.path / "agencies").rmdir()
    assert found(folder) == [("C008", "agencies", 0)]


def test_what_is_wrong_beside_a_broken_file_is_still_told(folder: Any) -> None:
    folder.write(BPJS, "agency: [\n")
    folder.replace(ROUTES, '"kota/*"', "kota/simpu")
    folder.replace(ROUTES, '    to: ["bpjs/*"]', '    to: [bpjs/x, "bpsj/*"]')
    folder.replace(
        KOTA, "    may_use: [letter.deliver]", "    may_use: [letter.deliver]\n    reads: [bpjs/none, kot/a]"
    )
    assert [one for one in found(folder) if one[1] != BPJS] == [
        ("C016", KOTA, 7), ("C010", KOTA, 11), ("C011", ROUTES, 3), ("C010", ROUTES, 8),
    ]  # fmt: skip


@pytest.mark.parametrize("entry", ["{}", "{name: 1, channel: {adapter: rest}}", "null"])
def test_a_broken_system_may_be_the_one_that_receives(folder: Any, entry: str) -> None:
    # A pattern reaches it and others; of those that are sound none can answer, but the broken one may.
    folder.write(
        BPJS,
        f"agency: bpjs\nname: B\nsystems:\n  vclaim: {entry}\n  other:\n    name: O\n",
    )
    assert {(code, file) for code, file, _ in found(folder) if file != BPJS} == set()


def test_a_recipient_that_cannot_take_it_is_found_where_it_is_named(folder: Any) -> None:
    folder.replace(BPJS, "    channel: {pull: true}\n", "")
    assert found(folder) == []
    folder.replace(BPJS, "    channels:\n      letter.deliver: {pull: true}\n", "")
    folder.replace(BPJS, "    channel:\n      adapter: rest\n      config:\n        url: http://127.0.0.1:1/a\n", "")
    assert found(folder) == [("C015", ROUTES, 4), ("C015", ROUTES, 8)]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line"),
    [
        (KOTA, "    receipts: {adapter: filedrop, config: {inbox: drop/outbox}}\n", "", "C034", 11),
        (BPJS, "    credentials: {api_keys: [{file: keys/inbox.key}]}\n", "", "C035", 17),
        (BPJS, "    credentials: {api_keys: [{file: keys/vclaim.key}]}\n", "", "C035", 12),
        (KOTA, "    credentials: {api_keys: [{file: keys/simpus.key}]}\n", "", "C036", 6),
    ],
)
def test_nobody_is_left_in_the_dark_without_a_warning(
    folder: Any, file: str, old: str, new: str, code: str, line: int
) -> None:
    folder.replace(file, old, new)
    federation, findings = folder.load()
    assert federation is not None
    assert [(one.code, one.file, one.line, one.severity) for one in findings] == [(code, file, line, "warning")]


def test_a_sender_with_a_key_may_ask_instead(folder: Any) -> None:
    key = "    credentials: {api_keys: [{file: keys/folder.key}]}\n"
    folder.replace(KOTA, "    receipts: {adapter: filedrop, config: {inbox: drop/outbox}}\n", key)
    assert found(folder) == []
