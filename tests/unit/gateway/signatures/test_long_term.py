"""What must lie in a signed file to be checked later."""

from pathlib import Path

from gateway.signatures.long_term import lasting
from gateway.signatures.trust import load
from tests.zoo import letters
from tests.zoo.pdf import loaded, stamper
from tests.zoo.pki import AT, Identity, crl, issue, pki


def names(*identities: Identity) -> set[bytes]:
    return {one.der for one in identities}


def test_the_chains_and_their_revocation_data(tmp_path: Path) -> None:
    who, folder = pki(), letters.trust(tmp_path)
    other = issue("Kantor Lain", who.root, authority=True)
    (folder / "other.pem").write_bytes(other.pem)
    (folder / "other.crl").write_bytes(crl(other, {}))
    found = lasting([loaded(who.signer.certificate)], [], load(folder))
    assert {one.dump() for one in found.certificates} == names(who.signer, who.office, who.root)
    assert {str(one.issuer.native["common_name"]) for one in found.crls} == {"Kantor Penerbit", "Akar Kebun"}
    assert found.ocsps == ()


async def test_those_of_the_timestamps_too(tmp_path: Path) -> None:
    who = pki()
    token = await stamper(AT).async_timestamp(b"\x01" * 32, "sha256")
    found = lasting([loaded(who.signer.certificate)], [token], load(letters.trust(tmp_path)))
    assert {one.dump() for one in found.certificates} == names(who.signer, who.office, who.root, who.tsa)


def test_an_empty_folder_gives_the_signers_own(tmp_path: Path) -> None:
    found = lasting([loaded(pki().signer.certificate)], [], load(tmp_path))
    assert [one.dump() for one in found.certificates] == [pki().signer.der]
    assert (found.crls, found.ocsps) == ((), ())
