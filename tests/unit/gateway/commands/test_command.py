from pathlib import Path

import pytest

from gateway.commands.command import Setup, ended, merged
from gateway.commands.exits import Failure

KEY = "lintas_00112233aabb_" + "5e" * 32


def key_at(path: Path, content: str = KEY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def used(setup: Setup) -> str:
    return setup._key()


def test_the_nearer_option_wins() -> None:
    far = Setup(url="http://far", json=True, state=Path("far"))
    assert merged(far, {"url": "http://near", "json": False, "state": None}) == Setup(
        url="http://near", json=True, state=Path("far")
    )


def test_the_key_by_option_by_variable_by_state_folder(tmp_path, monkeypatch) -> None:
    given, variable = key_at(tmp_path / "a", KEY + "\n"), key_at(tmp_path / "b", KEY.replace("5e", "6f"))
    made = key_at(tmp_path / "state/keys/operators/operator-1.key", KEY.replace("5e", "70"))
    setup = Setup(state=tmp_path / "state")
    assert used(setup) == made.read_text()
    monkeypatch.setenv("LINTAS_KEY_FILE", str(variable))
    assert used(setup) == variable.read_text()
    assert used(merged(setup, {"key_file": given})) == KEY


@pytest.mark.parametrize("content", ["", "secret", "lintas_a\nInjected: yes", "lintas_\xe9", KEY + " x"])
def test_a_file_without_a_key_is_refused_and_not_quoted(tmp_path, content) -> None:
    with pytest.raises(Failure) as caught:
        used(Setup(key_file=key_at(tmp_path / "key", content)))
    assert caught.value.exit_code == 2
    if content:
        assert content not in caught.value.detail


def test_a_missing_key_says_where_it_comes_from(tmp_path) -> None:
    with pytest.raises(Failure, match=r"keys/operators/operator-1\.key") as caught:
        used(Setup(state=tmp_path))
    assert "lintas run" in caught.value.advice


def test_the_address_comes_from_the_settings(tmp_path) -> None:
    (tmp_path / "gateway.yaml").write_text("http: {port: 4711}\nstate_dir: elsewhere\n")
    setup = Setup(config=tmp_path, key_file=key_at(tmp_path / "key"))
    assert setup.client("x").url == "http://127.0.0.1:4711"
    assert setup.usable_settings().state_dir == Path("elsewhere")
    assert merged(setup, {"state": Path("s")}).usable_settings().state_dir == Path("s")


def test_settings_with_an_error_are_named(tmp_path) -> None:
    (tmp_path / "gateway.yaml").write_text("http: {prot: 1}\n")
    with pytest.raises(Failure) as caught:
        Setup(config=tmp_path).client("x")
    assert caught.value.exit_code == 2
    assert caught.value.errors[0]["path"] == "gateway.yaml:1:8"


def test_a_warning_where_the_key_travels_open(tmp_path, capsys) -> None:
    Setup(url="http://gateway.example", key_file=key_at(tmp_path / "key")).client("x")
    captured = capsys.readouterr()
    assert "unencrypted" in captured.err
    assert KEY not in captured.err + captured.out


def test_ctrl_c_is_130(capsys) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert ended(Setup(), interrupted) == 130
    assert "Traceback" not in capsys.readouterr().err
