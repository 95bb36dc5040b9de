"""What the settings of a folder mean by default: inboxes side by side, and what makes two drops the same."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapters.filedrop import SourceConfig
from gateway.contract import Accepted, Duplicate

COLUMNS = {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"}
ROWS = b"NIK;NAMA;LAHIR;SEX\n3273014205900001;Siti;1990-05-02;P\n"


def others_ids(d):
    """Two fake hosts would give the same ids; in a gateway no two are."""
    for _ in range(100):
        d.host.disk.mint("")


@pytest.mark.parametrize(
    ("inbox", "work"),
    [
        ("drop/kelurahan/inbox", "drop/kelurahan/work"),
        ("drop/surat", "drop/surat.work"),
        ("drop/inbox-2", "drop/inbox-2.work"),
        ("/srv/drop/surat", "/srv/drop/surat.work"),
        ("surat", "surat.work"),
        ("drop/surat/", "drop/surat.work"),
    ],
)
def test_the_work_folder_is_its_inbox_s_own(inbox, work):
    config = SourceConfig.model_validate({"inbox": inbox})
    assert config.own_folders()["work"] == work


def test_a_work_folder_that_is_named_stays_the_one_that_is_named():
    config = SourceConfig.model_validate({"inbox": "drop/surat", "work": "drop/work"})
    assert config.own_folders()["work"] == "drop/work"


@pytest.mark.parametrize(
    ("given", "dates"),
    [
        ("dd-MM-yyyy", ("dd-MM-yyyy",)),
        (["dd-MM-yyyy", "d MMMM yyyy"], ("dd-MM-yyyy", "d MMMM yyyy")),
        (("yyyy/M/d",), ("yyyy/M/d",)),
    ],
)
def test_one_form_of_dates_or_several(given, dates):
    assert SourceConfig.model_validate({"inbox": "a", "csv": {"dates": given}}).csv.dates == dates


@pytest.mark.parametrize(
    ("csv", "place", "message"),
    [
        ({"dates": "dd-MM"}, ("dates", 0), "needs year, month and day"),
        ({"dates": ["dd-MM-yyyy", "MM-yyyy"]}, ("dates", 1), "needs year, month and day"),
        ({"dates": ["dd-MM-yyyy", 5]}, ("dates", 1), "valid string"),
        ({"dates": []}, ("dates",), "at least 1"),
        ({"dates": {"a": "dd-MM-yyyy"}}, ("dates",), "valid tuple"),
        ({"period_from_name": "[0-9"}, ("period_from_name",), "a regular expression; this one is none"),
        ({"period_from_name": "[0-9]+"}, ("period_from_name",), "exactly one group"),
        ({"period_from_name": "(a)(b)"}, ("period_from_name",), "exactly one group"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_own_setting(csv, place, message):
    with pytest.raises(ValidationError) as caught:
        SourceConfig.model_validate({"inbox": "a", "csv": csv})
    assert [(one["loc"], message in one["msg"]) for one in caught.value.errors()] == [(("csv", *place), True)]


@pytest.mark.parametrize("given", [1, 1.0, True, "1", "1.5s", " 1s", "1 s", "-1s", None, ["1s"]])
@pytest.mark.parametrize("name", ["ready.min_age", "sidecar.wait"])
def test_a_duration_has_a_unit(name, given):
    group, setting = name.split(".")
    with pytest.raises(ValidationError, match="a duration is a whole number and a unit"):
        SourceConfig.model_validate({"inbox": "a", group: {setting: given}})
    config = SourceConfig.model_validate({"inbox": "a", group: {setting: "0s"}})
    assert getattr(getattr(config, group), setting) == 0


async def test_two_inboxes_in_one_folder_disturb_each_other_at_no_step(desk, person, power_cut, tmp_path):
    """Both take a file of the same name; one dies holding it; the other starts anew beside it and touches nothing."""
    one = await desk(inbox="drop/satu", name="satu")
    two = await desk(inbox="drop/dua", name="dua")
    others_ids(two)
    one.drop("warga.json", person)
    two.drop("warga.json", {**person, "fullName": "Budi"})
    one.dies_at = lambda point: point == "moved in"
    with pytest.raises(power_cut):
        await one.round()
    (room,) = one.work.iterdir()
    await two.restart()
    (taken,) = await two.round()
    assert isinstance(taken.settlement, Accepted)
    assert list(one.work.iterdir()) == [room]
    await one.restart()
    (taken,) = await one.round()
    assert [document.full_name for document in taken.documents] == ["Siti Contoh"]
    assert one.names(one.work) == two.names(two.work) == []
    assert len(one.names(tmp_path / "drop" / "archive")) == 2
    assert len(one.names(tmp_path / "drop" / "outbox")) == 2


async def test_refusals_of_two_inboxes_with_one_errors_folder_are_all_kept(desk):
    one, two = await desk(inbox="drop/satu", name="satu"), await desk(inbox="drop/dua", name="dua")
    others_ids(two)
    for d in (one, two):
        d.drop("rusak.json", b"{")
        await d.round()
    assert len(one.names(one.errors)) == 4
    assert one.errors == two.errors


async def test_what_was_in_hand_in_the_old_work_folder_is_taken_from_there(desk, person, tmp_path):
    """Before, all inboxes of a folder had `work` beside them by default; a neighbour's rooms may lie there too."""
    before = await desk(inbox="drop/surat", work="drop/work", name="surat")
    before.drop("warga.json", person)
    async for _ in before.source.poll(1):
        pass
    (room,) = before.work.iterdir()
    (before.work / "tetangga").mkdir()
    await before.source.close()

    now = await desk(inbox="drop/surat", name="surat")
    await now.source.close()
    now.host = before.host
    await now.restart()
    assert not (now.work / room.name).exists()
    (taken,) = await now.round()
    assert isinstance(taken.settlement, Accepted)
    assert taken.inbound.item.claim.id == room.name
    assert now.names(now.work) == []
    assert now.names(before.work) == ["tetangga"]
    assert await now.host.claims.unsettled() == []


