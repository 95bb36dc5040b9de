"""`lintas trust`: whose signatures count.

Enters: a trust folder; files of certificates, CRLs and OCSP answers; addresses of CRLs. Leaves: the folder, changed
with care. Refuses: what is expired, weak, not signed by whom it says, or older than what is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.command import Setup, command
from gateway.commands.exits import DONE, FAILED, PARTLY, USAGE, Failure

if TYPE_CHECKING:
    from gateway.signatures.trust import Entry, Purpose, TrustStore

Folder = Annotated[
    Path | None,
    typer.Option("--trust", metavar="DIR", help="The trust folder. [default: that of the settings, <config>/trust]"),
]
_MOST = 32 << 20


@command("config", "json")
def show(setup: Setup, trust: Folder = None) -> int:
    """List whom the gateway trusts and what it knows about revocation; ends with 1 if something needs care."""
    from gateway.signatures.trust import load

    folder = setup.trust_folder(trust)
    if not folder.is_dir():
        raise Failure(USAGE, "no_trust_folder", f"{folder} is not a folder", "`lintas trust add FILE` makes it")
    store = load(folder)
    now = datetime.now(UTC)
    told = [_told(one, store, now) for one in store.entries]
    if setup.json:
        setup.face.value({"folder": str(folder), "entries": told, "problems": list(store.problems)})
    else:
        columns = ("file", "what", "for", "who", "until", "state", "sha256")
        setup.face.table(
            f"Trust folder {folder}",
            columns,
            ((one["path"], one["role"], ", ".join(one["purposes"]), one["who"], one["until"], one["state"],
              one["sha256"][:16]) for one in told),
        )  # fmt: skip
        for problem in store.problems:
            setup.face.note(f"not used: {problem}")
    return FAILED if store.problems or any(one["state"] != "good" for one in told) else DONE


def _told(entry: Entry, store: TrustStore, now: datetime) -> dict[str, Any]:
    from gateway.signatures.trust_changes import TrustRefused, check
    from gateway.signatures.verdict import instant

    state = "good"
    try:
        check(entry, store, now)
    except TrustRefused as error:
        state = str(error)
    who, until = _who(entry)
    return {
        "path": entry.path, "role": entry.role, "purposes": list(entry.purposes), "who": who,
        "until": instant(until), "state": state, "sha256": entry.sha256,
    }  # fmt: skip


def _who(entry: Entry) -> tuple[str | None, datetime | None]:
    from asn1crypto import crl

    from gateway.signatures.names import readable

    if entry.role in ("anchor", "intermediate"):
        certificate = entry.certificate()
        return readable(certificate.subject), certificate.not_valid_after
    if entry.role == "crl":
        found = crl.CertificateList.load(entry.der)
        return readable(found.issuer), found["tbs_cert_list"]["next_update"].native
    return None, None


@command("config", "json")
def add(
    setup: Setup,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Certificates, CRLs, OCSP answers; PEM or DER.")
    ],
    trust: Folder = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="WHAT",
            help="Anchors count for `signers` or `timestamps` alone; for `gateways`: they sign evidence.",
        ),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="HEX", help="The digest that the one certificate must have.")
    ] = None,
) -> int:
    """Add to the trust folder what was checked; compare the digests it prints with the authority's own."""
    from gateway.signatures.trust_changes import TrustRefused
    from gateway.signatures.trust_changes import add as change

    wanted = _purpose(purpose)
    folder, added = setup.trust_folder(trust), []
    for file in files:
        data = _bytes(file)
        if sha256 is not None:
            _compared(data, sha256)
        try:
            added += change(folder, data, datetime.now(UTC), wanted)
        except TrustRefused as error:
            raise Failure(FAILED, "trust_refused", f"{file}: {error}", error.advice) from None
        except OSError as error:
            raise _not_written(folder, error) from None
    _say(setup, folder, added)
    return DONE


def _not_written(folder: Path, error: OSError) -> Failure:
    return Failure(FAILED, "not_written", f"{folder}: {error.strerror}", "name a folder in which you may write")


