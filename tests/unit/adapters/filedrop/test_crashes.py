"""The process dies at every step there is; the next one finishes. Nothing lost, nothing doubled, nothing left lying."""

from __future__ import annotations

import contextlib

import pytest

from schemas.document import Document

PDF = b"%PDF-1.7\n" + b"y" * 3000


def put_letter(d, letter, person):
    d.drop("surat.pdf", PDF)
    d.drop("surat.pdf.json", {"document": letter})
    d.drop("surat.pdf.json.done", b"")
    d.drop("surat.pdf.done", b"")


def put_person(d, letter, person):
    d.drop("warga.json", person)
    d.drop("warga.json.done", b"")


def put_table(d, letter, person):
    rows = b"NIK;NAMA;LAHIR;SEX\n3273014205900001;Siti;1990-05-02;P\n3E+15;Budi;1990-05-02;L\n"
    d.drop("warga.csv", rows)
    d.drop("warga.csv.done", b"")


def put_broken(d, letter, person):
    d.drop("rusak.json", b"{")
    d.drop("rusak.json.done", b"")


COLUMNS = {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"}
SCENES = {
    "letter": (put_letter, 1, ["surat.pdf.accepted.receipt.json"], []),
    "document": (put_person, 1, ["warga.json.accepted.receipt.json"], []),
    "table": (put_table, 1, ["warga.csv.accepted.receipt.json", "warga.csv.rows.json"], []),
    "refusal": (put_broken, 0, [], ["rusak.json", "rusak.json.error.json"]),
}
CONFIG = {"ready": {"mode": "marker"}, "csv": {"columns": COLUMNS}}


def config_of(scene):
    return {**CONFIG, "service": None, "document": None} if scene == "letter" else CONFIG


async def life(d, deaths, power_cut):
    """Runs until quiet; dies at the given steps, each counted from the last restart."""
    died = 0
    for death in deaths:
        d.points.clear()
        d.dies_at = lambda point, death=death: len(d.points) == death
        try:
            for _ in range(3):
                await d.round()
        except power_cut:
            died += 1
        await d.restart()
    for _ in range(3):
        await d.round()
    return died


def assert_whole(d, scene):
    _, documents, outbox, errors = SCENES[scene]
    assert len([one for one in d.ledger.documents if isinstance(one, Document)]) == documents
    assert d.names(d.inbox) == []
    assert d.names(d.work) == []
    assert d.names(d.outbox) == outbox
    assert d.names(d.errors) == errors
    whole = {"letter": 2, "document": 1, "table": 1, "refusal": 0}[scene]
    assert len(d.names(d.archive)) == whole
    assert len({name.rpartition(".")[2] for name in d.names(d.archive)}) <= 1


async def steps_of(desk, scene, letter, person):
    d = await desk(**config_of(scene))
    SCENES[scene][0](d, letter, person)
    await d.round()
    assert_whole(d, scene)
    assert await d.host.claims.unsettled() == []
    return len(d.points)


@pytest.mark.parametrize("scene", SCENES)
async def test_death_at_every_step(desk, letter, person, power_cut, scene, tmp_path_factory):
    count = await steps_of(desk, scene, letter, person)
    assert count > 8
    for death in range(1, count + 1):
        d = await desk(root=tmp_path_factory.mktemp("desk"), **config_of(scene))
        SCENES[scene][0](d, letter, person)
        assert await life(d, [death], power_cut) == 1
        assert_whole(d, scene)
        assert await d.host.claims.unsettled() == []


@pytest.mark.parametrize("scene", ["letter", "refusal"])
async def test_death_again_while_recovering(desk, letter, person, power_cut, scene, tmp_path_factory):
    count = await steps_of(desk, scene, letter, person)
    for first in range(1, count + 1):
        for second in (1, 2, 3, 5, 8):
            d = await desk(root=tmp_path_factory.mktemp("desk"), **config_of(scene))
            SCENES[scene][0](d, letter, person)
            await life(d, [first, second], power_cut)
            assert_whole(d, scene)


@pytest.mark.parametrize("death", range(1, 9))
async def test_death_while_giving_a_letter_back(desk, letter, person, power_cut, death):
    d = await desk(**config_of("letter"))
    put_letter(d, letter, person)
    async for inbound in d.source.poll(1):
        d.points.clear()
        d.dies_at = lambda point: len(d.points) == death
        with contextlib.suppress(power_cut):
            await d.source.release(inbound)
    await d.restart()
    for _ in range(3):
        await d.round()
    assert_whole(d, "letter")


async def test_a_room_without_a_claim_goes_back_to_the_inbox(desk, letter, person):
    d = await desk(**config_of("letter"))
    put_letter(d, letter, person)
    async for _ in d.source.poll(1):
        pass
    d.host.disk.claims.clear()
    await d.restart()
    for _ in range(3):
        await d.round()
    assert_whole(d, "letter")
