import json

import pytest


def event(number: int) -> dict:
    told = {
        "time": "2026-01-02T03:04:05.678Z",
        "event": "accepted",
        "message": f"m-{number}",
        "sender": "a/b",
        "reason": None,
    }
    return {"number": number, "event": told}


@pytest.fixture
def events(gateway):
    """A log of 2,500 events; `next` is the last number looked at, the cursor for `after`."""
    every = [event(number) for number in range(2500)]

    def page(asked):
        query = asked["query"]
        if "tail" in query:
            return {"events": every[-int(query["tail"]) :], "next": every[-1]["number"]}
        after = int(query.get("after", -1))
        found = every[after + 1 : after + 1 + int(query["limit"])]
        return {"events": found, "next": found[-1]["number"] if found else after}

    gateway.answers["/api/v1/events"] = page
    return gateway


def numbers(text: str) -> list[int]:
    return [json.loads(line)["number"] for line in text.splitlines()]


async def test_the_tail_is_readable(events, lintas) -> None:
    result = await lintas("log", "--tail", 2)
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["number", "time", "event", "from", ">", "to", "reason", "message"]
    assert [line.split() for line in lines] == [
        ["2498", "2026-01-02T03:04:05.678Z", "accepted", "a/b", "m-2498"],
        ["2499", "2026-01-02T03:04:05.678Z", "accepted", "a/b", "m-2499"],
    ]
    assert len(events.asked) == 1


@pytest.mark.parametrize("since", [0, 1, 499, 2499])
async def test_since_gives_every_event_once(events, lintas, since) -> None:
    assert numbers((await lintas("log", "--since", since, "--json")).stdout) == list(range(since, 2500))


async def test_since_beyond_the_end(events, lintas) -> None:
    assert (await lintas("log", "--since", 9999, "--json")).stdout == ""


async def test_filters_are_asked_of_the_gateway(events, lintas) -> None:
    wanted = {"message": "m-1", "event": "refused", "reason": "conflict", "sender": "a/b", "recipient": "c/d"}
    options = [word for name, value in wanted.items() for word in (f"--{name}", value)]
    assert (await lintas("log", *options, "--tail", 5)).exit_code == 0
    assert events.queries() == [{**wanted, "tail": "5"}]


@pytest.mark.parametrize(
    ("option", "slip", "meant"), [("event", "delivred", "delivered"), ("reason", "conflct", "conflict")]
)
async def test_a_slip_in_a_name_is_no_empty_table(events, lintas, option, slip, meant) -> None:
    result = await lintas("log", f"--{option}", slip)
    assert result.exit_code == 2
    assert f"unknown_{option}" in result.stderr
    assert f"did you mean '{meant}'?" in result.stderr
    assert events.asked == []
    result = await lintas("log", f"--{option}", "xxxxxxxx", "--json")
    told = json.loads(result.stdout)["error"]
    assert (result.exit_code, told["code"]) == (2, f"unknown_{option}")
    assert f", {meant}," in told["advice"]


@pytest.mark.parametrize("where", [("--tail", 5), ("--since", 0)])
async def test_an_empty_table_says_what_nothing_fits(gateway, lintas, where) -> None:
    gateway.answers["/api/v1/events"] = {"events": [], "next": -1}
    result = await lintas("log", "--sender", "nix", "--message", "nix", *where)
    assert result.exit_code == 0
    assert "No event fits --message, --sender" in result.stderr
    assert (await lintas("log", *where)).stderr == ""


async def test_following_prints_what_comes_once_and_says_how_to_go_on(gateway, lintas, problem) -> None:
    pages = [
        {"events": [event(3), event(4)], "next": 6},
        {"events": [], "next": 6},
        {"events": [event(8)], "next": 8},
    ]

    def answer(_asked):
        return pages.pop(0) if pages else problem(503, "stopping")

    gateway.answers["/api/v1/events"] = answer
    result = await lintas("log", "--follow", "--interval", 0.1, "--json")
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()[:3]]
    assert [one["number"] for one in lines] == [3, 4, 8]
    assert [query.get("after") for query in gateway.queries()] == [None, "6", "6", "8"]
    assert "--since 9" in result.stdout
