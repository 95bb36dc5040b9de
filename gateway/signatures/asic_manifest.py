"""What a signature file of a container signs: the digests that a manifest lists, and X-Road's chains of hashes.

Enters: members as material, a callable that opens others. Leaves: which files are covered, and faults as findings.
Refuses: more references than the bounds, digests without a name here, chains that are no tree. Raises nothing else
than `xml_document.Fault` and what reading a member raises.

ASiCManifest: ETSI EN 319 162-1, annex A.4. Hash chain: X-Road, "Batch time-stamping": a step's hash is over the DER of
SEQUENCE OF SEQUENCE {digest OCTET STRING, algorithm UTF8String, transforms SEQUENCE} of what it holds, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from asn1crypto import core
from lxml import etree

from gateway.signatures.cms_digest import digest_of
from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.xml_algorithms import DIGESTS
from gateway.signatures.xml_document import DS, Fault, children, clean, decoded, local, parsed

ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
CHAIN = "{http://cyber.ee/hashchain}"
OPENDOCUMENT = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
Open = Callable[[str], Material | None]
_MANIFEST_BYTES = 4 << 20
_TRANSFORMS = frozenset(("Transforms", "Transform"))


@dataclass
class Listed:
    """What one manifest or chain vouches for. `covered`: members whose digests hold; `faults` about the others;
    `read`: the member that the chain itself is in."""

    covered: list[str] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    signature: str | None = None
    read: str | None = None


def read_manifest(manifest: Material, open_member: Open, bounds: Bounds) -> Listed:
    """An ASiCManifest: its signature file's name, and its references compared with the members."""
    root = parsed(manifest.whole(_MANIFEST_BYTES), bounds, comments=False)
    if root.tag != ASIC + "ASiCManifest":
        raise Fault("format_broken", "a manifest that is none")
    listed = Listed()
    references = root.findall(ASIC + "DataObjectReference")
    if len(references) > bounds.references:
        raise Fault("too_large", f"more than {bounds.references} references")
    pointers = root.findall(ASIC + "SigReference")
    if len(pointers) != 1 or not pointers[0].get("URI"):
        raise Fault("format_broken", "a manifest without its one signature")
    listed.signature = member_name(pointers[0].get("URI", ""))
    if not references:
        listed.faults.append(found("not_covered", "a manifest that lists nothing"))
    for one in references:
        _compare(listed, one, one.get("URI"), open_member, None)
    return listed


def is_plain_manifest(member: Material, bounds: Bounds) -> bool:
    """Whether it is a manifest as in OpenDocument 1.2, part 3, and no more: names and types, without text. It repeats
    what the container shows, so nobody signs it."""
    try:
        root = parsed(member.whole(_MANIFEST_BYTES), bounds, comments=False)
    except (Fault, TooLarge, ValueError, OSError, EOFError):
        return False
    texts = [one for each in root.iter() for one in (each.text, each.tail)]
    names = [str(name) for each in root.iter() for name in (each.tag, *each.attrib)]
    plain = all(one.startswith(OPENDOCUMENT) for one in names) and not any((one or "").strip() for one in texts)
    return root.tag == OPENDOCUMENT + "manifest" and plain


def member_name(uri: str) -> str:
    """The member that a reference names: relative to the root of the container, percent signs undone."""
    return unquote(uri).removeprefix("/")


def _compare(
    listed: Listed, one: etree._Element, uri: str | None, open_member: Open, default: str | None
) -> tuple[str, bytes]:
    """One element with DigestMethod, DigestValue and URI against its member. Gives algorithm address and digest."""
    algorithm, value = _digest(one, default)
    name = member_name(uri or "")
    if algorithm not in DIGESTS:
        listed.faults.append(found("unsupported", f"the digest {clean(algorithm)}"))
        return algorithm, value
    listed.digests.append(DIGESTS[algorithm])
    member = open_member(name) if uri else None
    if member is None:
        external = ":" in (uri or "").partition("/")[0]
        listed.faults.append(found("external_reference" if external else "content_missing", _shown(name)))
    elif member.digest(DIGESTS[algorithm]) != value:
        listed.faults.append(found("hash_mismatch", _shown(name)))
    else:
        listed.covered.append(name)
    return algorithm, value


def _shown(name: str) -> str:
    return clean(name.rpartition("/")[2]) or "a file without a name"


def _digest(one: etree._Element, default: str | None) -> tuple[str, bytes]:
    if any(local(str(each.tag)) in _TRANSFORMS for each in children(one)):
        raise Fault("unsupported", "transforms of a file in a container")
    methods, values = one.findall(DS + "DigestMethod"), one.findall(DS + "DigestValue")
    if len(methods) > 1 or len(values) != 1 or (not methods and default is None):
        raise Fault("format_broken", "a reference without its one digest")
    return (methods[0].get("Algorithm", "") if methods else default or ""), decoded(values[0])


