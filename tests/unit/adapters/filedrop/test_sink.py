from __future__ import annotations

import base64
import errno
import json
import os

import pytest

from adapters.filedrop import FolderSink, SinkConfig
from gateway.contract import REASONS, Attempt, Capability, NeedsOperator, Reason, ReceiptCopy, Refused, TryLater
from gateway.contract.testing import FakeHost, outbound_for
from schemas.catalogue import parse_json
from schemas.xml import from_xml

PERSON = {"nik": "3273014205900001", "fullName": "Siti Contoh", "birthDate": "1990-05-02", "sex": "female"}
STATEMENT = {"message": "message-out", "kind": "delivered"}
JWS = "e30." + base64.urlsafe_b64encode(json.dumps(STATEMENT).encode()).decode().rstrip("=") + ".c2ln"


class PowerCut(BaseException):
    """The process ends here."""


@pytest.fixture
async def open_sink(tmp_path):
    made = []

    async def make(barrier=lambda point: None, **config):
        host = made[-1][1].restart() if made else FakeHost(state_dir=str(tmp_path))
        sink = FolderSink(SinkConfig.model_validate({"outbox": "out", **config}), host, barrier)
        await sink.open()
        made.append((sink, host))
        return sink, host, tmp_path / "out"

    yield make
    for sink, _ in made:
        await sink.close()


def person(**more):
    return outbound_for("person/1", PERSON, service="person.deliver", **more)


def receipt(kind="delivered", delivery="d-1", name="surat.pdf", jws=JWS, registration=None):
    copy = ReceiptCopy(kind, jws, delivery, registration)
    return person(kind="receipt", receipt=copy, name=name, delivery_id=f"r-{delivery}-{kind}")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def parts_of(host):
    return [
        host.parts.put("message-out", b"%PDF-1", number=1, media_type="application/pdf", name="../../Surat.pdf"),
        host.parts.put("message-out", b"scan", number=2, name="surat.pdf"),
    ]


async def test_nothing_is_written_into_the_gateways_own_places(open_sink, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "alias").symlink_to("keys")
    for outbox in ("keys/out", "alias/out"):
        sink, _, _ = await open_sink(outbox=outbox)
        assert "lies in the gateway's keys" in " ".join(await sink.check())
        with pytest.raises(NeedsOperator, match="lies in the gateway's keys"):
            await sink.deliver(person(), Attempt(1, 5.0))
    assert names(tmp_path / "keys") == []


async def test_a_document_is_one_json_file_with_its_envelope(open_sink):
    sink, _, out = await open_sink()
    assert sink.capability is Capability.IDEMPOTENT
    await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    assert names(out) == ["d-1-person-1.json"]
    written = json.loads((out / "d-1-person-1.json").read_bytes())
    assert written["document"] == PERSON
    assert written["envelope"]["deliveryId"] == "d-1"
    assert written["parts"] == []


async def test_xml_is_the_shared_form_with_its_envelope_beside_it(open_sink):
    from lxml import etree

    sink, _, out = await open_sink(format="xml")
    await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    assert names(out) == ["d-1-person-1.envelope.json", "d-1-person-1.xml"]
    element = etree.fromstring((out / "d-1-person-1.xml").read_bytes())
    assert from_xml(element) == parse_json("person/1", PERSON)


async def test_parts_are_files_under_names_that_nobody_else_chooses(open_sink):
    sink, host, out = await open_sink(marker=".done")
    outbound = person(delivery_id="d-1", parts=parts_of(host), name="../warga.json")
    await sink.deliver(outbound, Attempt(1, 10))
    written = json.loads(next(path for path in out.iterdir() if path.suffix == ".json").read_bytes())
    for part in written["parts"]:
        assert (out / part["file"]).parent == out
        assert (out / part["file"]).stat().st_size == part["size"]
    assert len(names(out)) == 4
    assert not any("/" in name or name.startswith(".") for name in names(out))
    assert names(out.parent) == ["folders", "out"]


async def test_the_marker_comes_last_and_nothing_half_is_ever_seen(open_sink):
    seen = []
    sink, host, out = await open_sink(lambda point: seen.append((point, names(out_of[0]))), marker=".done")
    out_of = [out]
    await sink.deliver(person(delivery_id="d-1", parts=parts_of(host)), Attempt(1, 10))
    order = []
    for _, listing in seen:
        order += [name for name in listing if name not in order and not name.startswith(".tmp-")]
    assert order[0].startswith("d-1-1-")
    assert order[-2:] == ["d-1-person-1.json", "d-1-person-1.json.done"]
    assert all(name.startswith((".tmp-", "d-1-")) for _, listing in seen for name in listing)


