import hashlib
import json
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import build
from gateway.contract import Caller
from gateway.identity import Presented, load_keys
from tests.unit.gateway.commands.conftest import Gateway, Lintas


def new(*arguments: object):
    return CliRunner().invoke(build(), ["key", "new", *map(str, arguments)])


def test_each_key_is_new_and_fits_a_key_file(tmp_path: Path) -> None:
    keys = {new().stdout.strip() for _ in range(20)}
    assert len(keys) == 20
    path = tmp_path / "one.key"
    path.touch(mode=0o600)
    path.write_text(keys.pop() + "\n")
    assert load_keys([(path, Caller("a/b"))], make=False)


def test_the_digest_stands_in_for_the_key(tmp_path: Path) -> None:
    told = json.loads(new("--digest", "--json").stdout)
    assert told["digest"].endswith(hashlib.sha256(told["key"].encode()).hexdigest())
    path = tmp_path / "one.key"
    path.touch(mode=0o600)
    path.write_text(told["digest"])
    keys = load_keys([(path, Caller("a/b"))], make=False)
    owner = keys.authenticate(Presented(headers={"Authorization": f"Bearer {told['key']}"}))
    assert owner == Caller("a/b")


def test_a_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    result = new("--out", path)
    assert (result.exit_code, result.stdout.strip()) == (0, str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert before.startswith("lintas_")
    assert before.strip() not in result.stdout
    assert new("--out", path).exit_code == 2
    assert path.read_text() == before
    assert new("--out", tmp_path / "none" / "x.key").exit_code == 2


async def test_a_rotation_says_which_key_signs(gateway: Gateway, lintas: Lintas) -> None:
    gateway.answers["/api/v1/keys/rotate"] = {"kid": "baru", "former": "lama"}
    result = await lintas("key", "rotate")
    assert (result.exit_code, gateway.asked[0]["method"]) == (0, "POST")
    assert "key baru from now on; before, it was lama" in result.stdout
    assert json.loads((await lintas("key", "rotate", "--json")).stdout) == {"kid": "baru", "former": "lama"}
