"""The processes that are measured, and what the kernel says about them.

Enters: a command and a core. Leaves: a running child that said where it listens; its CPU time and memory. Refuses: a
child that ends before it is ready, with what it said last. Reads /proc, so Linux only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

READY_SECONDS = 30.0
STOP_SECONDS = 60.0
_TICK = os.sysconf("SC_CLK_TCK")
HOUSE = Path(__file__).parents[1]


class NotReady(Exception):
    """A child ended or fell silent before it was ready."""


class Child:
    """One process, pinned to a core. `address` is what it said when it was ready."""

    def __init__(self, command: Sequence[str], core: int, more: Mapping[str, str] | None = None) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        variables = {name: value for name, value in os.environ.items() if not name.startswith("LINTAS_")}
        self.process = subprocess.Popen(
            command,
            cwd=HOUSE,
            env={**variables, **(more or {})},
            stdout=subprocess.PIPE,
            stderr=self._said,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        self.address = ""

    def wait_ready(self) -> str:
        """Reads lines until one says `{"ready": address}`."""
        assert self.process.stdout is not None
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if not select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                break
            line = self.process.stdout.readline()
            if not line:
                break
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and "ready" in said:
                self.address = str(said["ready"])
                return self.address
        self.stop()
        self._said.seek(0)
        raise NotReady(self._said.read()[-2000:].decode(errors="replace"))

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cpu_seconds(self) -> float:
        """User and system time of the process, all its threads, its children and theirs."""
        return cpu_of(self.process.pid)

    def thread_seconds(self) -> dict[str, float]:
        """User and system time of each living thread of the process itself, the first one as `main`."""
        pid, found = self.process.pid, {}
        for task in sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name)):
            fields = _fields((task / "stat").read_text())
            found["main" if task.name == str(pid) else task.name] = (int(fields[11]) + int(fields[12])) / _TICK
        return found

    def rss_mib(self) -> float:
        """Resident memory now, of the process and its descendants."""
        return sum(memory_mib(pid, "VmRSS") for pid in family(self.process.pid))

    def peak_rss_mib(self) -> float:
        """Highest resident memory since `forget_peak`, of the process and its descendants."""
        return sum(memory_mib(pid, "VmHWM") for pid in family(self.process.pid))

    def forget_peak(self) -> None:
        for pid in family(self.process.pid):
            forget_peak(pid)


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def gateway(config: Path, state: Path) -> list[str]:
    return python("gateway.cli", "run", "--config", str(config), "--state", str(state), "--json")


def _fields(stat: str) -> list[str]:
    """Fields of /proc/…/stat after the name, which may hold blanks: state is 0, utime 11, stime 12."""
    return stat.rpartition(")")[2].split()


def cpu_of(pid: int) -> float:
    """User and system time in seconds of a process, all its threads, its children and theirs."""
    return sum(_cpu_ticks(one) for one in family(pid)) / _TICK


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def memory_mib(pid: int, name: str) -> float:
    """`VmRSS` of one process, resident now, or `VmHWM`, the most since `forget_peak`."""
    return _status(pid, name) / 1024


def _cpu_ticks(pid: int) -> int:
    # 13 and 14: the time of children that have ended and were waited for.
    return sum(map(int, _fields(Path(f"/proc/{pid}/stat").read_text())[11:15]))


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def _status(pid: int, name: str) -> int:
    """A field of /proc/<pid>/status in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0