@pytest.mark.parametrize("death", range(1, 15))
async def test_death_at_every_step_and_the_same_files_after_the_redo(open_sink, death):
    count = [0]

    def barrier(point):
        count[0] += 1
        if count[0] == death:
            raise PowerCut

    sink, host, out = await open_sink(barrier, marker=".done")
    outbound = person(delivery_id="d-1", parts=parts_of(host))
    try:
        await sink.deliver(outbound, Attempt(1, 10))
    except PowerCut:
        assert "d-1-person-1.json.done" not in names(out) or death > 8
    sink, host, out = await open_sink(marker=".done")
    await sink.deliver(outbound, Attempt(2, 10))
    assert len(names(out)) == 4
    assert not any(name.startswith(".") for name in names(out))


async def test_a_redo_with_the_same_bytes_is_success_and_with_others_refused(open_sink):
    sink, _, out = await open_sink()
    for number in (1, 2):
        await sink.deliver(person(delivery_id="d-1"), Attempt(number, 10))
    (out / "d-1-person-1.json").write_bytes(b"{}")
    with pytest.raises(Refused) as refused:
        await sink.deliver(person(delivery_id="d-1"), Attempt(3, 10))
    assert refused.value.reason is Reason.CONFLICT
    assert names(out) == ["d-1-person-1.json"]
    assert (out / "d-1-person-1.json").read_bytes() == b"{}"


async def test_a_link_under_the_name_is_never_written_through(open_sink, tmp_path):
    sink, _, out = await open_sink()
    target = tmp_path / "korban"
    target.write_text("aman")
    (out / "d-1-person-1.json").symlink_to(target)
    (out / ".tmp-d-1").symlink_to(target)
    with pytest.raises(Refused):
        await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    assert target.read_text() == "aman"


async def test_receipts_carry_their_statement_and_number(open_sink):
    sink, _, out = await open_sink()
    await sink.deliver(receipt("delivered"), Attempt(1, 10))
    await sink.deliver(receipt("registered", registration="AG-7/2026"), Attempt(1, 10))
    assert names(out) == ["surat.pdf.delivered.receipt.json", "surat.pdf.registered.receipt.json"]
    notice = json.loads((out / "surat.pdf.registered.receipt.json").read_bytes())
    assert notice == {
        "messageId": "message-out",
        "kind": "registered",
        "deliveryId": "d-1",
        "receipt": JWS,
        "statement": STATEMENT,
        "registrationNumber": "AG-7/2026",
    }
    await sink.deliver(receipt("delivered"), Attempt(2, 10))
    assert len(names(out)) == 2


def refused(reason, **more):
    said = base64.urlsafe_b64encode(json.dumps({"kind": "refused", "reason": reason}).encode()).decode().rstrip("=")
    copy = ReceiptCopy("refused", f"e30.{said}.c2ln", "d-1")
    return person(kind="receipt", receipt=copy, name="tolak.csv", delivery_id="r-d-1-refused", **more)


@pytest.mark.parametrize("reason", ["recipient_refused", "expired", "operator_needed", "attempts_exhausted"])
async def test_a_refused_receipt_says_in_words_what_to_do(open_sink, reason):
    sink, _, out = await open_sink()
    await sink.deliver(refused(reason), Attempt(1, 10))
    notice = json.loads((out / "tolak.csv.refused.receipt.json").read_bytes())
    assert (notice["code"], notice["title"]) == (reason, REASONS[Reason(reason)].title)
    assert "drop it again" in notice["advice"] or "drop it as a new file" in notice["advice"]
    assert "row" not in notice


async def test_a_refused_row_is_named_by_its_number_and_its_batch(open_sink):
    sink, _, out = await open_sink()
    for row in (2, 17):
        await sink.deliver(refused("recipient_refused", batch="m-batch", row=row), Attempt(1, 10))
    assert names(out) == ["tolak.csv.row-17.refused.receipt.json", "tolak.csv.row-2.refused.receipt.json"]
    notice = json.loads((out / "tolak.csv.row-2.refused.receipt.json").read_bytes())
    assert (notice["row"], notice["batchId"], notice["messageId"]) == (2, "m-batch", "message-out")
    assert "row 2 alone" in notice["advice"]


