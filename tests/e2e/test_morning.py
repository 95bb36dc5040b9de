"""The morning against the real gateway: a process of its own, real sockets, real folders, in a path with a space."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785

CONFIG = Path(__file__).parents[2] / "config"
DOCUMENT = (CONFIG.parent / "docs" / "demo.md").read_text(encoding="utf-8")
DUE = [
    ("NIK", "identifier_destroyed"),
    ("TANGGAL_LAHIR", "impossible_date"),
    ("NAMA_LENGKAP", "missing_value"),
    ("NIK", "identifier_destroyed"),
    ("NIK", "nik_province"),
    (None, "column_count"),
    ("JENIS_KELAMIN", "not_allowed"),
]
Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """`lintas demo` as a process; one that is still there at the end is told to drain."""
    started: list[Process] = []

    async def begin(state: Path, *options: str) -> Process:
        names = {name: value for name, value in os.environ.items() if not name.startswith("LINTAS_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.cli", "demo", "--config", str(CONFIG), "--state", str(state), "--port", "0",
            *options, stdout=PIPE, stderr=PIPE, env=names, cwd=CONFIG.parent,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.communicate(), 60)


async def played(process: Process) -> dict[str, Any]:
    out, err = await asyncio.wait_for(process.communicate(), 110)
    assert out, err.decode()
    document: dict[str, Any] = json.loads(out)
    assert document.get("ok"), [check for check in document.get("checks", [document]) if not check.get("ok")]
    assert process.returncode == 0
    return document


async def test_nothing_is_missing_or_doubled_and_everybody_is_answered(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "a state"
    document = await played(await start(state, "--once", "--json"))

    counts = document["rows"]
    assert (counts["sent"], counts["accepted"], counts["moved"]) == (1000, 993, 993)
    assert [(one["column"], one["code"]) for one in counts["errors"]] == DUE
    places = [one["row"] for one in counts["errors"]]
    assert places == sorted(set(places))
    assert places[0] >= 1
    assert places[-1] <= 1000
    assert all(check["ok"] for check in document["checks"])
    listed = DOCUMENT.split("## What is checked")[1].split("## ")[0]
    assert [check["name"] for check in document["checks"]] == [
        line.removeprefix("- ") for line in listed.splitlines() if line.startswith("- ")
    ]

    outcomes = {(row["from"], row["to"]): row["outcome"] for row in document["timeline"]}
    assert outcomes["tamu/orang-asing", "gateway"] == "refused: no_right"
    assert "vain" in outcomes["kota-bandung/kelurahan-cihapit", "dinas-kominfo/persuratan"]
    assert outcomes["kota-bandung/kependudukan", "dinas-dukcapil/penerima"] == "delivered"
    assert any(row["count"] == 993 for row in document["timeline"])
    assert any(row["outcome"] == "refused: conflict" for row in document["timeline"])
    assert any(row["outcome"].startswith("a repeat") for row in document["timeline"])
    assert outcomes["a citizen", "gateway"].startswith("“Surat ini sudah diganti")
    assert any(row["outcome"] == "refused: policy_unmet" for row in document["timeline"])
    assert any(row["outcome"] == "replaced by another letter" for row in document["timeline"])
    assert [row["outcome"] for row in document["timeline"] if row["from"] == "anybody, offline"].count("valid") == 2
    assert [row["at"] for row in document["timeline"]] == sorted(row["at"] for row in document["timeline"])

    [report] = (state / "drop").glob("*/outbox/*.csv.rows.json")
    told = json.loads(report.read_bytes())
    [accepted] = report.parent.glob("*.csv.accepted.receipt.json")
    document = json.loads(accepted.read_bytes())["document"]
    for path in (state / "drop").glob("*/outbox/*.accepted.receipt.json"):
        notice = json.loads(path.read_bytes())
        salt = base64.b64decode(notice["statement"]["salt"])
        committed = hashlib.sha256(salt + rfc8785.dumps(notice["document"])).hexdigest()
        assert committed == notice["statement"]["commit"], path
    assert hashlib.sha256(rfc8785.dumps(told["errors"])).hexdigest() == document["errorsSha256"]
    assert document["rejected"] == 7

    outbox = state / "drop" / "kelurahan-cihapit" / "outbox"
    registered = [json.loads(path.read_bytes()) for path in sorted(outbox.glob("*.registered.receipt.json"))]
    assert [one["kind"] for one in registered] == ["registered", "registered"]
    assert len({one["registrationNumber"] for one in registered}) == 2
    inbox = state / "drop" / "kelurahan-cihapit" / "inbox"
    assert list(inbox.iterdir()) == []


async def test_a_second_morning_on_the_same_state_stays_up_until_told(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "a state"
    first = await played(await start(state, "--once", "--json"))
    made = {path: path.read_bytes() for path in (state / "demo" / "authority").glob("*.p*")}
    process = await start(state, "--json")
    assert process.stdout is not None
    text = b""
    while b"\n}\n" not in text:
        piece = await asyncio.wait_for(process.stdout.read(65536), 110)
        assert piece, text.decode()
        text += piece
    second = json.loads(text)
    assert second["ok"], [check for check in second["checks"] if not check["ok"]]
    assert second["run"] != first["run"]
    assert len(made) == 6
    assert {path: path.read_bytes() for path in made} == made
    process.send_signal(signal.SIGINT)
    rest, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, rest) == (0, b""), err.decode()


async def test_ctrl_c_in_the_middle_drains_too(start: Start, tmp_path: Path) -> None:
    process = await start(tmp_path / "a state", "--once")
    assert process.stderr is not None
    while b"serves at" not in (line := await asyncio.wait_for(process.stderr.readline(), 60)):
        assert line
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 130
