"""A SOAP caller and its gateway's death: the same MessageID again is the same question, and it is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.evidence import rows, the_log_is_whole
from tests.e2e.process import Gateway
from tests.e2e.scenes import LOST, Scene, recipients

pytestmark = pytest.mark.peers

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:MessageID>{id}</a:MessageID></s:Header>'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
QUESTION = (
    '<CoverageLookup xmlns="urn:lintas:service:coverage.lookup">'
    '<document xmlns:q="urn:lintas:schema:eligibility-query:1">'
    "<q:noKartu>0001234567890</q:noKartu><q:serviceDate>2026-11-23</q:serviceDate></document></CoverageLookup>"
)


async def ask(gateway: Gateway, identity: str) -> tuple[int, str]:
    body = ENVELOPE.format(id=identity, body=QUESTION)
    headers = {**gateway.place.auth("pengirim"), "Content-Type": "text/xml; charset=utf-8"}
    async with gateway.http.post(f"{gateway.url}/soap/coverage.lookup", data=body, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("barrier", ["walk.after_verify", "journal.after_commit", "walk.before_settle"])
async def test_a_question_over_a_death_is_answered(tmp_path: Path, barrier: str) -> None:
    async with recipients() as found:
        scene = Scene(tmp_path, found, to=("idem",))
        after = "walk.after_verify" if barrier == "journal.after_commit" else None
        async with scene.place.running({"at": barrier, "nth": 1, "after": after}) as gateway:
            call = asyncio.create_task(ask(gateway, "urn:uuid:1"))
            await asyncio.wait_for(asyncio.shield(gateway.hit), 20)
            await gateway.kill()
            with pytest.raises(LOST):
                await call
        async with scene.place.running() as gateway:
            first = await ask(gateway, "urn:uuid:1")
            assert first[0] == 200, first[1]
            assert ">active<" in first[1]
            asked = len(found["penjawab"].calls)
            assert await ask(gateway, "urn:uuid:1") == first
            assert len(found["penjawab"].calls) == asked
        assert rows(scene.place.state, "SELECT count(*) FROM messages") == [(0,)]
        events = [event["event"] for event in the_log_is_whole(scene.place.state)]
        assert events.count("answered") in (events.count("asked"), events.count("asked") - 1)
