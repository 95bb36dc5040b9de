import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings, fields, load_settings
from gateway.settings_variables import variable_for

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [one for one in os.environ if one.upper().startswith("LINTAS_")]:
        monkeypatch.delenv(name)


def write(folder: Path, text: str) -> Path:
    (folder / "gateway.yaml").write_text(text, encoding="utf-8")
    return folder


def codes(folder: Path) -> list[tuple[str, str, int]]:
    _, findings = load_settings(folder)
    return [(one.code, one.file, one.line) for one in findings]


def test_the_defaults_are_those_of_the_documents(tmp_path: Path) -> None:
    settings, findings = load_settings(tmp_path)
    assert findings == []
    assert settings is not None
    assert settings.config_dir == tmp_path
    assert settings.http.port == 8700
    assert settings.public_url == "http://127.0.0.1:8700"
    assert settings.limits.body_bytes == 1_048_576
    assert settings.limits.inline_part_bytes == 8 * 1024 * 1024
    assert settings.times.lease == 120


def test_the_trust_folder_lies_in_that_of_the_configuration_or_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = load_settings(tmp_path)
    assert settings is not None
    assert settings.trust_dir == tmp_path / "trust"
    monkeypatch.setenv("LINTAS_VERIFICATION__TRUST_DIR", "/srv/trust")
    settings, findings = load_settings(tmp_path)
    assert settings is not None
    assert (settings.trust_dir, findings) == (Path("/srv/trust"), [])


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, info, _ in fields() if not info.description] == []


def test_the_shipped_file_has_no_findings() -> None:
    settings, findings = load_settings(ROOT / "config")
    assert findings == []
    assert settings is not None
    assert settings.instance == "test"


def test_a_file_is_read_and_a_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "http:\n  port: 9000\n  host: 0.0.0.0\nlog: {level: debug}\n")
    monkeypatch.setenv("LINTAS_HTTP__PORT", "9001")
    settings, findings = load_settings(tmp_path)
    assert findings == []
    assert settings is not None
    assert (settings.http.host, settings.http.port, settings.log.level) == ("0.0.0.0", 9001, "debug")


def test_the_folder_comes_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "node: kedua\n")
    monkeypatch.setenv("LINTAS_CONFIG_DIR", str(tmp_path))
    settings, _ = load_settings()
    assert settings is not None
    assert (settings.node, settings.config_dir) == ("kedua", tmp_path)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("http:\n  prot: 1\n", "C001", 2),
        ("_env_file: /etc/hostname\n", "C001", 1),
        ("http:\n  port: no\n", "C003", 2),
        ("http:\n  port: 70000\n", "C004", 2),
        ("\nhttp: 8700\n", "C003", 2),
        ("limits:\n  parts: 0\n", "C004", 2),
        ("limits:\n  part_bytes: 9007199254740993\n", "C004", 2),
        ("instance: prod\n", "C004", 1),
        ("node: UPPER\n", "C004", 1),
        ("times:\n  lease: 10\n", "C004", 1),
        ("retry:\n  cap: 0.5\n", "C004", 2),
        ("limits:\n  soap_body_bytes: 1000\n", "C004", 2),
        ("http:\n  public_url: http://user:pw@example.test\n", "C020", 2),
        ("http:\n  public_url: ftp://example.test\n", "C004", 2),
        ("outgoing:\n  ca_file: nobody/knows.pem\n", "C004", 2),
        ("outgoing:\n  ca_file: /dev/null\n", "C004", 2),
        ("- a\n", "C003", 1),
        ("node: a\nnode: b\n", "C007", 2),
        ("node: [\n", "C005", 2),
        ("sequencer:\n  interval: .inf\n", "C003", 2),
        ('http:\n  port: "8700"\n', "C003", 2),
        ("http:\n  port: 8700.0\n", "C003", 2),
        ("http:\n  port: true\n", "C003", 2),
        ("http:\n  host: 1\n", "C003", 2),
        ("http:\n", "C003", 1),
        ("create_keys: 'true'\n", "C003", 1),
        ("create_keys: 1\n", "C003", 1),
        ("node: 7\n", "C003", 1),
        ("state_dir: 7\n", "C003", 1),
        ("endpoints: rest\n", "C003", 1),
        ("endpoints:\n  - rest\n  - 5\n", "C003", 3),
        ("retry: {first: '1'}\n", "C003", 1),
        ("retry: {first: 1s}\n", "C003", 1),
        ("log: {level: true}\n", "C004", 1),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    found = codes(write(tmp_path, text))
    assert (code, "gateway.yaml", line) in found
    # One slip, one finding; what holds a password in a URL is no address either.
    assert len(found) == (2 if code == "C020" else 1)
    assert load_settings(tmp_path)[0] is None


