"""`gateway/signatures/worker.py`: what a worker may not do, seen from outside of it."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.signatures import worker
from gateway.signatures.workers import Source, WorkerLimits, Workers
from tests.unit.gateway.signatures.test_workers import children, codes, opened
from tests.zoo import cms, pdf
from tests.zoo.pki import AT, YEAR, Identity, issue, pki

MEMORY = 900 << 20


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(WorkerLimits(count=1, memory=MEMORY))
    yield pool
    await pool.close()


def calling(port: int) -> Identity:
    """A signer whose certificate names a CRL, a responder and its authority's certificate at a loopback port."""
    who = issue("Penelepon", pki().office)
    base = f"http://127.0.0.1:{port}"
    at = [x509.UniformResourceIdentifier(f"{base}/{name}") for name in ("office.crl", "ocsp", "office.crt")]
    oid = x509.AuthorityInformationAccessOID
    access = [x509.AccessDescription(oid.OCSP, at[1]), x509.AccessDescription(oid.CA_ISSUERS, at[2])]
    builder = x509.CertificateBuilder(
        issuer_name=pki().office.certificate.subject,
        subject_name=who.certificate.subject,
        public_key=who.key.public_key(),
        serial_number=who.certificate.serial_number,
        not_valid_before=AT - YEAR,
        not_valid_after=AT + YEAR,
        extensions=[one for one in who.certificate.extensions if one.oid != x509.OID_AUTHORITY_KEY_IDENTIFIER],
    )
    builder = builder.add_extension(
        x509.CRLDistributionPoints([x509.DistributionPoint(at[:1], None, None, None)]), critical=False
    ).add_extension(x509.AuthorityInformationAccess(access), critical=False)
    return Identity(builder.sign(pki().office.key, hashes.SHA256()), who.key, ())


async def test_nothing_is_fetched_whatever_a_certificate_names(workers: Workers, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(listening, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        folder = tmp_path / "trust"
        folder.mkdir()
        who = await asyncio.to_thread(calling, port)
        (tmp_path / "a.pdf").write_bytes(await asyncio.to_thread(pdf.signed, pdf.plain(), who))
        (tmp_path / "b.p7m").write_bytes(cms.one(who))
        for name, trust in (("a.pdf", "all"), ("b.p7m", "all"), ("a.pdf", "root"), ("b.p7m", "root")):
            (folder / "root.pem").write_bytes(pki().root.pem)
            (folder / "office.pem").unlink(missing_ok=True)
            if trust == "all":
                (folder / "office.pem").write_bytes(pki().office.pem)
            told = await workers.verify(Source(name, tmp_path / name), trust=folder, at=AT)
            # With a network it could have known.
            wanted = "revocation_unknown" if trust == "all" else "unknown_authority"
            assert wanted in codes(told), told
        # The port does listen.
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"here")
        writer.close()
        await asyncio.sleep(0.1)
    assert heard == [b"here"]


async def test_its_bounds(workers: Workers, zoo_folder: Path) -> None:
    await workers.verify(held(), trust=zoo_folder, at=AT)
    (process,) = children()
    assert resource.prlimit(process, resource.RLIMIT_AS) == (MEMORY, MEMORY)
    assert resource.prlimit(process, resource.RLIMIT_FSIZE)[0] == 0
    assert resource.prlimit(process, resource.RLIMIT_CORE) == (0, 0)
    assert os.getpriority(os.PRIO_PROCESS, process) >= os.getpriority(os.PRIO_PROCESS, 0) + 5


async def test_no_secret_of_the_environment_reaches_it(
    workers: Workers, zoo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINTAS_STORE_KEY", "rahasia-sekali")
    monkeypatch.setenv("TZ", "Asia/Jakarta")
    await workers.verify(held(), trust=zoo_folder, at=AT)
    (process,) = children()
    environment = dict(one.split("=", 1) for one in about(process, "environ") if one)
    assert set(environment) <= {"PATH", "LANG", "LC_ALL", "TZ", "SOFTHSM2_CONF", "PYTHONPATH"}
    assert environment["TZ"] == "Asia/Jakarta"
    # It holds no file of ours: its three pipes and what the interpreter opens.
    assert [
        one
        for one in opened(Path(f"/proc/{process}"))
        if not one.startswith(("pipe:", "/dev/null", "anon_inode:", "socket:"))
    ] == []


def about(process: int, what: str) -> list[str]:
    return Path(f"/proc/{process}/{what}").read_bytes().decode().split("\0")


def held() -> Source:
    data = cms.one()

    async def read(start: int, stop: int) -> bytes:
        return data[start:stop]

    return Source("surat", size=len(data), read=read)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in (
        (socket, "getaddrinfo"), (socket, "create_connection"), (socket.socket, "connect"),
        (socket.socket, "connect_ex"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, getattr(owner, name))
    worker._alone()


@pytest.mark.usefixtures("closed")
def test_no_way_to_the_network_is_left() -> None:
    attempts: list[Any] = [
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: socket.socket().connect(("127.0.0.1", 9)),
        lambda: socket.socket().connect_ex(("127.0.0.1", 9)),
    ]
    for attempt in attempts:
        with pytest.raises(OSError, match="no network"):
            attempt()


def test_a_trust_folder_has_another_print_when_anything_in_it_changes(tmp_path: Path) -> None:
    prints = [worker._print_of(tmp_path / "none"), worker._print_of(tmp_path)]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"1")
    prints.append(worker._print_of(tmp_path))
    assert worker._print_of(tmp_path) == prints[-1]
    # As a CRL is replaced: another file under the name, of the same size.
    (tmp_path / "b").write_bytes(b"2")
    (tmp_path / "b").rename(tmp_path / "deep" / "a")
    prints.append(worker._print_of(tmp_path))
    (tmp_path / "deep" / "a").unlink()
    prints.append(worker._print_of(tmp_path))
    assert len(set(prints)) >= 4
