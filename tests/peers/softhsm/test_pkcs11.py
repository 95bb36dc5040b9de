"""Signing with keys in a PKCS#11 token: SoftHSM2 (see install.sh)."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from gateway.signatures.signing import SigningKeySource, SigningRefused
from gateway.signatures.workers import Source, WorkerLimits, Workers
from tests.zoo import letters
from tests.zoo.letters import mark, request
from tests.zoo.pdf import plain
from tests.zoo.pki import AT, Identity, pki

pytestmark = pytest.mark.peers

PIN, TOKEN = "271828", "lintas-uji"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib/libsofthsm2.so")


def softhsm(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, with a token that holds the keys `signer` (RSA) and `curved` (EC)."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        softhsm("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "31415926")
        for number, name in enumerate(("signer", "curved")):
            one: Identity = getattr(pki(), name)
            form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            (folder / "key").write_bytes(one.key.private_bytes(serialization.Encoding.PEM, form, none))
            softhsm("--import", str(folder / "key"), "--token", TOKEN, "--label", name, "--id", f"0{number}",
                    "--pin", PIN)  # fmt: skip
        yield next(path for one in MODULES if (path := Path(one)).exists())


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(WorkerLimits(count=1))
    yield pool
    await pool.close()


def key(module: Path, folder: Path, name: str) -> SigningKeySource:
    files = letters.source(folder, getattr(pki(), name))
    return SigningKeySource("pkcs11", files.certificates, module=module, token=TOKEN, label=name)


async def signed(workers: Workers, one: SigningKeySource, folder: Path, secret: str | None = PIN) -> bytes:
    (folder / "in.pdf").write_bytes(plain())
    trust = letters.trust(folder / "trust")
    made = await workers.sign(Source("s", folder / "in.pdf"), request(mark=mark()), one, secret=secret, trust=trust)
    (folder / "out.pdf").write_bytes(made.data)
    verdict = await workers.verify(Source("s", folder / "out.pdf"), trust=trust, at=AT)
    assert verdict["conclusion"] == "valid"
    return made.data


@pytest.mark.parametrize("name", ["signer", "curved"])
async def test_a_key_in_a_token_signs(workers: Workers, module: Path, tmp_path: Path, name: str) -> None:
    assert await signed(workers, key(module, tmp_path, name), tmp_path)
    # Again, in the same worker: the library is loaded once.
    assert await signed(workers, key(module, tmp_path, name), tmp_path)


async def test_refusals(workers: Workers, module: Path, tmp_path: Path) -> None:
    good = key(module, tmp_path, "signer")
    foreign = replace(good, certificates=key(module, tmp_path / "other", "curved").certificates)
    same_kind = replace(good, certificates=letters.source(tmp_path / "second", pki().second).certificates)
    for one, secret, code in [
        (good, "000000", "passphrase_wrong"),
        (good, None, "key_refused"),
        (replace(good, token="none"), PIN, "key_refused"),
        (replace(good, label="none"), PIN, "key_refused"),
        (foreign, PIN, "key_refused"),
        (same_kind, PIN, "key_refused"),
    ]:
        with pytest.raises(SigningRefused) as error:
            await signed(workers, one, tmp_path, secret)
        assert (error.value.code, PIN in str(error.value)) == (code, False)
    assert await signed(workers, good, tmp_path)
