"""Shapes that adapters' configurations share."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.contract.config import AdapterConfig, Seconds, SecretRef, Url


class Some(AdapterConfig):
    url: Url = "http://a.example/"
    wait: Seconds = 1.0


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("10s", 10.0), ("250ms", 0.25), ("5m", 300.0), ("1h", 3600.0), ("14d", 1209600.0), ("1ms", 0.001)],
)
def test_spans(given: Any, seconds: float) -> None:
    assert Some.model_validate({"wait": given}).wait == seconds


@pytest.mark.parametrize(
    "given", ["", "s", "-1s", "0s", "1w", "1 s", "1e3", "٣s", "999999999d", "1.5s", "10", 3, 0.5, True, None]
)
def test_no_spans(given: Any) -> None:
    with pytest.raises(ValidationError):
        Some.model_validate({"wait": given})


def test_a_span_is_shown_as_it_is_written() -> None:
    assert Some.model_json_schema()["properties"]["wait"]["type"] == "string"
    assert Some.model_json_schema(mode="serialization")["properties"]["wait"]["default"] == "1s"
    assert [Some(wait=text).model_dump(mode="json")["wait"] for text in ("90s", "250ms", "5m")] == [
        "90s", "250ms", "300s",
    ]  # fmt: skip
    assert Some(wait="250ms").model_dump()["wait"] == 0.25


@pytest.mark.parametrize("url", ["http://127.0.0.1:8711/a?b=c", "https://[::1]:8443", "http://dinas.example"])
def test_urls(url: str) -> None:
    assert Some.model_validate({"url": url}).url == url


@pytest.mark.parametrize(
    "url",
    ["", "dinas.example", "file:///etc/passwd", "http://", "http://:80", "http://a:b@c", "http://a/#b", "http://a:99999",
     "http://a/ b", "http://a:0"],
)  # fmt: skip
def test_no_urls(url: str) -> None:
    with pytest.raises(ValidationError):
        Some.model_validate({"url": url})


def test_a_secret_is_named_and_never_written() -> None:
    assert SecretRef(file="keys/a.key").reference == "file:keys/a.key"
    assert SecretRef(env="A").reference == "env:A"
    for bad in ({}, {"file": "a", "env": "b"}, {"value": "s3cret"}, "s3cret"):
        with pytest.raises(ValidationError):
            SecretRef.model_validate(bad)


def test_a_configuration_is_closed_and_frozen() -> None:
    with pytest.raises(ValidationError):
        Some.model_validate({"uri": "x"})
    with pytest.raises(ValidationError):
        Some().wait = 2.0  # type: ignore[misc]