# ---- X-Road's chains


def read_chain(result: Material, open_member: Open, bounds: Bounds) -> Listed:
    """A HashChainResult: its chain is computed from the root; each file that it names on the way is compared."""
    root = parsed(result.whole(_MANIFEST_BYTES), bounds, comments=False)
    if root.tag != CHAIN + "HashChainResult":
        raise Fault("format_broken", "a result of a hash chain that is none")
    algorithm, value = _digest(root, None)
    file, _, step = (root.get("URI") or "").partition("#")
    chain = open_member(member_name(file)) if file else None
    if chain is None:
        raise Fault("content_missing", "the hash chain of a signature")
    walk = _Chain(parsed(chain.whole(_MANIFEST_BYTES), bounds, comments=False), open_member, bounds)
    if walk.step(step) != (algorithm, value):
        walk.listed.faults.append(found("hash_mismatch", "the hash chain"))
        walk.listed.covered.clear()
    walk.listed.digests.append(DIGESTS.get(algorithm, algorithm))
    walk.listed.read = member_name(file)
    if walk.says_more():
        walk.listed.faults.append(found("unsigned_beside", "more in a hash chain than its steps"))
    return walk.listed


class _Chain:
    """One HashChain. Each step is computed once, and none while it is being computed: a tree, never a ring."""

    def __init__(self, root: etree._Element, open_member: Open, bounds: Bounds) -> None:
        if root.tag != CHAIN + "HashChain":
            raise Fault("format_broken", "a hash chain that is none")
        self.listed, self._open = Listed(), open_member
        defaults = root.findall(CHAIN + "DefaultDigestMethod")
        self._default = defaults[0].get("Algorithm", "") if len(defaults) == 1 else None
        steps = root.findall(CHAIN + "HashStep")
        if len(steps) > bounds.references or sum(len(one) for one in steps) > bounds.references * 2:
            raise Fault("too_large", f"more than {bounds.references} steps of a hash chain")
        self._steps: dict[str, etree._Element] = {}
        for one in steps:
            if self._steps.setdefault(one.get("id", ""), one) is not one:
                raise Fault("ambiguous_id", clean(one.get("id", "")))
        self._others = len(children(root)) - len(steps) - len(defaults)
        self._text = "".join((root.text or "", *(one.tail or "" for one in root))).strip()
        self._known: dict[str, tuple[str, bytes]] = {}
        self._open_steps: list[str] = []

    def step(self, name: str) -> tuple[str, bytes]:
        """Algorithm address and hash of a step."""
        if name in self._known:
            return self._known[name]
        if name not in self._steps:
            raise Fault("content_missing", f"the step {clean(name)} of a hash chain")
        if name in self._open_steps or len(self._open_steps) > 64:
            raise Fault("unsafe", "a hash chain that leads into itself, or too deep")
        self._open_steps.append(name)
        held = [self._value(one) for one in children(self._steps[name])]
        self._open_steps.pop()
        self._known[name] = self._hashed(held)
        return self._known[name]

    def says_more(self) -> bool:
        """Whether it holds what no step from the root leads to."""
        return bool(self._others or self._text) or set(self._known) != set(self._steps)

    def _value(self, one: etree._Element) -> tuple[str, bytes]:
        if one.tag == CHAIN + "StepRef":
            return self.step(one.get("URI", "").removeprefix("#"))
        if one.tag == CHAIN + "HashValue":
            return _digest(one, self._default)
        if one.tag == CHAIN + "DataRef":
            return _compare(self.listed, one, one.get("URI"), self._open, self._default)
        if one.tag == DS + "DigestMethod":
            raise Fault("unsupported", "a step of a hash chain with a digest of its own")
        raise Fault("format_broken", "a step of a hash chain that is none")

    def _hashed(self, held: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
        algorithm = self._default or ""
        if algorithm not in DIGESTS:
            raise Fault("unsupported", f"the digest {clean(algorithm)}")
        return algorithm, digest_of(DIGESTS[algorithm], [step_der(held)])


def step_der(held: Iterable[tuple[str, bytes]]) -> bytes:
    """What a step hashes: (algorithm address, digest) of each of its parts."""
    inner = b"".join(
        _sequence(core.OctetString(digest).dump() + core.UTF8String(method).dump() + b"\x30\x00")
        for method, digest in held
    )
    return _sequence(inner)


def _sequence(inner: bytes) -> bytes:
    length = len(inner)
    if length < 0x80:
        return b"\x30" + bytes([length]) + inner
    size = (length.bit_length() + 7) // 8
    return b"\x30" + bytes([0x80 | size]) + length.to_bytes(size, "big") + inner