def test_a_misspelt_setting_is_told_its_neighbour(tmp_path: Path) -> None:
    _, findings = load_settings(write(tmp_path, "limits:\n  body_byte: 5\n"))
    assert [one.hint for one in findings] == ["did you mean 'body_bytes'?"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("LINTAS_HTTP__PROT", "1", "C001"),
        ("LINTAS_STATEDIR", "x", "C001"),
        ("LINTAS_HTTP__PORT", "lots", "C003"),
        ("LINTAS_HTTP", "{", "C003"),
        ("LINTAS_INSTANCE", "prod", "C004"),
    ],
)
def test_a_broken_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str
) -> None:
    monkeypatch.setenv(name, value)
    settings, findings = load_settings(tmp_path)
    assert settings is None
    assert (code, "environment") in {(one.code, one.file) for one in findings}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"LINTAS_HTTP__PROT": "1"}, "unknown variable 'LINTAS_HTTP__PROT'"),
        ({"lintas_http__prot": "1", "LINTAS_HTTP__PROT": "1"}, "unknown variable 'LINTAS_HTTP__PROT'"),
        ({"LINTAS_HTTP__PORT__X": "1"}, "unknown variable 'LINTAS_HTTP__PORT__X'"),
        ({"LINTAS_HTTP__PROT__X": "1"}, "unknown variable 'LINTAS_HTTP__PROT__X'"),
        ({"LINTAS_HTPP__PORT": "1"}, "unknown variable 'LINTAS_HTPP__PORT'"),
        ({"LINTAS_HTTP__PORT": "lots"}, "LINTAS_HTTP__PORT: 'port': should be a whole number"),
        ({"LINTAS_HTTP__PORT": "70000"}, "LINTAS_HTTP__PORT: 'port': should be less than or equal to 65535"),
        ({"LINTAS_HTTP": "{"}, 'LINTAS_HTTP: a whole group or list is given as JSON, such as ["rest", "soap"]'),
        ({"LINTAS_HTTP": "8700"}, "LINTAS_HTTP: 'http': should be a mapping"),
        ({"LINTAS_HTTP": '{"port": "lots"}'}, "LINTAS_HTTP: 'port': should be a whole number"),
        ({"LINTAS_HTTP": '{"prot": 1}'}, "LINTAS_HTTP: unknown field 'prot'"),
        (
            {"LINTAS_ENDPOINTS": "rest"},
            'LINTAS_ENDPOINTS: a whole group or list is given as JSON, such as ["rest", "soap"]',
        ),
        ({"LINTAS_ENDPOINTS": '["rest", 5]'}, "LINTAS_ENDPOINTS: 'endpoints': should be text: put it in quotes"),
        ({"LINTAS_TIMES__LEASE": "nan"}, "LINTAS_TIMES__LEASE: 'lease': should be a finite number"),
        ({"LINTAS_CREATE_KEYS": "maybe"}, "LINTAS_CREATE_KEYS: 'create_keys': should be true or false"),
    ],
)
def test_one_bad_variable_is_one_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings, findings = load_settings(tmp_path)
    assert settings is None
    assert [(one.file, one.line, one.message) for one in findings] == [("environment", 0, message)]


def test_each_slip_is_told_where_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "http:\n  port: '1'\n  prot: 1\nlimits:\n  parts: 0\n  nesting: 0\n")
    monkeypatch.setenv("LINTAS_LIMITS__NESTING", "-1")
    monkeypatch.setenv("LINTAS_LIMITS__NESTED", "1")
    monkeypatch.setenv("LINTAS_HTTP", '{"host": "::1"}')
    _, findings = load_settings(tmp_path)
    assert [(one.code, one.file, one.line) for one in findings] == [
        ("C001", "environment", 0), ("C004", "environment", 0), ("C003", "gateway.yaml", 2),
        ("C001", "gateway.yaml", 3), ("C004", "gateway.yaml", 5),
    ]  # fmt: skip


def test_a_variable_may_mend_a_value_of_the_file_but_not_its_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "http: {port: 70000}\nlimits: {header_bytes: 2048}\n")
    monkeypatch.setenv("LINTAS_HTTP__PORT", "9000")
    monkeypatch.setenv("LINTAS_LIMITS__HEADER_LINE_BYTES", "1024")
    assert codes(tmp_path) == []
    write(tmp_path, "http: {port: '70000'}\nlimits: {header_bytes: 2048}\n")
    assert codes(tmp_path) == [("C003", "gateway.yaml", 1)]


def test_variables_of_others_are_let_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINTAS_API_KEY", "not-a-setting")
    settings, findings = load_settings(tmp_path)
    assert findings == []
    assert settings is not None


TOKEN = {"evidence.token_module", "evidence.token", "evidence.token_key"}


def test_every_setting_can_be_given_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {}
    for name, _, default in fields():
        if name not in {"config_dir", "http.public_url", "outgoing.ca_file", "evidence.receipt_key", *TOKEN}:
            written = json.dumps(default) if isinstance(default, tuple) else str(default)
            monkeypatch.setenv(variable_for(tuple(name.split("."))), written)
            expected[name] = default
    settings, findings = load_settings(tmp_path)
    assert findings == []
    given = {}
    for name in expected:
        value = settings
        for step in name.split("."):
            value = getattr(value, step)
        given[name] = value
    assert given == expected


def test_settings_cannot_be_changed_once_made() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.node = "other"


def test_the_public_address_follows_the_listener_unless_given() -> None:
    assert Settings(http={"host": "::1", "port": 1}).public_url == "http://[::1]:1"
    assert Settings(http={"public_url": "https://lintas.example/"}).public_url == "https://lintas.example"
