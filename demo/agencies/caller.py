"""How a simulated system calls the gateway over HTTP: its own key, its own session, the published paths.

Enters: submissions. Leaves: the status, headers and bytes of the answer. Refuses: nothing; a refusal is an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp


@dataclass(frozen=True)
class Answer:
    """What came back, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def code(self) -> str | None:
        """The reason of a refusal."""
        code = self.json().get("code")
        return code if isinstance(code, str) else None


class Caller:
    """One system (`agency/system`) with the API key that lies in a file."""

    def __init__(self, session: aiohttp.ClientSession, url: str, system: str, key_file: Path) -> None:
        self.session, self.url, self.system, self.key_file = session, url.rstrip("/"), system, key_file

    @property
    def key(self) -> str:
        # Read each time: the gateway makes the file at its first start.
        return self.key_file.read_text(encoding="ascii").strip()

    async def call(
        self, method: str, path: str, *, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One call; `path` may be a whole URL of the gateway's."""
        shown = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(method, url, data=data, headers=shown) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())

    async def submit(
        self, submission: Mapping[str, Any], *, key: str | None = None, path: str = "/api/v1/messages"
    ) -> Answer:
        """A submission as JSON, with an idempotency key."""
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.call("POST", path, data=json.dumps(submission).encode(), headers=headers)

    async def get(self, path: str) -> Answer:
        return await self.call("GET", path)
