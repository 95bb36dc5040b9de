"""Case e: one big part in and out, beside nginx.

Enters: a folder on a real disk, the size in MiB, rounds. Leaves: MB/s (10^6 bytes), CPU seconds and peak memory over
idle, medians over the rounds. Refuses: an answer of another status, a part that comes back with other bytes.

The sender is one blocking socket that sends the same 64 MiB block again and again, so that no disk stands behind it.
nginx gets the same bytes by PUT; it neither hashes, nor seals, nor syncs.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from benchmarks import federation, papers
from benchmarks.children import HOUSE, Child
from benchmarks.rounds import Site, opened

MIB = 2**20
BLOCK = 64 * MIB
_STEP = MIB
_BOUNDARY = "lintas-bench-boundary"
_TIMEOUT = 300.0
_READY_SECONDS = 10.0


class WrongTransfer(Exception):
    """The transfer did not do what it measures."""


def run(folder: Path, mib: int, rounds: int, cores: tuple[int, int], done: Callable[[str], None]) -> dict[str, Any]:
    """All rounds of case e."""
    block = random.Random(7).randbytes(min(BLOCK, mib * MIB))  # incompressible, and the same each time
    times = max(1, mib * MIB // len(block))
    whole = hashlib.sha256()
    for _ in range(times):
        whole.update(block)
    digest, size = whole.hexdigest(), times * len(block)
    measured: list[dict[str, float]] = []
    for number in range(rounds):
        one: dict[str, float] = {}
        # Each side first in turn, so that neither always meets the disk of the other.
        sides = [_gateway_side, _nginx_side] if number % 2 == 0 else [_nginx_side, _gateway_side]
        for side in sides:
            place = folder / f"big-{number}"
            one |= side(place, block, times, digest, cores, verify=number == 0)
            shutil.rmtree(place, ignore_errors=True)
        measured.append(one)
        done(f"round {number + 1}: e {size // MIB} MiB in and out")
    names = sorted({name for one in measured for name in one})
    rows = {name: median(one[name] for one in measured if name in one) for name in names}
    return {"bytes": size, "nginx": nginx_path() is not None, "median": rows, "rounds": measured}


def _gateway_side(
    folder: Path, block: bytes, times: int, digest: str, cores: tuple[int, int], *, verify: bool
) -> dict[str, float]:
    with opened(folder, cores) as site:
        # One small letter first: what is loaded at first use is not the cost of a big part.
        small = b"%PDF-1.7 " * 1000
        upload(site, small, 1, hashlib.sha256(small).hexdigest(), "small")
        site.settle()
        idle, cpu = site.child.rss_mib(), site.child.cpu_seconds()
        site.child.forget_peak()
        seconds, message = upload(site, block, times, digest, "big")
        peak_in, cpu_in = site.child.peak_rss_mib(), site.child.cpu_seconds() - cpu
        site.child.forget_peak()
        cpu = site.child.cpu_seconds()
        path, puller = f"/api/v1/messages/{message}/parts/1", site.key("bench/puller")
        out = _download(site.address, path, puller, len(block) * times, None)
        cpu_out, peak_out = site.child.cpu_seconds() - cpu, site.child.peak_rss_mib()
        if verify:
            _download(site.address, path, puller, len(block) * times, digest)
        megabytes = len(block) * times / 1e6
        return {
            "gateway_in_mb_s": megabytes / seconds, "gateway_out_mb_s": megabytes / out,
            "gateway_in_cpu_s": cpu_in, "gateway_out_cpu_s": cpu_out, "idle_mib": idle,
            "in_over_idle_mib": peak_in - idle, "out_over_idle_mib": peak_out - idle,
        }  # fmt: skip


def upload(
    site: Site,
    block: bytes,
    times: int,
    digest: str,
    name: str,
    system: str = federation.LOADER,
    sent: Callable[[], None] = lambda: None,
) -> tuple[float, str]:
    """A letter whose file is `times` blocks. Gives the seconds until it was taken, and its message. `sent` is called
    when all of it is on its way."""
    message = papers.letter(len(block) * times, digest, f"bench-{name}")
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="message"\r\nContent-Type: application/json\r\n\r\n'
    ).encode() + message
    head += (
        f'\r\n--{_BOUNDARY}\r\nContent-Disposition: form-data; name="part-1"; filename="surat.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    fields = {
        "Authorization": f"Bearer {site.key(system)}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
    }
    seconds, status, body = _send(site.address, "POST", "/api/v1/messages", fields, head, block, times, tail, sent)
    if status != 202:
        raise WrongTransfer(f"{status} {body[:500]!r}")
    return seconds, str(json.loads(body)["messageId"])


def _send(
    address: str,
    method: str,
    path: str,
    fields: dict[str, str],
    head: bytes,
    block: bytes,
    times: int,
    tail: bytes,
    sent: Callable[[], None] = lambda: None,
) -> tuple[float, int, bytes]:
    """One request whose body is head, `times` blocks, tail. Gives seconds until the answer, its status and body."""
    length = len(head) + len(block) * times + len(tail)
    lines = {"Host": "bench", "Content-Length": str(length), "Connection": "close", **fields}
    start = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
    view = memoryview(block)
    with _connected(address) as connection:
        started = time.perf_counter()
        connection.sendall(start.encode() + head)
        for _ in range(times):
            for at in range(0, len(block), _STEP):
                connection.sendall(view[at : at + _STEP])
        connection.sendall(tail)
        sent()
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        seconds = time.perf_counter() - started
    top, _, body = answer.partition(b"\r\n\r\n")
    return seconds, int(top.split(b" ", 2)[1]), body


def _download(address: str, path: str, key: str | None, size: int, digest: str | None) -> float:
    """One GET; gives its seconds. With `digest` the bytes are hashed, which is not for measuring."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    with _connected(address) as connection:
        started = time.perf_counter()
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}Connection: close\r\n\r\n".encode())
        top = b""
        while b"\r\n\r\n" not in top:
            some = connection.recv(65_536)
            if not some:
                raise WrongTransfer("the answer broke off")
            top += some
        top, _, rest = top.partition(b"\r\n\r\n")
        if not top.startswith(b"HTTP/1.1 200"):
            raise WrongTransfer(top[:500].decode("latin-1"))
        found = hashlib.sha256(rest) if digest else None
        buffer, left = memoryview(bytearray(_STEP)), size - len(rest)
        while left > 0 and (came := connection.recv_into(buffer)):
            left -= came
            if found is not None:
                found.update(buffer[:came])
        seconds = time.perf_counter() - started
    if left or (found is not None and found.hexdigest() != digest):
        raise WrongTransfer(f"{left} bytes are missing, or they are others")
    return seconds