async def test_a_receipt_whose_statement_cannot_be_read_is_handed_out_all_the_same(open_sink):
    sink, _, out = await open_sink()
    await sink.deliver(receipt("refused", jws="no.statement"), Attempt(1, 10))
    notice = json.loads((out / "surat.pdf.refused.receipt.json").read_bytes())
    assert notice["receipt"] == "no.statement"
    assert "advice" not in notice


async def test_receipts_of_two_recipients_of_one_file_are_two_files(open_sink):
    sink, _, out = await open_sink()
    for delivery in ("d-1", "d-2", "d-1", "d-2"):
        await sink.deliver(receipt(delivery=delivery), Attempt(1, 10))
    assert names(out) == ["surat.pdf.d-2.delivered.receipt.json", "surat.pdf.delivered.receipt.json"]


async def test_a_receipt_without_a_file_is_named_after_its_message(open_sink):
    sink, _, out = await open_sink(receipts="bukti")
    await sink.deliver(receipt(name=None, jws="no.statement"), Attempt(1, 10))
    assert names(out) == []
    assert names(out.parent / "bukti") == ["message-out.delivered.receipt.json"]


async def test_a_query_needs_an_operator(open_sink):
    sink, _, _ = await open_sink()
    with pytest.raises(NeedsOperator):
        await sink.deliver(person(kind="query"), Attempt(1, 10))


@pytest.mark.parametrize(("code", "meant"), [(28, TryLater), (5, NeedsOperator), (13, NeedsOperator)])
async def test_what_the_disk_says(open_sink, monkeypatch, code, meant):
    sink, _, out = await open_sink()

    def fsync(fd):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("adapters.filedrop.folder.os.fsync", fsync)
    with pytest.raises(meant):
        await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    assert names(out) == []


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("mount_point", [True, False])
async def test_an_outbox_on_a_share_that_is_not_mounted_is_waited_for(open_sink, tmp_path, again, mount_point):
    names_of = {"outbox": "share/dinas/masuk", "receipts": "share/dinas/bukti"}
    sink, _, _ = await open_sink(**names_of)
    await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    share = tmp_path / "share"
    share.rename(tmp_path / "put aside")
    if mount_point:
        share.mkdir()
    if again:
        sink, _, _ = await open_sink(**names_of)
    for _ in range(2):
        for outbound in (person(delivery_id="d-2"), receipt()):
            with pytest.raises(TryLater, match="mount the share") as caught:
                await sink.deliver(outbound, Attempt(1, 10))
            assert caught.value.reason is Reason.FOLDER_GONE
        said = await sink.check()
        assert [one.split(" ")[0] for one in said] == ["outbox", "receipts"]
        assert list(share.iterdir()) == [] if mount_point else not share.exists()
    if mount_point:
        share.rmdir()
    (tmp_path / "put aside").rename(share)
    await sink.deliver(person(delivery_id="d-2"), Attempt(1, 10))
    await sink.deliver(receipt(), Attempt(1, 10))
    assert len(names(share / "dinas" / "masuk")) == 2
    assert await sink.check() == []


async def test_an_outbox_that_goes_while_it_is_written_to_is_waited_for(open_sink, tmp_path, monkeypatch):
    sink, _, out = await open_sink()

    def fsync(fd):
        out.rename(tmp_path / "put aside")
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("adapters.filedrop.folder.os.fsync", fsync)
    with pytest.raises(TryLater) as caught:
        await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    assert caught.value.reason is Reason.FOLDER_GONE


async def test_an_outbox_made_anew_by_hand_is_written_to(open_sink, tmp_path):
    sink, _, out = await open_sink()
    out.rmdir()
    with pytest.raises(TryLater):
        await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    out.mkdir()
    await sink.deliver(person(delivery_id="d-1"), Attempt(2, 10))
    assert len(names(out)) == 1


async def test_an_outbox_put_in_place_as_a_link_is_never_written_to(open_sink, tmp_path):
    sink, _, out = await open_sink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out.rename(tmp_path / "put aside")
    out.symlink_to(elsewhere)
    with pytest.raises(NeedsOperator, match=r"outbox \(.*\) is a link"):
        await sink.deliver(person(delivery_id="d-1"), Attempt(1, 10))
    assert names(elsewhere) == []
