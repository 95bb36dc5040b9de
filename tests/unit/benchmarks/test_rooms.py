"""Whose CPU time a sample is."""

from benchmarks.children import HOUSE
from benchmarks.rooms import LOOP, OTHER_THREADS, REST, owner, room_of, table

ENDPOINT = (str(HOUSE / "adapters/rest/endpoint.py"), "decode")
INTAKE = (str(HOUSE / "gateway/intake.py"), "take")
SERVER = ("/x/site-packages/aiohttp/web_protocol.py", "start")
STREAMS = ("/x/site-packages/aiohttp/streams.py", "read")
EVENTS = ("/usr/lib/python3.11/asyncio/events.py", "_run")
ORJSON = ("/x/site-packages/orjson/__init__.py", "dumps")


def test_a_frame_names_its_room() -> None:
    assert room_of(*ENDPOINT) == "adapters/rest"
    assert room_of(*INTAKE) == "gateway/intake"
    assert room_of(str(HOUSE / "schemas/catalogue.py"), "parse_json") == "schemas"
    assert room_of(*SERVER) == "aiohttp server"
    assert room_of(*EVENTS) == LOOP
    assert room_of(*ORJSON) is None


def test_what_a_library_does_counts_for_its_caller() -> None:
    assert owner([ORJSON, ENDPOINT, SERVER, EVENTS]) == "adapters/rest"
    assert owner([STREAMS, SERVER, EVENTS]) == "aiohttp server"
    assert owner([ORJSON]) == REST


def test_shares_are_of_the_whole_process() -> None:
    rows = {row["room"]: row for row in table([(3, [INTAKE, SERVER]), (1, [SERVER])], loop_share=0.8)}
    assert (rows["gateway/intake"]["own"], rows["gateway/intake"]["within"]) == (60.0, 60.0)
    assert (rows["aiohttp server"]["own"], rows["aiohttp server"]["within"]) == (20.0, 80.0)
    assert rows[OTHER_THREADS]["own"] == 20.0