def _connected(address: str) -> socket.socket:
    at = urlsplit(address)
    return socket.create_connection((at.hostname or "", at.port or 80), timeout=_TIMEOUT)


def nginx_path() -> str | None:
    """nginx as installed, or as `install.sh` unpacked it."""
    fetched = HOUSE / "var/bench/nginx/usr/sbin/nginx"
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or (
        str(fetched) if fetched.exists() else None
    )


_NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_max_body_size 0; client_body_temp_path {folder}/body; sendfile on;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; location / {{ dav_methods PUT; }} }} }}
"""


@contextmanager
def _nginx(folder: Path, core: int) -> Iterator[tuple[Child, str]]:
    (folder / "files").mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + _NGINX.format(folder=folder, port=port))
    command = [str(nginx_path()), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with Child(command, core) as child:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + _READY_SECONDS
        while True:
            try:
                _connected(address).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield child, address


def _nginx_side(
    folder: Path, block: bytes, times: int, digest: str, cores: tuple[int, int], *, verify: bool
) -> dict[str, float]:
    if nginx_path() is None:
        return {}
    with _nginx(folder / "nginx", cores[0]) as (child, address):
        cpu = child.cpu_seconds()
        seconds, status, body = _send(address, "PUT", "/part", {}, b"", block, times, b"")
        if status not in (201, 204):
            raise WrongTransfer(f"{status} {body[:500]!r}")
        cpu_in = child.cpu_seconds() - cpu
        out = _download(address, "/part", None, len(block) * times, None)
        if verify:
            _download(address, "/part", None, len(block) * times, digest)
        megabytes = len(block) * times / 1e6
        return {"nginx_in_mb_s": megabytes / seconds, "nginx_out_mb_s": megabytes / out, "nginx_in_cpu_s": cpu_in}
