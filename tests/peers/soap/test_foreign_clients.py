"""Foreign toolkits read our WSDL over HTTP, ask a question, deliver a letter with an attachment, and meet a fault.

`install.sh` beside this file installs what they need.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.peers

HERE = Path(__file__).parent


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("soap_shell", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soap_shell"] = module
    spec.loader.exec_module(module)
    return module


SHELL = _load(HERE / "shell.py")
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


@pytest.fixture
async def shell() -> AsyncIterator[Any]:
    async with SHELL.serve() as running:
        yield running


async def _run(shell: Any, *command: str, version: str = "1.1") -> list[dict[str, Any]]:
    env = {**os.environ, "LINTAS_URL": shell.url, "LINTAS_KEY": SHELL.KEY, "LINTAS_SOAP": version}
    env.pop("LINTAS_RECIPIENT", None)
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode(errors="replace")[-4000:]
    return [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]


def _check(shell: Any, told: list[dict[str, Any]], key: str, nth: int = 0) -> None:
    said, fault = told[2 * nth : 2 * nth + 2]
    asked, sent = shell.inbounds[2 * nth : 2 * nth + 2]
    assert said["query"] == {"messageId": asked.message_id, "noKartu": "0001234567891", "status": "active"}
    assert (said["delivery"]["messageId"], said["delivery"]["state"]) == (sent.message_id, "accepted")
    assert said["delivery"]["jws"].count(".") == 2
    assert fault["code"] == "schema_invalid"
    assert fault["messageId"]
    assert fault["advice"]
    assert (sent.key, sent.recipients) == (key, ("dinas-kominfo/surat",))
    assert shell.documents[2 * nth + 1].subject == "Undangan & rapat é"
    (part,) = sent.parts
    assert (part.name, part.media_type, part.sha256) == (
        "surat.pdf",
        "application/pdf",
        hashlib.sha256(PDF).hexdigest(),
    )
    assert shell.part(2 * nth + 1) == PDF


def _versions(shell: Any) -> set[str]:
    return {content_type.partition(";")[0] for content_type in shell.types}


MEDIA = {"1.1": {"text/xml"}, "1.2": {"application/soap+xml"}}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_zeep(shell: Any, version: str) -> None:
    told = await _run(shell, sys.executable, str(HERE / "python" / "client.py"), version=version)
    _check(shell, told, f"zeep-{version}")
    assert _versions(shell) == MEDIA[version]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_php(shell: Any, version: str) -> None:
    told = await _run(shell, "php", str(HERE / "php" / "client.php"), version=version)
    _check(shell, told, f"php-{version}")
    assert _versions(shell) == MEDIA[version]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_node(shell: Any, version: str) -> None:
    told = await _run(shell, "node", str(HERE / "node" / "client.js"), version=version)
    _check(shell, told, f"node-{version}")
    assert _versions(shell) == MEDIA[version]


async def test_jax_ws(shell: Any, tmp_path: Path) -> None:
    told = await _run(shell, str(HERE / "java" / "run.sh"), str(tmp_path))
    _check(shell, told, "java-1.1")
    _check(shell, told, "java-1.2", nth=1)
    assert _versions(shell) == MEDIA["1.1"] | MEDIA["1.2"]
