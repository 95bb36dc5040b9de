"""Containers of signatures: good ones of every form, and one per attack.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes

from tests.zoo import cms, xroad
from tests.zoo.case import Case
from tests.zoo.container import E, S, members, zipped
from tests.zoo.pki import AT, DAY, Identity, pki
from tests.zoo.xml_maker import C10, RSA512, SHA256, SHA512, SIGNED_PROPERTIES, reference, seal, template, token
from tests.zoo.xml_maker import XADES as XADES_SPACE

LETTER, TABLE = b"%PDF-1.7 Surat 470/12\n" * 40, b"nomor,nama\n1,Kelurahan\n" * 30
FILES: Mapping[str, bytes] = {"surat.pdf": LETTER, "lampiran/tabel.csv": TABLE}
MANIFEST, CADES, XADES = "META-INF/ASiCManifest.xml", "META-INF/signature.p7s", "META-INF/signatures.xml"
STAMP = "META-INF/timestamp.tst"
_ASIC = "http://uri.etsi.org/02918/v1.2.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_NAMES = {"sha256": SHA256, "sha512": SHA512, "sha1": _DS + "sha1"}


def manifest(files: Mapping[str, bytes], *, signature: str = CADES, digest: str = "sha256", more: str = "") -> bytes:
    listed = "".join(
        f'<asic:DataObjectReference URI="{name}"><ds:DigestMethod Algorithm="{_NAMES[digest]}"/><ds:DigestValue>'
        f"{base64.b64encode(hashlib.new(digest, data).digest()).decode()}</ds:DigestValue></asic:DataObjectReference>"
        for name, data in files.items()
    )
    return (
        f'<asic:ASiCManifest xmlns:asic="{_ASIC}" xmlns:ds="{_DS}"><asic:SigReference URI="{signature}"/>'
        f"{listed}{more}</asic:ASiCManifest>"
    ).encode()


def cades(
    files: Mapping[str, bytes] = FILES,
    *,
    who: Identity | None = None,
    add: Mapping[str, bytes] | None = None,
    listed: bytes | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """An ASiC-E with CAdES over all of `files`; `add` is put in afterwards, over what is there."""
    about = listed if listed is not None else manifest(files)
    signature = cms.one(who, attached=False, data=about)
    return zipped({**files, MANIFEST: about, CADES: signature, **(add or {})}, method=method)


def two_signers(second: Identity | None = None) -> bytes:
    """Each signs one file, by a manifest of its own."""
    one, other = dict(list(FILES.items())[:1]), dict(list(FILES.items())[1:])
    first = manifest(one, signature="META-INF/signature001.p7s")
    later = manifest(other, signature="META-INF/signature002.p7s")
    return zipped(
        {
            **FILES,
            "META-INF/ASiCManifest001.xml": first,
            "META-INF/signature001.p7s": cms.one(attached=False, data=first),
            "META-INF/ASiCManifest002.xml": later,
            "META-INF/signature002.p7s": cms.one(second or pki().second, attached=False, data=later),
        }
    )


def xades(files: Mapping[str, bytes] = FILES, *, wrong: bool = False, add: Mapping[str, bytes] | None = None) -> bytes:
    references = [reference(name.replace(" ", "%20"), digest=SHA512) for name in files]
    contents = [data + b"!" if wrong else data for data in files.values()]
    inner = template(*references, method=RSA512)
    document = f'<asic:XAdESSignatures xmlns:asic="{_ASIC}">{inner}</asic:XAdESSignatures>'
    return zipped({**files, XADES: seal(document, contents=contents), **(add or {})})


def xades_b(files: Mapping[str, bytes] = FILES) -> bytes:
    """XAdES baseline B: the signer's certificate and the time are signed with the files."""
    who = pki().signer.certificate
    digest = base64.b64encode(who.fingerprint(hashes.SHA256())).decode()
    kinds = "".join(
        f'<x:DataObjectFormat ObjectReference="#r-{n}"><x:MimeType>application/octet-stream</x:MimeType>'
        "</x:DataObjectFormat>"
        for n in range(len(files))
    )
    properties = (
        f'<ds:Object><x:QualifyingProperties xmlns:x="{XADES_SPACE}" Target="#sig-1"><x:SignedProperties Id="p-1">'
        "<x:SignedSignatureProperties><x:SigningTime>2026-05-22T00:00:00Z</x:SigningTime><x:SigningCertificateV2>"
        f'<x:Cert><x:CertDigest><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{digest}</ds:DigestValue>'
        "</x:CertDigest></x:Cert></x:SigningCertificateV2></x:SignedSignatureProperties>"
        f"<x:SignedDataObjectProperties>{kinds}</x:SignedDataObjectProperties>"
        "</x:SignedProperties></x:QualifyingProperties></ds:Object>"
    )
    references = [reference(name).replace("<ds:Reference", f'<ds:Reference Id="r-{n}"') for n, name in enumerate(files)]
    inner = template(*references, reference("#p-1", C10, kind=SIGNED_PROPERTIES), objects=properties)
    document = f'<asic:XAdESSignatures xmlns:asic="{_ASIC}">{inner}</asic:XAdESSignatures>'
    entries = "".join(
        f'<m:file-entry m:full-path="{name}" m:media-type="{kind}"/>'
        for name, kind in (("/", E.decode()), *((name, "application/octet-stream") for name in files))
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    listed = f'<m:manifest xmlns:m="{space}" m:version="1.2">{entries}</m:manifest>'.encode()
    signature = seal(document, contents=list(files.values()))
    return zipped({**files, "META-INF/manifest.xml": listed, XADES: signature})


def simple(signature: Mapping[str, bytes], files: Mapping[str, bytes] | None = None) -> bytes:
    """An ASiC-S."""
    return zipped({**(files or {"surat.pdf": LETTER}), **signature}, mimetype=S)


def dated(add: Mapping[str, bytes] | None = None) -> bytes:
    """An ASiC-E with a timestamp over a manifest."""
    about = manifest(FILES, signature=STAMP)
    return zipped({**FILES, MANIFEST: about, STAMP: token(about, AT - 5 * DAY), **(add or {})})


PLAIN = "META-INF/manifest.xml"
_ODF = 'xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
_EMPTY = {  # files with a name of the standard, and what nobody signed
    PLAIN: b"<bayar/>",
    "META-INF/signatures-evil.xml": b'<evil xmlns="urn:e">bayar</evil>',
    "META-INF/xsignatures.xml": b"<html>bayar</html>",
    "META-INF/sig-hashchain.xml": b"bayar",
    "META-INF/ts-hashchainresult.xml": b"bayar",
    "META-INF/evilsignature.p7s": b"bayar",
    "meta-inf/evilsignature.p7s": b"bayar",
    "META-INF/timestamp.tst": b"bayar",
    "META-INF/ASiCManifest9.xml": b"<bayar/>",
    "META-INF/ASiCArchiveManifest.xml": manifest({"surat.pdf": LETTER}, signature="META-INF/none.tst"),
    "META-INF/signature9.p7s": b"",
}


def odf(inside: str, attributes: str = "") -> bytes:
    """The good container with a manifest as office programs write it."""
    return cades(add={PLAIN: f"<m:manifest {_ODF}{attributes}>{inside}</m:manifest>".encode()})


def unicode_path(name: bytes) -> bytes:
    """The letter has a second name in an extra field."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for known, data in {"mimetype": E, **members(cades())}.items():
            info = zipfile.ZipInfo(known)
            if known == "surat.pdf":
                info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"surat.pdf")) + name
            archive.writestr(info, data)
    return out.getvalue()


def remarked() -> bytes:
    """A member with a comment."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for known, data in {"mimetype": E, **members(cades())}.items():
            info = zipfile.ZipInfo(known)
            info.comment = b"bayar" if known == "surat.pdf" else b""
            archive.writestr(info, data)
    return out.getvalue()


def evil_stamp() -> bytes:
    """A file that nobody signed but a timestamp covers, in a container that is signed."""
    evil = {"surat2.pdf": b"palsu"}
    about = manifest(evil, signature=STAMP)
    more = {**evil, "META-INF/ASiCManifest2.xml": about, STAMP: token(about, AT - 5 * DAY)}
    return cades(add=more)


def changed(data: bytes, before: bytes, after: bytes) -> bytes:
    assert data.count(before) >= 1
    return data.replace(before, after)


def appended(name: str, data: bytes = b"palsu") -> bytes:
    """The good container with one more member of this name."""
    out = io.BytesIO(cades())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def bomb(size: int = 64 << 20) -> bytes:
    return cades({"nol.bin": bytes(size)})


def overlapping() -> bytes:
    """Two entries of the directory over the same packed bytes."""
    data = cades()
    end = data.rindex(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<H2L", data, end + 10)
    directory = data[offset : offset + size]
    name = b"surat.pdf"
    place = directory.index(name) - 46
    length = struct.unpack_from("<3H", directory, place + 28)
    entry = directory[place : place + 46 + sum(length)]
    twin = entry.replace(name, b"surat.pdg")
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count + 1, count + 1, size + len(twin), offset, 0)
    return data[:offset] + directory + twin + tail


def patched(name: bytes, offset: int, value: bytes, *, local: bool) -> bytes:
    """The good container with bytes of one header changed; `offset` counts from the header's begin."""
    data = bytearray(cades())
    places = [data.index(name), data.rindex(name)]
    header = places[0] - 30 if local else places[1] - 46
    data[header + offset : header + offset + len(value)] = value
    return bytes(data)


def damaged() -> bytes:
    """A stored member whose bytes are not those of its checksum."""
    return changed(cades(method=zipfile.ZIP_STORED), TABLE, TABLE.replace(b"Kelurahan", b"Kecamatan"))


def repacked() -> bytes:
    """The same attack with a checksum that fits."""
    table = TABLE.replace(b"Kelurahan", b"Kecamatan")
    data = changed(cades(method=zipfile.ZIP_STORED), TABLE, table)
    return data.replace(struct.pack("<L", zlib.crc32(TABLE)), struct.pack("<L", zlib.crc32(table)))


def two_ends() -> bytes:
    """An end record in the comment of another."""
    data = bytearray(cades())
    inner = bytes(data[data.rindex(b"PK\x05\x06") :])
    data[-2:] = struct.pack("<H", len(inner))
    return bytes(data) + inner


def many(count: int = 1_200) -> bytes:
    return cades({f"f{number}.txt": b"x" for number in range(count)})


def commented(comment: bytes) -> bytes:
    return zipped(members(cades()), comment=comment)


def without(name: str) -> bytes:
    left = {key: value for key, value in members(cades()).items() if key != name}
    return zipped(left, mimetype=None if name == "mimetype" else E)


_GOOD: tuple[Case, ...] = (
    Case("e_cades", cades, "valid", signatures=1, level="B-B"),
    Case("e_cades_stored", lambda: cades(method=zipfile.ZIP_STORED), "valid", signatures=1),
    Case("e_cades_sha512", lambda: cades(listed=manifest(FILES, digest="sha512")), "valid"),
    Case("e_cades_and_beside", cades, "valid", beside=lambda: LETTER),
    Case("e_two_signers", two_signers, "valid", signatures=2),
    Case("e_xades", xades, "valid", signatures=1),
    Case("e_xades_b", xades_b, "valid", signatures=1, level="B-B"),
    Case("e_xades_space", lambda: xades({"surat kita.pdf": LETTER}), "valid", signatures=1),
    Case("e_dated", dated, "unsigned", signatures=1),
    Case("e_signed_and_dated", lambda: _also_dated(), "valid", signatures=2),
    Case("s_cades", lambda: simple({CADES: cms.one(attached=False, data=LETTER)}), "valid", signatures=1),
    Case("s_xades", lambda: simple({XADES: seal(template(reference("surat.pdf")), contents=[LETTER])}), "valid"),
    Case("s_dated", lambda: simple({STAMP: token(LETTER, AT - DAY)}), "unsigned", signatures=1),
    Case("comment", lambda: commented(b"dibuat oleh program lain"), "valid", ("container_odd",)),
    Case("comment_mimetype", lambda: commented(b"mimetype=" + E), "valid", never=("container_odd",)),
    Case("comment_on_a_member", remarked, "valid", ("container_odd",)),
    Case("one_name_twice", lambda: unicode_path(b"surat.pdf"), "valid"),
    Case(
        "plain_manifest",
        lambda: odf('<m:file-entry m:full-path="surat.pdf" m:media-type="application/pdf"/>'),
        "valid",
        never=("unsigned_file",),
    ),
    Case("no_mimetype", lambda: without("mimetype"), "valid", ("container_odd",)),
    Case("unsigned", lambda: zipped(FILES), "unsigned", ("unsigned",)),
    Case("other_zip", lambda: zipped({"word/document.xml": b"<a/>"}, mimetype=None), "unsigned", ("format_unknown",)),
)


def _also_dated() -> bytes:
    """A timestamp over the signature and its manifest."""
    base = members(cades())
    about = manifest({name: base[name] for name in (CADES, MANIFEST)}, signature=STAMP)
    return zipped({**base, "META-INF/ASiCArchiveManifest.xml": about, STAMP: token(about, AT - DAY)})


_WHO: tuple[Case, ...] = (
    Case("stranger", lambda: cades(who=pki().stranger), "indeterminate", ("unknown_authority",)),
    Case("expired", lambda: cades(who=pki().expired), "indeterminate", ("expired",)),
    Case("second_is_stranger", lambda: two_signers(pki().stranger), "indeterminate", ("unknown_authority",)),
)

_CONTENT: tuple[Case, ...] = (
    Case("changed_file", repacked, "invalid", ("hash_mismatch",), sub_indication="HASH_FAILURE"),
    Case("damaged_file", damaged, "invalid", ("format_broken",)),
    Case("missing_file", lambda: without("surat.pdf"), "indeterminate", ("content_missing",)),
    Case("another_file_beside", cades, "invalid", ("not_covered",), beside=lambda: b"palsu"),
    Case("another_file_beside_of_its_size", cades, "invalid", ("not_covered",), beside=lambda: b"x" * len(LETTER)),
    Case("its_manifest_beside", cades, "invalid", ("not_covered",), beside=lambda: manifest(FILES)),
    Case("extra_file", lambda: cades(add={"surat2.pdf": b"palsu"}), "invalid", ("unsigned_file",)),
    Case("extra_in_meta", lambda: cades(add={"META-INF/catatan.txt": b"palsu"}), "invalid", ("unsigned_file",)),
    *(
        Case(f"extra_{name}", lambda name=name, data=data: cades(add={name: data}), "invalid", ("unsigned_file",))
        for name, data in _EMPTY.items()
    ),
    Case("plain_manifest_text", lambda: odf("bayar"), "invalid", ("unsigned_file",)),
    Case("plain_manifest_foreign", lambda: odf('<a xmlns="urn:x"/>'), "invalid", ("unsigned_file",)),
    Case("plain_manifest_attribute", lambda: odf("", ' bayar="1"'), "invalid", ("unsigned_file",)),
    Case("extra_xades", lambda: xades(add={"surat2.pdf": b"palsu"}), "invalid", ("unsigned_file",)),
    Case("only_dated_file", evil_stamp, "invalid", ("unsigned_file",)),
    Case("extra_beside_dated", lambda: dated({"b.txt": b"x"}), "invalid", ("unsigned_file",)),
    Case("changed_manifest", lambda: cades(add={MANIFEST: manifest(FILES, more="<!-- -->")}), "invalid",
         ("hash_mismatch",)),
    Case("widened_manifest", lambda: cades(add={"x": b"x", MANIFEST: manifest({**FILES, "x": b"x"})}), "invalid",
         ("hash_mismatch",)),
    Case("empty_manifest", lambda: cades(listed=manifest({})), "invalid", ("not_covered", "unsigned_file")),
    Case("no_manifest", lambda: without(MANIFEST), "indeterminate", ("content_missing",)),
    Case("no_signature", lambda: without(CADES), "indeterminate", ("content_missing",)),
    Case("manifest_doctype", lambda: cades(listed=b"<!DOCTYPE a>" + manifest(FILES)), "invalid", ("unsafe",)),
    Case("manifest_url", lambda: cades(listed=manifest({**FILES, "http://x.invalid/a": b"x"})), "invalid",
         ("external_reference",)),
    Case("manifest_sha1", lambda: cades(listed=manifest(FILES, digest="sha1")), "indeterminate", ("weak_algorithm",)),
    Case("many_references", lambda: cades(listed=manifest({f"f{n}": b"" for n in range(1_100)})), "indeterminate",
         ("too_large",)),
    Case("xades_wrong", lambda: xades(wrong=True), "invalid", ("hash_mismatch",)),
    Case("s_other_file", lambda: simple({CADES: cms.one(attached=False, data=TABLE)}), "invalid", ("hash_mismatch",)),
    Case("s_two_files", lambda: simple({CADES: cms.one(attached=False, data=LETTER)}, FILES), "invalid",
         ("format_broken",)),
    Case("s_stamp_of_another", lambda: simple({STAMP: token(TABLE, AT - DAY)}), "indeterminate",
         ("timestamp_broken",)),
    Case("broken_p7s", lambda: cades(add={CADES: b"0\x82"}), "invalid", ("format_broken",)),
    Case("other_mimetype", lambda: zipped(members(cades()), mimetype=b"application/pdf"), "invalid",
         ("format_broken",)),
)  # fmt: skip

_ZIP: tuple[Case, ...] = (
    Case("climbing", lambda: appended("../../etc/cron.d/x"), "invalid", ("unsafe",)),
    Case("absolute", lambda: appended("/etc/passwd"), "invalid", ("unsafe",)),
    Case("backslash", lambda: appended("..\\x"), "invalid", ("unsafe",)),
    Case("drive", lambda: appended("C:x"), "invalid", ("unsafe",)),
    Case("twice", lambda: appended("surat.pdf"), "invalid", ("unsafe",)),
    Case("twice_by_case", lambda: appended("SURAT.PDF"), "invalid", ("unsafe",)),
    Case("control_name", lambda: appended("a\nb"), "invalid", ("unsafe",)),
    Case("two_names_unicode", lambda: unicode_path(b"evil.exe"), "invalid", ("unsafe",)),
    Case("bomb", bomb, "indeterminate", ("too_large",)),
    Case("overlapping", overlapping, "invalid", ("unsafe",)),
    Case("too_many", many, "indeterminate", ("too_large",)),
    Case("encrypted", lambda: patched(b"surat.pdf", 8, b"\x01", local=False), "indeterminate", ("unsupported",)),
    Case("other_method", lambda: patched(b"surat.pdf", 10, b"\x0e", local=False), "indeterminate", ("unsupported",)),
    Case("two_methods", lambda: patched(b"surat.pdf", 8, b"\x00", local=True), "invalid", ("unsafe",)),
    Case("two_names", lambda: patched(b"surat.pdf", 30, b"s", local=True), "valid"),
    Case("two_names_differ", lambda: patched(b"surat.pdf", 30, b"x", local=True), "invalid", ("unsafe",)),
    Case("two_sizes", lambda: patched(b"surat.pdf", 22, b"\x01", local=True), "invalid", ("unsafe",)),
    Case("link", lambda: patched(b"surat.pdf", 38, struct.pack("<L", 0o120777 << 16), local=False), "invalid",
         ("unsafe",)),
    Case("before", lambda: b"PK\x03\x04" + cades(), "invalid", ("unsafe",)),
    Case("after", lambda: cades() + b"lagi", "invalid", ("format_broken",)),
    Case("two_ends", two_ends, "invalid", ("unsafe",)),
    Case("cut_off", lambda: cades()[:-40], "invalid", ("format_broken",)),
    Case("empty", lambda: zipped({}, mimetype=None), "unsigned", ("format_unknown",)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*_GOOD, *_WHO, *_CONTENT, *_ZIP, *xroad.CASES)
