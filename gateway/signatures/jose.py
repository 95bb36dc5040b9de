"""Signatures in JWS and JAdES form (RFC 7515, RFC 7797; ETSI TS 119 182-1): compact, flattened and general JSON.

Enters: a file, and the content of a detached signature. Leaves: an `Examined` per signature, before trust is asked.
Refuses: nothing; whatever is wrong is a finding. Nothing is fetched, and only certificates speak for keys.

The file's text is split here, byte by byte as it was signed; keys and algorithms are joserfc's (`jose_header`).
"""

from __future__ import annotations

from typing import Any

from gateway.contract.frozen import frozen
from gateway.signatures import jose_header, jose_proofs
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.examined import Examined, Outcome
from gateway.signatures.findings import found
from gateway.signatures.jose_header import Header
from gateway.signatures.jose_text import NotJose, b64url_bytes, b64url_text, json_object
from gateway.signatures.material import Bounds, Material, TooLarge

MOST_HEADER = 256 << 10
"""Bytes of a protected header."""

_ENTRY = frozenset(("protected", "header", "signature"))
_WHOLE = _ENTRY | {"payload", "signatures"}
"""Members of a signature, and of the whole in either form (RFC 7515, section 7.2)."""
_HTTP_HEADERS = "http://uri.etsi.org/19182/HttpHeaders"
_BY_URI = "http://uri.etsi.org/19182/ObjectIdByURI"
_BY_URI_HASH = "http://uri.etsi.org/19182/ObjectIdByURIHash"


@frozen
class _Written:
    """One signature as it stands in the file: base64url text, and the unprotected header."""

    protected: bytes
    signature: bytes
    loose: dict[str, Any]


@frozen
class _Payload:
    """The payload as it stands in the file; None where it is not in the file. `beside` is read whole when needed."""

    text: bytes | None
    beside: Material | None
    bounds: Bounds


def examine(material: Material, beside: Material | None, bounds: Bounds = Bounds()) -> Outcome:
    """All signatures of one file. `beside` is the content of a detached signature."""
    outcome = Outcome("jws")
    try:
        data = material.whole(bounds.jws_bytes).rstrip(b"\r\n")
        text, written = _json(data, outcome) if data.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] == b"{" else _compact(data)
        payload = _Payload(text, beside, bounds)
        if len(written) > bounds.signatures:
            outcome.findings.append(found("too_large", f"more than {bounds.signatures} signatures"))
        for one in written[: bounds.signatures]:
            outcome.signatures.append(_guarded(one, payload, outcome))
        if not written:
            outcome.findings.append(found("format_broken", "it lists no signature"))
    except TooLarge as error:
        outcome.findings.append(found("too_large", str(error)))
    except NotJose as error:
        outcome.findings.append(found("format_broken", str(error)))
    outcome.signed = list(dict.fromkeys(outcome.signed))
    if len(outcome.signed) > 1:
        # RFC 7797, section 3: `b64` must be the same in all.
        outcome.findings.append(found("format_broken", "its signatures read the payload in two ways"))
    return outcome


def _compact(data: bytes) -> tuple[bytes | None, list[_Written]]:
    """RFC 7515, section 7.1; without a payload it is detached (appendix F)."""
    parts = data.split(b".")
    if len(parts) != 3:
        raise NotJose("it is not made of three parts")
    return parts[1] or None, [_Written(parts[0], parts[2], {})]


def _json(data: bytes, outcome: Outcome) -> tuple[bytes | None, list[_Written]]:
    """RFC 7515, section 7.2: flattened, or general with several signatures."""
    whole = json_object(data.removeprefix(b"\xef\xbb\xbf"))
    payload = whole.get("payload")
    if payload is not None and not isinstance(payload, str):
        raise NotJose("the payload is no text")
    several = whole.get("signatures")
    if several is not None and any(key in whole for key in ("signature", "protected", "header")):
        raise NotJose("flattened and general form at once")
    if several is not None and not isinstance(several, list):
        raise NotJose("the signatures are no list")
    entries = several if several is not None else [whole]
    written = [_written(each) for each in entries]
    more = len(set(whole) - _WHOLE) + sum(len(set(each) - _ENTRY) for each in entries if each is not whole)
    if more:
        outcome.findings.append(found("unsigned_beside", f"{more} member(s) that a JWS has not"))
    return payload.encode("utf-8", "surrogatepass") if payload else None, written


def _written(entry: Any) -> _Written:
    if not isinstance(entry, dict):
        raise NotJose("a signature that is no object")
    protected, signature, loose = entry.get("protected", ""), entry.get("signature"), entry.get("header", {})
    if not isinstance(protected, str) or not isinstance(signature, str) or not isinstance(loose, dict):
        raise NotJose("a signature without its parts")
    if not protected.isascii() or not signature.isascii():
        raise NotJose("text beyond ASCII where base64url must stand")
    return _Written(protected.encode(), signature.encode(), loose)


def _guarded(written: _Written, payload: _Payload, outcome: Outcome) -> Examined:
    one = Examined("JWS", "the payload", baseline=False)
    try:
        _examine(one, written, payload, outcome)
    except NotJose as error:
        one.integrity = "broken" if one.integrity == "unknown" else one.integrity
        one.findings.append(found("format_broken", str(error)))
    except TooLarge as error:
        one.findings.append(found("too_large", str(error)))
    return one


