"""Who owns a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.router import PathTaken, Router

SEGMENT = st.text(st.characters(exclude_characters="/\n", exclude_categories=("Cs",)), min_size=1, max_size=10)


@pytest.fixture
def router() -> Router[str]:
    one: Router[str] = Router()
    for method, path in (("GET", "/m/{id}"), ("GET", "/m/{id}/parts/{n}"), ("POST", "/m"), ("GET", "/m/new")):
        one.add(method, path, f"{method} {path}")
    return one


def test_an_exact_path_comes_before_a_pattern(router: Router[str]) -> None:
    assert router.find("GET", "/m/new") == ("GET /m/new", {})
    assert router.find("GET", "/m/7") == ("GET /m/{id}", {"id": "7"})
    assert router.find("GET", "/m/7/parts/2") == ("GET /m/{id}/parts/{n}", {"id": "7", "n": "2"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/m/"), ("GET", "/m/7/"), ("GET", "/m/7/parts"), ("PUT", "/m/7"), ("GET", "/mm/7")],
)
def test_what_nobody_owns(router: Router[str], method: str, path: str) -> None:
    assert router.find(method, path) is None


@given(name=SEGMENT)
def test_a_segment_is_taken_whole(name: str) -> None:
    router: Router[int] = Router()
    router.add("GET", "/a.b/{x}", 1)
    assert router.find("GET", f"/a.b/{name}") == (1, {"x": name})
    assert router.find("GET", f"/aXb/{name}") is None


def test_a_line_feed_does_not_end_a_path(router: Router[str]) -> None:
    assert router.find("GET", "/m/7\n") == ("GET /m/{id}", {"id": "7\n"})
    assert router.find("GET", "/m/new\n") == ("GET /m/{id}", {"id": "new\n"})


def test_methods_that_a_path_has(router: Router[str]) -> None:
    router.add("DELETE", "/m/{id}", "x")
    assert router.allowed("/m/7") == ["DELETE", "GET"]
    assert router.allowed("/m") == ["POST"]
    assert router.allowed("/nothing") == []


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("/m/", ["/m"]),
        ("//m", ["/m"]),
        ("/M/New", ["/m/new", "/m/{id}"]),
        ("/m/7/", ["/m/{id}"]),
        ("/e", ["/api/e", "/audit/e"]),
        ("/e/", ["/api/e", "/audit/e"]),
        ("/7/parts", []),
        ("/m/7/parts", []),
        ("/parts/2", ["/m/{id}/parts/{n}"]),
        ("/nothing", []),
        ("/", []),
        ("", []),
        ("/api/e/m/7/parts/2/api/e/m/7/parts/2", []),
    ],
)
def test_what_may_be_meant(router: Router[str], asked: str, meant: list[str]) -> None:
    for path in ("/api/e", "/audit/e"):
        router.add("GET", path, "x")
    assert router.near(asked) == meant


def test_two_owners_of_one_path(router: Router[str]) -> None:
    with pytest.raises(PathTaken, match="POST /m"):
        router.add("POST", "/m", "again")
    assert router.paths[0] == ("GET", "/m/new")
