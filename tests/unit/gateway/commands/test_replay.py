import json

import pytest

HELD = [
    {"id": f"{n:03}", "messageId": f"m-{n}", "deliveryId": f"m-{n}.1", "recipient": "a/b", "reason": "recipient_unsure",
     "detail": "reset", "at": "t"}
    for n in range(450)
]  # fmt: skip


@pytest.fixture
def quarantine(gateway, problem):
    """A quarantine of 450 items, listed in pages; item 007 is decided already."""

    def page(asked):
        after, limit = asked["query"].get("after", ""), int(asked["query"]["limit"])
        message = asked["query"].get("message")
        return {"items": [one for one in HELD if one["id"] > after and message in (None, one["messageId"])][:limit]}

    gateway.answers["/api/v1/quarantine"] = page
    for one in HELD:
        for verb, state in (("replay", "replayed"), ("close", "closed"), ("skip", "skipped")):
            answer = {"id": one["id"], "state": state}
            path = f"/api/v1/quarantine/{one['id']}/{verb}"
            gateway.answers[path] = (lambda _: problem(404, "not_found")) if one["id"] == "007" else answer
    return gateway


def acted(gateway) -> list[str]:
    return [one["path"].removeprefix("/api/v1/quarantine/") for one in gateway.asked if one["method"] == "POST"]


async def test_without_an_id_it_lists_and_changes_nothing(quarantine, lintas) -> None:
    for arguments in (("replay",), ("replay", "--list")):
        result = await lintas(*arguments)
        assert result.exit_code == 0
        assert "449" in result.stdout
        assert "recipient_unsure" in result.stdout
    assert acted(quarantine) == []


async def test_a_listing_is_limited_and_says_so(quarantine, lintas) -> None:
    told = json.loads((await lintas("replay", "--limit", 250, "--json")).stdout)
    assert told["items"] == HELD[:250]
    assert told["more"] is True
    told = json.loads((await lintas("replay", "--limit", 450, "--json")).stdout)
    assert (len(told["items"]), told["more"]) == (450, False)


@pytest.mark.parametrize(("option", "verb"), [((), "replay"), (("--close",), "close"), (("--skip",), "skip")])
async def test_items_by_name(quarantine, lintas, option, verb) -> None:
    result = await lintas("replay", "001", "002", *option)
    assert result.exit_code == 0
    assert acted(quarantine) == [f"001/{verb}", f"002/{verb}"]


async def test_a_message_or_a_delivery_stands_for_what_is_held_of_it(quarantine, lintas) -> None:
    result = await lintas("replay", "m-3", "m-4.1", "--json")
    assert result.exit_code == 0
    assert [one["id"] for one in json.loads(result.stdout)["items"]] == ["003", "004"]


@pytest.mark.parametrize("name", ["m-4.2", "m-999", "nonsense"])
async def test_what_is_not_held_is_not_found(quarantine, lintas, name) -> None:
    result = await lintas("replay", name, "--close")
    assert result.exit_code == 1
    assert "lintas replay --list" in result.stderr
    assert "parties" not in result.stderr


async def test_partly_done_is_said_item_by_item(quarantine, lintas) -> None:
    result = await lintas("replay", "001", "007", "--json")
    assert result.exit_code == 5
    told = json.loads(result.stdout)
    assert told["items"] == [{"id": "001", "state": "replayed"}]
    assert [one["id"] for one in told["failed"]] == ["007"]
    assert (await lintas("replay", "007")).exit_code == 1


async def test_everything_that_is_held(quarantine, lintas) -> None:
    result = await lintas("replay", "--all")
    assert result.exit_code == 5
    assert acted(quarantine) == [f"{one['id']}/replay" for one in HELD]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--close",),
        ("--all", "--close"),
        ("--all", "--skip"),
        ("001", "--close", "--skip"),
        ("001", "--all"),
        ("--list", "001"),
    ],
)
async def test_what_is_not_clear_is_not_done(quarantine, lintas, arguments) -> None:
    assert (await lintas("replay", *arguments)).exit_code == 2
    assert quarantine.asked == []


async def test_closing_everything_needs_a_yes(quarantine, lintas) -> None:
    assert (await lintas("replay", "--all", "--close", "--yes", "--limit", 3)).exit_code == 0
    assert acted(quarantine) == ["000/close", "001/close", "002/close"]


async def test_an_empty_quarantine(gateway, lintas) -> None:
    gateway.answers["/api/v1/quarantine"] = {"items": []}
    for arguments in ((), ("--all",)):
        result = await lintas("replay", *arguments)
        assert (result.exit_code, result.stdout) == (0, "Nothing is held.\n")