def _examine(one: Examined, written: _Written, payload: _Payload, outcome: Outcome) -> None:
    header = _header(written)
    one.format = "JAdES" if header.ades else "JWS"
    signature = b64url_bytes(written.signature)
    jose_header.check_critical(one, header)
    jose_header.check_loose(one, header)
    algorithm = jose_header.read_algorithm(one, header)
    if algorithm is None:
        one.covers = "nothing that is proven"
        return
    proofs = jose_proofs.read(header)
    chain = jose_header.read_certificates(one, header, proofs.certificates)
    one.claimed_at = jose_header.claimed_at(header)
    content = _content(one, header, payload, outcome)
    if content is not None and one.signer is not None:
        signing_input = b"".join((written.protected, b".", content))
        if not jose_header.holds(algorithm, one.signer, signing_input, signature):
            if _nothing_here(header, payload):
                # An empty payload was tried: what the signature covers is somewhere else.
                one.findings.append(found("content_missing"))
                one.covers = "a content that is not here"
            else:
                one.integrity = "broken"
                one.findings.append(found("signature_broken"))
        elif one.integrity != "broken" and not any(each.code == "content_missing" for each in one.findings):
            one.integrity = "intact"
            if payload.text is not None:
                outcome.signed.append(content if header.plain else b64url_bytes(content))
    jose_proofs.fill(one, header, proofs, chain, written.signature)


def _header(written: _Written) -> Header:
    if len(written.protected) > MOST_HEADER:
        raise TooLarge(len(written.protected), MOST_HEADER)
    protected = json_object(b64url_bytes(written.protected)) if written.protected else {}
    if set(protected) & set(written.loose):
        raise NotJose("a name stands in both headers")
    return Header(protected, written.loose)


def _nothing_here(header: Header, payload: _Payload) -> bool:
    return payload.text is None and payload.beside is None and header.get("sigD") is None


def _content(one: Examined, header: Header, payload: _Payload, outcome: Outcome) -> bytes | None:
    """The payload as it stands in the signing input (RFC 7515, section 5.2; RFC 7797, section 3), None if that cannot
    be had."""
    if header.get("sigD") is not None:
        return _referred(one, header, payload)
    if payload.text is not None:
        octets = payload.text if header.plain else b64url_bytes(payload.text)
        one.covers = f"the payload ({len(octets)} bytes)"
        if payload.beside is not None and not _same(octets, payload.beside):
            mismatch = found("hash_mismatch", "the file beside it is not the payload")
            if mismatch not in outcome.findings:
                outcome.findings.append(mismatch)
        return payload.text
    if payload.beside is None:
        one.covers = "an empty payload"
        return b""
    one.covers = f"the file beside it ({payload.beside.size} bytes)"
    return _beside(header, payload.beside, payload.bounds)


def _same(octets: bytes, beside: Material) -> bool:
    return len(octets) == beside.size and beside.digest("sha256") == digest_of("sha256", [octets])


def _beside(header: Header, beside: Material, bounds: Bounds) -> bytes:
    octets = beside.whole(bounds.jws_bytes)
    return octets if header.plain else b64url_text(octets)


def _referred(one: Examined, header: Header, payload: _Payload) -> bytes | None:
    """`sigD` (TS 119 182-1, section 5.2.8): what is signed is named by its address, and never fetched."""
    told = header.protected.get("sigD")
    if not isinstance(told, dict) or payload.text is not None:
        raise NotJose("sigD beside a payload, or outside of the protected header")
    mechanism, names = told.get("mId"), told.get("pars")
    if mechanism == _HTTP_HEADERS or mechanism not in (_BY_URI, _BY_URI_HASH):
        one.findings.append(found("unsupported", "what is signed is named in a way that is not checked here"))
        return None
    if not isinstance(names, list) or not names:
        raise NotJose("sigD names nothing")
    one.covers = f"what is named by {len(names)} addresses"
    if len(names) > 1 or payload.beside is None:
        one.findings.append(found("content_missing" if payload.beside is None else "external_reference"))
        return b"" if mechanism == _BY_URI_HASH else None
    one.covers = f"the file beside it ({payload.beside.size} bytes), named by its address"
    if mechanism == _BY_URI:
        return _beside(header, payload.beside, payload.bounds)
    _check_hash(one, told, header, payload.beside, payload.bounds)
    return b""


def _check_hash(one: Examined, told: dict[str, Any], header: Header, beside: Material, bounds: Bounds) -> None:
    """Section 5.2.8.3.3: the digest of the octets, which unless `b64` is false are base64url first.

    Programs differ in that; both are digests of this one content, so either is taken."""
    name = jose_header.digest_called(told.get("hashM"))
    values = told.get("hashV")
    if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], str):
        raise NotJose("sigD holds no digest for what it names")
    one.digests.append(name)
    wanted = b64url_bytes(values[0])
    if beside.digest(name) != wanted and (header.plain or _encoded(name, beside) != wanted):
        one.integrity = "broken"
        one.findings.append(found("hash_mismatch"))


def _encoded(name: str, beside: Material) -> bytes:
    """The digest of the base64url of a file, in pieces of a length that 3 divides."""

    def pieces() -> Any:
        held = b""
        for piece in beside.pieces():
            held += piece
            whole = len(held) // 3 * 3
            yield b64url_text(held[:whole])
            held = held[whole:]
        yield b64url_text(held)

    return digest_of(name, pieces())