@pytest.mark.parametrize(("identity", "again"), [("content", Duplicate), ("content_and_name", Accepted)])
async def test_the_same_content_under_another_name_is_what_the_operator_says(desk, person, letter, identity, again):
    d = await desk(identity=identity, csv={"columns": COLUMNS})
    d.drop("warga.json", person)
    d.drop("warga.csv", ROWS)
    first = await d.round()
    d.drop("warga-lagi.json", person)
    d.drop("warga-lagi.csv", ROWS)
    assert [type(one.settlement) for one in [*first, *await d.round()]] == [Accepted, Accepted, again, again]


@pytest.mark.parametrize(("identity", "again"), [("content", Duplicate), ("content_and_name", Accepted)])
async def test_a_letter_under_another_name_is_no_conflict(desk, letter, identity, again):
    d = await desk(identity=identity, service=None, document=None)
    kinds = []
    for name in ("surat.pdf", "surat (1).pdf"):
        d.drop(name, b"%PDF-1.7\n")
        d.drop(f"{name}.json", letter)
        kinds += [type(one.settlement) for one in await d.round()]
    assert kinds == [Accepted, again]


async def test_the_period_counts_also_where_the_name_does_not(desk):
    d = await desk(identity="content", csv={"columns": COLUMNS, "period_from_name": r"_(\d{6})"})
    d.drop("warga_202601.csv", ROWS)
    d.drop("warga_202602.csv", ROWS)
    taken = await d.round()
    assert [type(one.settlement) for one in taken] == [Accepted, Accepted]
    assert len({one.inbound.key for one in taken}) == 2
    d.drop("salinan_202602.csv", ROWS)
    (again,) = await d.round()
    assert isinstance(again.settlement, Duplicate)
    assert again.inbound.name == "salinan_202602.csv"
