"""Signatures in containers: ASiC-S and ASiC-E, with CAdES, XAdES or timestamps; X-Road's with hash chains.

Enters: a zip file. Leaves: an `Outcome`: every signature of every signature file, each with the files it covers, and
each file that no signature covers. Refuses nothing; whatever is wrong is a finding. Nothing is unpacked to disk, and
members are read as a stream: what is large in a container costs time, not memory.

ETSI EN 319 162-1 (V1.1.1), in this order:
1. The container can be read in one way only (asic_zip).
2. Each ASiCManifest: the digests that it lists, then the CAdES signature or the timestamp over the manifest itself.
3. Each file of XAdES signatures: their references to members, and through a signed result the files of a hash chain.
4. Of an ASiC-S the one file, by the CAdES signature or timestamp over it.
5. The receipts in a gateway's evidence (evidence_check).
6. Every other file is one that nobody signed, but for the mimetype, a plain META-INF/manifest.xml, and the files of the
   signatures: not what only has their name, but what was read as a signature, its manifest or its chain.
A timestamp proves when a file existed, not who stands for it: beside signatures it covers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from asn1crypto import cms

from gateway.signatures import asic_zip, xml
from gateway.signatures.asic_manifest import Listed, is_plain_manifest, member_name, read_chain, read_manifest
from gateway.signatures.cms import examine as examine_cms
from gateway.signatures.cms import examine_signed_data
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_signer import WRONG, digest_name, signature_digests
from gateway.signatures.evidence_check import story
from gateway.signatures.examined import Examined, Outcome, Token
from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.xml_document import DS, Fault, clean
from gateway.signatures.xml_document import read as read_xml
from gateway.signatures.xml_references import external_name

MIMETYPES = {
    b"application/vnd.etsi.asic-e+zip": "asic-e",
    b"application/vnd.etsi.asic-s+zip": "asic-s",
}
_MANIFEST = re.compile(r"META-INF/ASiC(Archive)?Manifest[^/]*\.xml", re.IGNORECASE)
_CADES = re.compile(r"META-INF/[^/]*signature[^/]*\.p7[sm]", re.IGNORECASE)
_XADES = re.compile(r"META-INF/[^/]*signatures[^/]*\.xml", re.IGNORECASE)
_STAMP = re.compile(r"META-INF/[^/]*timestamp[^/]*\.tst", re.IGNORECASE)
_FILES = (_MANIFEST, _CADES, _XADES, _STAMP)
_CHAINS = re.compile(r"META-INF/(sig|ts)-hashchain(result)?\.xml")
_PLAIN_MANIFEST = "META-INF/manifest.xml"
_BATCH_RESULT = "META-INF/ts-hashchainresult.xml"
_UNREAD = ("too_large", "too_costly", "unsupported")
"""Findings that leave open what a file is."""
_NAMED = 5
"""How many files are named in words."""
_TOKEN_BYTES = 1 << 20
_DAMAGED = (ValueError, OSError, EOFError)


def examine(material: Material, beside: Material | None, bounds: Bounds = Bounds()) -> Outcome:
    """All signatures of a container. What is signed lies within: a file `beside` must be one of those."""
    try:
        archive = asic_zip.read(material, bounds)
    except asic_zip.Fault as fault:
        return Outcome("asic-e", findings=[fault.finding])
    return _Container(archive, bounds).examined(beside)


class _Container:
    """One container while it is examined."""

    def __init__(self, archive: asic_zip.Archive, bounds: Bounds) -> None:
        self._archive, self._bounds = archive, bounds
        self._opened: dict[str, Material] = {}
        self.outcome = Outcome("asic-e")
        self._signed: set[str] = set()
        self._stamped: set[str] = set()
        self._used: set[str] = set()
        self._judged: set[str] = set()

    def examined(self, beside: Material | None) -> Outcome:
        names = list(self._archive.members)
        if not any(one.fullmatch(name) for one in _FILES for name in names) and self._told() not in MIMETYPES:
            return Outcome("unknown", findings=[found("format_unknown", "a zip file without signatures")])
        self._form(names)
        for name in sorted(filter(_MANIFEST.fullmatch, names)):
            self._guarded(name, self._manifest)
        for name in filter(_XADES.fullmatch, names):
            self._guarded(name, self._xades)
        for name in names:
            if name not in self._used and (_CADES.fullmatch(name) or _STAMP.fullmatch(name)):
                self._guarded(name, self._alone)
        self._uncovered(names)
        if beside is not None and self.outcome.signatures and not self._holds(beside):
            self._note("not_covered", "the file beside it is none of the signed files")
        if self.outcome.format == "asic-e":
            self.outcome.findings += self._story()
        return self.outcome

    def _story(self) -> list[Finding]:
        try:
            return story(self._signed, self.open, self._bounds)
        except _DAMAGED:
            return [found("format_broken", "a member is damaged")]

    def open(self, name: str) -> Material | None:
        """A member, each opened once, so that its digests are computed once."""
        plain = name.removeprefix("/")
        if plain not in self._opened:
            material = self._archive.open(plain)
            if material is None:
                return None
            self._opened[plain] = material
        return self._opened[plain]

    def _guarded(self, name: str, work: Callable[[str, Material], None]) -> None:
        material = self.open(name)
        if material is None:
            return
        self._used.add(name)
        if len(self.outcome.signatures) >= self._bounds.signatures:
            self._note("too_large", f"more than {self._bounds.signatures} signatures")
            self._judged.add(name)
            return
        try:
            work(name, material)
        except Fault as fault:
            self.outcome.findings.append(fault.finding)
            self._judged.update([name] if fault.finding.code in _UNREAD else [])
        except TooLarge as large:
            self._judged.add(name)
            self._note("too_large", f"{_short(name)}: more than {large.limit} bytes")
        except WRONG + _DAMAGED:
            self._note("format_broken", f"{_short(name)} is damaged")

    def _note(self, code: str, detail: str = "") -> None:
        finding = found(code, detail)
        if finding not in self.outcome.findings:
            self.outcome.findings.append(finding)

    # ---- 1. what it says it is

    def _form(self, names: list[str]) -> None:
        manifests = any(_MANIFEST.fullmatch(one) for one in names)
        content = [one for one in names if not self._of_signatures(one)]
        guess = "asic-e" if manifests or len(content) > 1 else "asic-s"
        self.outcome.format = guess
        member = self._archive.members.get("mimetype")
        if member is None:
            self._note("container_odd", "no mimetype")
        else:
            self._mimetype(member, names)
        if self._archive.comment and not self._archive.comment.startswith(b"mimetype="):
            self._note("container_odd", "a comment, which no signature covers")
        if self._archive.remarked:
            self._note("container_odd", "a comment on a member, which no signature covers")
        if self.outcome.format == "asic-s" and len(content) != 1:
            self._note("format_broken", f"an ASiC-S holds one file; this one has {len(content)}")

    def _mimetype(self, member: asic_zip.Member, names: list[str]) -> None:
        told = self._told()
        if told in MIMETYPES:
            self.outcome.format = MIMETYPES[told]
        else:
            self._note("format_broken", "its mimetype is not that of a container of signatures")
        if names[0] != "mimetype" or member.method != asic_zip.STORED or member.extra:
            self._note("container_odd", "its mimetype does not stand first, as it is")

    def _told(self) -> bytes:
        """The mimetype; empty where it is none, or damaged."""
        material = self.open("mimetype")
        try:
            return material.whole(200).rstrip(b"\r\n") if material is not None else b""
        except (TooLarge, *_DAMAGED):
            return b""

    # ---- 2. CAdES and timestamps by a manifest

    def _manifest(self, name: str, material: Material) -> None:
        listed = read_manifest(material, self.open, self._bounds)
        signature = self.open(listed.signature or "")
        if signature is None or not (_CADES.fullmatch(signature.name) or _STAMP.fullmatch(signature.name)):
            self._note("content_missing", f"the signature of {_short(name)}")
            return
        if signature.name in self._used:
            self._note("format_broken", "two manifests name one signature")
            return
        self._used.add(signature.name)
        stamp = _STAMP.fullmatch(signature.name) is not None
        examined = self._over(signature, material, stamp)
        self._judged.update([name, signature.name] if examined else [])
        self._add(examined, listed, "ASiC-E", signature.name, stamp)

    def _over(self, signature: Material, content: Material, stamp: bool) -> list[Examined]:
        """The signatures of one signature file over one content."""
        if stamp:
            return [_dated(signature, content)]
        outcome = examine_cms(signature, content, self._bounds)
        for one in outcome.signatures:
            one.findings += [each for each in outcome.findings if each.code != "unsigned"]
        if not outcome.signatures:
            self.outcome.findings += outcome.findings
        return outcome.signatures

    def _add(self, examined: list[Examined], listed: Listed, form: str, name: str, stamp: bool) -> None:
        covered = list(dict.fromkeys(listed.covered))
        for one in examined:
            one.format = f"{form} with {'timestamp' if stamp else one.format}"
            one.name = one.name or _short(name)
            one.covers = self._words(covered)
            one.digests = list(dict.fromkeys([*one.digests, *listed.digests]))
            one.findings += listed.faults
            if any(each.code == "hash_mismatch" for each in listed.faults):
                one.integrity = "broken"
        self.outcome.signatures += examined
        if examined:
            (self._stamped if stamp else self._signed).update(covered)

    def _words(self, covered: Iterable[str]) -> str:
        names = [one for one in covered if not self._of_signatures(one)]
        whole = sum(1 for one in self._archive.members if not self._of_signatures(one))
        listed = ", ".join(clean(one) for one in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        return f"{len(names)} of {whole} files" + (f": {listed}" if listed else "")

    # ---- 3. XAdES

    def _xades(self, name: str, material: Material) -> None:
        outcome = xml.examine_with(material, self.open, self._bounds)
        self.outcome.findings += outcome.findings
        if not outcome.signatures:
            self._judged.update([name] if any(one.code in _UNREAD for one in outcome.findings) else [])
            return
        self._judged.add(name)
        named = _references(material, self._bounds)
        stamp = self._batch_stamp(name)
        for place, one in enumerate(outcome.signatures):
            own = named[place] if place < len(named) else []
            listed = self._through_chain(own)
            if stamp is not None:
                one.tokens.append(stamp[0])
                one.findings += stamp[1]
            self._add([one], listed, self.outcome.format.replace("asic", "ASiC").replace("-e", "-E"), name, False)

    def _through_chain(self, names: list[str]) -> Listed:
        """What is referenced, and the files of the hash chain whose result is."""
        listed = Listed()
        for name in names:
            member = self.open(name)
            if member is None:
                continue
            listed.covered.append(name)
            if re.fullmatch(r"META-INF/[\w-]*hashchainresult\.xml", name):
                try:
                    chain = self._chain(member)
                    listed.covered += chain.covered
                    listed.faults += chain.faults
                    listed.digests += chain.digests
                except Fault as fault:
                    listed.faults.append(fault.finding)
                except (TooLarge, *_DAMAGED):
                    listed.faults.append(found("format_broken", "a hash chain"))
        return listed

    def _chain(self, result: Material) -> Listed:
        chain = read_chain(result, self.open, self._bounds)
        self._judged.update([chain.read] if chain.read else [])
        return chain

    def _batch_stamp(self, signatures: str) -> tuple[Token, list[Finding]] | None:
        """X-Road's META-INF/timestamp.tst beside signatures.xml: over the file, or over the result of a chain to it."""
        member = self.open("META-INF/timestamp.tst")
        if member is None or signatures != "META-INF/signatures.xml" or self.outcome.format != "asic-e":
            return None
        self._used.add(member.name)
        self._judged.add(member.name)
        signed_data = _token(member)
        if signed_data is None:
            self._note("format_broken", "timestamp.tst is damaged")
            return None
        over, faults = self.open(signatures), list[Finding]()
        result = self.open(_BATCH_RESULT)
        if result is not None:
            over = result
            try:
                chain = self._chain(result)
                self._judged.add(_BATCH_RESULT)
                if any(one.weight != "warning" for one in chain.faults) or signatures not in chain.covered:
                    faults.append(found("timestamp_broken", "its hash chain does not lead to the signatures"))
            except (Fault, TooLarge, *_DAMAGED):
                faults.append(found("timestamp_broken", "its hash chain cannot be read"))
        return Token("signature", signed_data, partial(_digest, None if faults else over)), faults

    # ---- 4. one file

    def _alone(self, name: str, material: Material) -> None:
        content = [one for one in self._archive.members if not self._of_signatures(one)]
        target = self.open(content[0]) if len(content) == 1 else None
        stamp = _STAMP.fullmatch(name) is not None
        if target is None:
            self._note("content_missing", f"{_short(name)}: no manifest says what it signs")
            return
        listed = Listed(covered=[content[0]])
        examined = self._over(material, target, stamp)
        self._judged.update([name] if examined else [])
        self._add(examined, listed, "ASiC-S", name, stamp)

    # ---- 5. the rest

    def _of_signatures(self, name: str) -> bool:
        return name in ("mimetype", _PLAIN_MANIFEST) or any(one.fullmatch(name) for one in (*_FILES, _CHAINS))

    def _covered(self) -> set[str]:
        real = any(one.purpose == "signers" for one in self.outcome.signatures)
        return self._signed if real else self._stamped

    def _holds(self, beside: Material) -> bool:
        members = [self.open(name) for name in self._covered() if not self._of_signatures(name)]
        alike = [one for one in members if one is not None and one.size == beside.size]
        try:
            return any(one.digest("sha256") == beside.digest("sha256") for one in alike)
        except _DAMAGED:
            return False

    def _plain(self, name: str) -> bool:
        material = self.open(name) if name == _PLAIN_MANIFEST else None
        return material is not None and is_plain_manifest(material, self._bounds)

    def _uncovered(self, names: list[str]) -> None:
        known = self._covered() | self._judged | {"mimetype"}
        left = [one for one in names if one not in known and not self._plain(one)]
        if not self.outcome.signatures:
            if not any(one.weight in ("error", "unsure") for one in self.outcome.findings):
                self._note("unsigned")
            return
        for name in left[:_NAMED]:
            self._note("unsigned_file", _short(name))
        if len(left) > _NAMED:
            self._note("unsigned_file", f"and {len(left) - _NAMED} more")


