"""Tests mirror the tree: `gateway/route.py` is tested by `tests/unit/gateway/test_route.py`.

A module without a mirror is named here with the tests that hold it. The list may only shrink.
"""

from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGES = ("gateway", "adapters", "schemas")
CONFORMANCE = ("contract/test_host.py", "contract/test_rest_adapter.py", "contract/test_filedrop_adapter.py")
FAKES = ("unit/gateway/contract/test_fake_host.py", "unit/gateway/contract/test_source_kit.py")
FEDERATION = ("unit/gateway/federation/test_load.py", "unit/gateway/federation/test_findings.py")
FILEDROP = ("unit/adapters/filedrop/test_hazards.py", "unit/adapters/filedrop/test_crashes.py")
JOURNAL = ("contract/test_journal_engine.py", "unit/gateway/store/test_sqlite.py")
KEYED = ("unit/gateway/store/test_hmac_keys.py", "unit/gateway/store/test_sealing.py")
PAGES = ("unit/gateway/http/test_openapi.py", "unit/gateway/http/test_pages.py")
SOAP = ("unit/adapters/soap/test_codec.py", "unit/adapters/soap/test_contract.py")

# The list may only shrink. A folder stands for every module in it.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "gateway/commands/exits.py": ("unit/gateway/commands/test_command.py",),
    "gateway/commands/submission.py": ("unit/gateway/commands/test_send.py",),
    "gateway/contract/conformance": CONFORMANCE,
    "gateway/contract/testing": FAKES,
    "gateway/contract/host.py": ("contract/test_host.py",),
    "gateway/contract/http.py": ("unit/gateway/http/test_call.py",),
    "gateway/deliveries.py": ("unit/gateway/test_record.py", "unit/gateway/test_verify.py"),
    "gateway/federation/draft.py": FEDERATION,
    "gateway/federation/leaks.py": FEDERATION,
    "gateway/federation/model.py": FEDERATION,
    "gateway/http/examples.py": PAGES,
    "gateway/http/letter_operations.py": PAGES,
    "gateway/http/operations.py": PAGES,
    "gateway/http/shapes.py": PAGES,
    "gateway/references.py": ("unit/gateway/test_normalise.py",),
    "gateway/settings_letters.py": ("unit/gateway/test_settings_table.py",),
    "gateway/signatures/evidence_trust.py": ("unit/gateway/test_evidence.py",),
    "gateway/settings_groups.py": ("unit/gateway/test_settings.py",),
    "gateway/store/engine.py": JOURNAL,
    "gateway/store/entropy.py": KEYED,
    "gateway/store/holder.py": JOURNAL,
    "gateway/store/keyed.py": KEYED,
    "gateway/store/lane.py": JOURNAL,
    "gateway/store/local_parts.py": ("contract/test_part_store.py",),
    "gateway/store/parts.py": ("contract/test_part_store.py",),
    "gateway/store/sqlite_threads.py": JOURNAL,
    "adapters/filedrop/arrive.py": FILEDROP,
    "adapters/filedrop/cells.py": ("unit/adapters/filedrop/test_table.py",),
    "adapters/filedrop/codec.py": ("contract/test_filedrop_adapter.py",),
    "adapters/filedrop/notices.py": FILEDROP,
    "adapters/filedrop/places.py": FILEDROP,
    "adapters/filedrop/survey.py": FILEDROP,
    "adapters/filedrop/workroom.py": FILEDROP,
    "adapters/rest/config.py": ("unit/adapters/rest/test_sink.py",),
    "adapters/soap/config.py": ("unit/adapters/soap/test_sink.py",),
    "adapters/soap/findings.py": SOAP,
    "adapters/soap/names.py": SOAP,
}


def modules() -> list[str]:
    found = (path for package in PACKAGES for path in (HOUSE / package).rglob("*.py"))
    return sorted(str(path.relative_to(HOUSE)) for path in found if path.name != "__init__.py")


def mirror(module: str) -> Path:
    path = Path(module)
    return HOUSE / "tests" / "unit" / path.parent / f"test_{path.name}"


@pytest.mark.parametrize("module", modules())
def test_a_module_has_its_mirror_or_is_named(module: str) -> None:
    named = module in ELSEWHERE or str(Path(module).parent) in ELSEWHERE
    assert mirror(module).exists() or named, f"write {mirror(module).relative_to(HOUSE)}"


def test_the_list_names_only_what_needs_it() -> None:
    assert [name for name in ELSEWHERE if not (HOUSE / name).exists()] == []
    assert [name for name in ELSEWHERE if name.endswith(".py") and mirror(name).exists()] == []


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_tests_that_are_named_are_there(name: str) -> None:
    assert [one for one in ELSEWHERE[name] if not (HOUSE / "tests" / one).is_file()] == []
