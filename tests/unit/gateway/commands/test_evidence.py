"""`lintas evidence`: a whole container in a new file, or no file."""

import io
import json
import os
import zipfile
from pathlib import Path

from aiohttp import web

from tests.unit.gateway.commands.conftest import Gateway, Lintas

DATA = os.urandom(300_000)
PATH = "/api/v1/messages/01a2.1/evidence"


async def test_it_is_saved(gateway: Gateway, lintas: Lintas, tmp_path: Path) -> None:
    gateway.answers[PATH] = lambda _: web.Response(body=DATA, content_type="application/vnd.etsi.asic-e+zip")
    out = tmp_path / "x.asice"
    result = await lintas("evidence", "01a2.1", "-o", out, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"messageId": "01a2.1", "file": str(out), "bytes": len(DATA)}
    assert out.read_bytes() == DATA
    assert out.stat().st_mode & 0o077 == 0
    again = await lintas("evidence", "01a2.1", "-o", out)
    assert (again.exit_code, "cannot_write" in again.stderr) == (2, True)
    assert out.read_bytes() == DATA


async def test_digests_alone_are_told_at_once(gateway: Gateway, lintas: Lintas, tmp_path: Path) -> None:
    for names, noted in (
        (("message.json", "digests.json"), True),
        (("message.json", "digests.json", "receipts.json"), False),
        (("other.txt",), False),
    ):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as container:
            for name in names:
                container.writestr(name, b"{}")
        data = held.getvalue()
        gateway.answers[PATH] = lambda _, data=data: web.Response(body=data)
        result = await lintas("evidence", "01a2.1", "-o", tmp_path / f"{len(names)}.asice")
        assert (result.exit_code, "holds events and digests" in result.stderr) == (0, noted), result.output


async def test_receipts_of_what_was_erased_go_with_it(gateway: Gateway, lintas: Lintas, tmp_path: Path) -> None:
    gateway.answers[PATH] = lambda _: web.Response(body=DATA, content_type="application/vnd.etsi.asic-e+zip")
    held = tmp_path / "one.receipt.json"
    held.write_text(json.dumps({"receipt": "eyJhIjoxfQ.e30.AA"}))
    result = await lintas("evidence", "01a2.1", "-o", tmp_path / "x.asice", "--receipt", held)
    assert result.exit_code == 0, result.output
    assert (gateway.asked[0]["method"], gateway.asked[0]["body"]) == ("POST", b"eyJhIjoxfQ.e30.AA")
    held.write_text("{}")
    result = await lintas("evidence", "01a2.1", "-o", tmp_path / "y.asice", "--receipt", held)
    assert (result.exit_code, (tmp_path / "y.asice").exists()) == (2, False)


async def test_a_refusal_leaves_no_file(gateway: Gateway, lintas: Lintas, tmp_path: Path) -> None:
    out = tmp_path / "x.asice"
    result = await lintas("evidence", "01a2.1", "-o", out)
    assert (result.exit_code, "not_found" in result.stderr, out.exists()) == (1, True, False)
    gateway.answers[PATH] = lambda _: web.Response(status=302, headers={"Location": "/elsewhere"})
    result = await lintas("evidence", "01a2.1", "-o", out)
    assert (result.exit_code, out.exists()) == (1, False)
    assert (await lintas("evidence", "../keys", "-o", out)).exit_code == 2