def _short(name: str) -> str:
    return clean(name.rpartition("/")[2])


def _references(material: Material, bounds: Bounds) -> list[list[str]]:
    """Of each signature the members that its references name, in the order of `xml.examine_with`."""
    document = read_xml(material.whole(bounds.xml_bytes), bounds)
    return [
        [
            member_name(name)
            for one in each.findall(f"{DS}SignedInfo/{DS}Reference")
            if (name := external_name(one.get("URI")))
        ]
        for each in document.signatures
    ]


def _token(material: Material) -> cms.SignedData | None:
    try:
        info = cms.ContentInfo.load(material.whole(_TOKEN_BYTES), strict=True)
        return info["content"] if info["content_type"].native == "signed_data" else None
    except (TooLarge, *WRONG):
        return None


def _digest(content: Material | None, name: str) -> bytes | None:
    try:
        digest_of(name, [])
        return None if content is None else content.digest(name)
    except _DAMAGED:
        return None


def _dated(stamp: Material, content: Material) -> Examined:
    """A timestamp that proves no signature: the content is only dated by it."""
    one = Examined("timestamp", "", baseline=False, purpose="timestamps")
    signed = _token(stamp)
    if signed is None:
        one.findings.append(found("format_broken", "a timestamp that cannot be read"))
        one.integrity = "broken"
        return one
    own = bytes(signed["encap_content_info"]["content"])
    read = examine_signed_data(
        signed, lambda name: digest_of(name, [own]), format=one.format, covers="", expected_type="tst_info"
    )
    for each in read[:1]:
        one.signer, one.integrity, one.embedded = each.signer, each.integrity, each.embedded
        one.algorithms, one.findings = each.algorithms, each.findings
    # By RFC 3161 a token names its certificate by SHA-1; nothing but that name hangs on it.
    infos = list(signed["signer_infos"])[:1]
    one.digests = [name for info in infos for name in (digest_name(info), *signature_digests(info))]
    one.tokens = [Token("document", signed, partial(_digest, content))]
    return one