def _purpose(purpose: str | None) -> Purpose | None:
    if purpose in ("signers", "timestamps", "gateways", None):
        return purpose  # type: ignore[return-value]
    raise Failure(USAGE, "usage", f"--for {purpose}", "it is `signers`, `timestamps` or `gateways`")


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST + 1)
    except OSError as error:
        raise Failure(USAGE, "unreadable", f"{file}: {error.strerror}", "name a file you may read") from None
    if len(data) > _MOST:
        raise Failure(FAILED, "too_large", f"{file} is larger than {_MOST} bytes")
    return data


def _compared(data: bytes, sha256: str) -> None:
    from gateway.signatures.trust import NotOfTrust, read

    plain = sha256.replace(":", "").replace(" ", "").lower()
    try:
        found = [one.sha256 for one in read(data, "new")]
    except NotOfTrust as error:
        raise Failure(FAILED, "trust_refused", str(error)) from None
    if found != [plain]:
        advice = "do not add it; ask the authority, over another way, for the digest of its certificate"
        raise Failure(FAILED, "digest_differs", f"its SHA-256 is {', '.join(found)}", advice)


def _say(setup: Setup, folder: Path, added: Sequence[Entry]) -> None:
    if setup.json:
        setup.face.value({"folder": str(folder), "added": [
            {"path": one.path, "role": one.role, "sha256": one.sha256} for one in added
        ]})  # fmt: skip
        return
    for one in added:
        setup.face.say(f"added {one.role} {one.path}, sha256 {one.sha256}")


@command("config", "json")
def update(
    setup: Setup,
    urls: Annotated[list[str] | None, typer.Argument(metavar="[URL...]", help="Addresses of CRLs, remembered.")] = None,
    trust: Folder = None,
) -> int:
    """Bring the CRLs of the known authorities up to date; the one command that goes to the network."""
    from gateway.signatures.trust import load
    from gateway.signatures.trust_changes import addresses, remember

    folder = setup.trust_folder(trust)
    for url in urls or ():
        if not url.startswith(("http://", "https://")):
            raise Failure(USAGE, "usage", f"{url} is no address", "write it as http://… or https://…")
    try:
        remember(folder, list(urls or ()))
    except OSError as error:
        raise _not_written(folder, error) from None
    wanted = addresses(folder, load(folder))
    if not wanted:
        raise Failure(
            USAGE, "nothing_to_update", "no authority here names a CRL", "name its address: `lintas trust update URL`"
        )
    results = asyncio.run(_brought(setup, folder, wanted))
    if setup.json:
        setup.face.value({"folder": str(folder), "results": results})
    else:
        setup.face.table("", ("url", "result"), ((one["url"], one["result"]) for one in results))
    good = [one["done"] for one in results]
    return DONE if all(good) else PARTLY if any(good) else FAILED


async def _brought(setup: Setup, folder: Path, urls: Sequence[str]) -> list[dict[str, Any]]:
    import aiohttp

    results = []
    timeout = aiohttp.ClientTimeout(total=60, sock_connect=10)
    with setup.face.progress("CRLs", len(urls)) as advance:
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
            for url in urls:
                results.append(await _one(session, folder, url))
                advance(1)
    return results


async def _one(session: Any, folder: Path, url: str) -> dict[str, Any]:
    import aiohttp

    from gateway.signatures.trust_changes import TrustRefused
    from gateway.signatures.trust_changes import add as change

    try:
        async with session.get(url, max_redirects=3) as answer:
            if answer.status != 200:
                return {"url": url, "done": False, "result": f"the server answered {answer.status}"}
            data = await answer.content.read(_MOST + 1)
            while len(data) <= _MOST and (more := await answer.content.read(_MOST + 1 - len(data))):
                data += more
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return {"url": url, "done": False, "result": f"not reached ({type(error).__name__})"}
    if len(data) > _MOST:
        return {"url": url, "done": False, "result": f"larger than {_MOST} bytes"}
    try:
        added = change(folder, data, datetime.now(UTC), only="crl")
    except TrustRefused as error:
        return {"url": url, "done": False, "result": str(error)}
    except OSError as error:
        return {"url": url, "done": False, "result": f"not written ({error.strerror})"}
    return {"url": url, "done": True, "result": ", ".join(one.path for one in added)}
