"""Containers as X-Road's message log gives them: XAdES over files, hash chains, a batch timestamp beside.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.

Made by hand after the format's description; the hashes of steps are encoded by asn1crypto, not by what is judged.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

from asn1crypto import core

from tests.zoo.case import Case
from tests.zoo.container import zipped
from tests.zoo.pki import AT, DAY
from tests.zoo.xml_maker import RSA512, SHA512, reference, seal, template, token

MESSAGE = b"POST /r1/ID/GOV/1234/uji/layanan HTTP/1.1\r\nx-road-id: 7\r\n\r\n"
ATTACHMENT = b'{"nomor":"470/12"}'
FILES: Mapping[str, bytes] = {"message.xml": MESSAGE, "attachment1": ATTACHMENT}
_NS = 'xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:h="http://cyber.ee/hashchain"'


class _Transforms(core.SequenceOf):
    _child_spec = core.Integer


class _Part(core.Sequence):
    _fields = [("digest", core.OctetString), ("method", core.UTF8String), ("transforms", _Transforms)]  # noqa: RUF012


class _Parts(core.SequenceOf):
    _child_spec = _Part


def sha(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def step_hash(digests: Sequence[bytes]) -> bytes:
    parts = [{"digest": one, "method": SHA512, "transforms": []} for one in digests]
    return sha(_Parts(parts).dump())


def value(digest: bytes) -> str:
    return f"<DigestValue>{base64.b64encode(digest).decode()}</DigestValue>"


def data_ref(name: str, digest: bytes) -> str:
    return f'<h:DataRef URI="/{name}">{value(digest)}</h:DataRef>'


def chain(*steps: str) -> bytes:
    inner = "".join(f'<h:HashStep id="STEP{number}">{one}</h:HashStep>' for number, one in enumerate(steps))
    return f'<h:HashChain {_NS}><h:DefaultDigestMethod Algorithm="{SHA512}"/>{inner}</h:HashChain>'.encode()


def result(kind: str, digest: bytes) -> bytes:
    return (
        f'<h:HashChainResult {_NS} URI="/META-INF/{kind}-hashchain.xml#STEP0">'
        f'<DigestMethod Algorithm="{SHA512}"/>{value(digest)}</h:HashChainResult>'
    ).encode()


def signatures(files: Mapping[str, bytes]) -> bytes:
    inner = template(*(reference(f"/{name}", digest=SHA512) for name in files), method=RSA512)
    space = "http://uri.etsi.org/02918/v1.2.1#"
    document = f'<asic:XAdESSignatures xmlns:asic="{space}">{inner}</asic:XAdESSignatures>'
    return seal(document, contents=list(files.values()))


def plain(add: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    return {**FILES, "META-INF/signatures.xml": signatures(FILES), **(add or {})}


def chained(*, steps: Sequence[str] | None = None, wrong: bool = False) -> dict[str, bytes]:
    """The signature is over the result of a chain that leads to the files through a step."""
    inner = step_hash([sha(MESSAGE), sha(ATTACHMENT)])
    other = sha(b"another message of the batch")
    made = steps or (
        f'<h:StepRef URI="#STEP1"/><h:HashValue>{value(other)}</h:HashValue>',
        data_ref("message.xml", sha(MESSAGE)) + data_ref("attachment1", sha(ATTACHMENT)),
    )
    top = result("sig", sha(b"wrong") if wrong else step_hash([inner, other]))
    name = "META-INF/sig-hashchainresult.xml"
    return {
        **FILES,
        name: top,
        "META-INF/sig-hashchain.xml": chain(*made),
        "META-INF/signatures.xml": signatures({name: top}),
    }


def stamped(
    base: Mapping[str, bytes], *, batch: bool = True, of: bytes | None = None, late: bytes = b""
) -> dict[str, bytes]:
    """With a timestamp beside; in a batch it is over the result of a chain to the file of signatures."""
    own = sha(of or base["META-INF/signatures.xml"])
    other = sha(b"signatures of another message")
    top = result("ts", step_hash([own, other]))
    over = top if batch else base["META-INF/signatures.xml"]
    ours = {
        "META-INF/ts-hashchainresult.xml": top + late,
        "META-INF/ts-hashchain.xml": chain(
            data_ref("META-INF/signatures.xml", own) + f"<h:HashValue>{value(other)}</h:HashValue>"
        ),
    }
    return {**base, **(ours if batch else {}), "META-INF/timestamp.tst": token(over, AT - 9 * DAY)}


def ring() -> dict[str, bytes]:
    return chained(steps=('<h:StepRef URI="#STEP1"/>', '<h:StepRef URI="#STEP0"/>'))


def doubling(depth: int = 60) -> dict[str, bytes]:
    steps = [f'<h:StepRef URI="#STEP{n + 1}"/>' * 2 for n in range(depth)]
    return chained(steps=(*steps, f"<h:HashValue>{value(sha(b''))}</h:HashValue>"))


def more(inside: bytes) -> dict[str, bytes]:
    """A chain with more in it than its steps."""
    base = chained()
    name, end = "META-INF/sig-hashchain.xml", b"</h:HashChain>"
    return {**base, name: base[name].replace(end, inside + end)}


CASES: tuple[Case, ...] = (
    *(
        Case(f"xroad_chain_{name}", lambda inside=inside: zipped(more(inside)), "valid", ("unsigned_beside",))
        for name, inside in (("text", b"bayar"), ("element", b"<bayar/>"), ("step", b'<h:HashStep id="X"/>'))
    ),
    Case("xroad_plain", lambda: zipped(plain()), "valid", signatures=1),
    Case("xroad_chained", lambda: zipped(chained()), "valid", signatures=1),
    Case("xroad_batch_stamp", lambda: zipped(stamped(plain())), "valid", never=("time_unproven",), signatures=1),
    Case("xroad_single_stamp", lambda: zipped(stamped(plain(), batch=False)), "valid", never=("time_unproven",)),
    Case("xroad_all", lambda: zipped(stamped(chained())), "valid", never=("time_unproven",)),
    Case("xroad_changed_message", lambda: zipped(plain({"message.xml": b"x"})), "invalid", ("hash_mismatch",)),
    Case("xroad_changed_behind_chain", lambda: zipped({**chained(), "attachment1": b"x"}), "invalid",
         ("hash_mismatch", "unsigned_file")),
    Case("xroad_chain_of_another", lambda: zipped(chained(wrong=True)), "invalid", ("hash_mismatch", "unsigned_file")),
    Case("xroad_extra", lambda: zipped(chained() | {"attachment2": b"x"}), "invalid", ("unsigned_file",)),
    Case("xroad_no_chain", lambda: zipped({k: v for k, v in chained().items() if "hashchain.xml" not in k}), "invalid",
         ("content_missing", "unsigned_file")),
    Case("xroad_stamp_of_another", lambda: zipped(stamped(plain(), of=b"x")), "indeterminate", ("timestamp_broken",)),
    Case("xroad_stamp_result_changed", lambda: zipped(stamped(plain(), late=b" ")), "indeterminate",
         ("timestamp_broken",)),
    Case("xroad_ring", lambda: zipped(ring()), "invalid", ("unsafe",)),
    Case("xroad_doubling", lambda: zipped(doubling()), "invalid", ("hash_mismatch",)),
)  # fmt: skip
