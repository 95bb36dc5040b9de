from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import adapters.filedrop
from adapters.filedrop import ADAPTER

README = (Path(adapters.filedrop.__file__).parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(# (source|sink):.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("text", "kind"), BLOCKS)
def test_every_example_is_a_configuration(text, kind):
    model = ADAPTER.config_model(kind).model_validate(yaml.safe_load(text))
    assert model.model_fields_set


def test_there_are_examples_of_both_kinds():
    assert {kind for _, kind in BLOCKS} == {"source", "sink"}
