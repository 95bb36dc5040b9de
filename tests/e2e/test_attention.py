"""What does not work is named while the gateway serves everybody else, and no longer than it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.process import Gateway, Place, until
from tests.e2e.scenes import letter, recipients, rest


async def test_a_key_that_is_missing_and_a_folder_that_is_a_file(tmp_path: Path) -> None:
    async with recipients() as found:
        config = {
            "inbox": "drop/desa/inbox", "outbox": "drop/desa/outbox", "formats": ["json"], "document": "person/1",
            "service": "person.deliver",
        }  # fmt: skip
        source = {"name": "inbox", "adapter": "filedrop", "config": config}
        systems: dict[str, Any] = {
            "pengirim": {"may_use": ["letter.deliver"]},
            "desa": {"may_use": ["person.deliver"], "sources": [source]},
            "dinas": {"channel": rest(found["idem"].url, "idempotent")},
            "terkunci": {"channel": rest(found["idem"].url, "idempotent", key={"env": "LINTAS_UJI_KUNCI_HILANG"})},
        }
        routes = [
            {"service": "letter.deliver", "to": ["uji/dinas"]},
            {"service": "person.deliver", "to": ["uji/terkunci"]},
        ]
        place = Place(tmp_path, systems, routes, {"times": {"look": 0.5}})
        outbox = place.state / "drop" / "desa" / "outbox"
        outbox.parent.mkdir(parents=True)
        outbox.write_text("no folder")
        async with place.running() as gateway:
            says = await until(lambda: _attention(gateway, 3), "all to be named")
            assert any("outbox" in one and "is not a folder" in one for one in says)
            assert any("LINTAS_UJI_KUNCI_HILANG" in one for one in says)
            status, health = await gateway.call("GET", "/health")
            assert (status, health["status"], health["attention"]) == (200, "ok", 3)
            status, told = await gateway.post(letter("A-1"), "pengirim")
            assert status == 202, told
            await gateway.drained()
            outbox.unlink()
            (only,) = await until(lambda: _attention(gateway, 1), "the folder to be well again", patience=30)
            assert "LINTAS_UJI_KUNCI_HILANG" in only
    assert place.log().count('"source in trouble"') == 1


async def test_a_share_that_is_not_mounted_is_named_and_what_is_for_it_waits(tmp_path: Path) -> None:
    share = tmp_path / "share"
    inbox = str(share / "desa" / "inbox")
    source = {"inbox": inbox, "formats": ["json"], "document": "person/1", "service": "person.deliver"}
    systems: dict[str, Any] = {
        "pengirim": {"may_use": ["letter.deliver"]},
        "desa": {
            "may_use": ["person.deliver"],
            "sources": [{"name": "inbox", "adapter": "filedrop", "config": source}],
        },
        "dinas": {"channel": {"adapter": "filedrop", "config": {"outbox": str(share / "dinas" / "masuk")}}},
    }
    routes = [{"service": "letter.deliver", "to": ["uji/dinas"]}, {"service": "person.deliver", "to": ["uji/dinas"]}]
    place = Place(tmp_path, systems, routes, {"times": {"look": 0.5}})
    async with place.running() as gateway:
        assert (share / "dinas" / "masuk").is_dir()
        share.rename(tmp_path / "put aside")
        share.mkdir()
        status, told = await gateway.post(letter("A-1"), "pengirim")
        assert status == 202, told
        # A poll that was under way when the share went says so in its own words; the next one knows better.
        await until(lambda: _shares(gateway, 3), "all folders to be named, as lying on a share", patience=30)
    async with place.running() as gateway:
        await until(lambda: _names(gateway, 3), "all to be named again")
        assert await gateway.quarantine() == []
        assert list(share.iterdir()) == []
        share.rmdir()
        (tmp_path / "put aside").rename(share)
        await gateway.drained()
        assert len(list((share / "dinas" / "masuk").glob("*.json"))) == 1
        await until(lambda: _well(gateway), "nothing to be left to look at", patience=30)
        failed = await gateway.events(message=told["messageId"], event="attempt_failed")
        assert {one["event"]["reason"] for one in failed} == {"folder_gone"}


async def _shares(gateway: Gateway, count: int) -> bool:
    says = await _attention(gateway, count)
    return bool(says) and all("mount the share" in one for one in says)


async def _names(gateway: Gateway, count: int) -> set[str]:
    told = (await gateway.told("/api/v1/status", "operator"))["attention"]
    names = {one["name"] for one in told}
    return names if len(names) == count else set()


async def _well(gateway: Gateway) -> bool:
    return (await gateway.told("/api/v1/status", "operator"))["attention"] == []


async def _attention(gateway: Gateway, count: int) -> list[str]:
    told = (await gateway.told("/api/v1/status", "operator"))["attention"]
    return [one["says"] for one in told] if len(told) == count else []
