"""What can be found about a signature: a closed catalogue, each with its sub-indication, its sentence and its advice.

Enters: a code, and what a sentence needs. Leaves: a `Finding`. Refuses: a code that is not in the catalogue.

Indications and sub-indications are those of ETSI EN 319 102-1, tables 5 and 6. A finding says what it does to a
signature: an `error` that fails it, one that leaves it open (`unsure`), a `warning` or an `info`, which change nothing.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from gateway.contract.frozen import frozen

Weight = Literal["error", "unsure", "warning", "info"]


class SubIndication(StrEnum):
    """Why a signature did not pass, in the words of EN 319 102-1."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class Kind(NamedTuple):
    """One entry of the catalogue."""

    weight: Weight
    sub_indication: SubIndication | None
    message: str
    advice: str


_ASK = "Ask the sender for a new copy, straight from who signed it."
_TRUST = "If you know this authority, add its certificate with `lintas trust add`; else do not rely on the signature."
_S = SubIndication

CATALOGUE: MappingProxyType[str, Kind] = MappingProxyType(
    {
        # What the file is.
        "unsigned": Kind("info", None, "the file carries no signature", "Ask the sender for the signed file."),
        "only_dated": Kind("info", None, "the file carries a timestamp and no signature: nobody says what it is",
                           "Ask the sender for the signed file."),
        "format_unknown": Kind("info", None, "this is no format in which signatures are known here",
                               "Send a PDF, XML, CMS, JWS or ASiC file; name a detached signature with --detached."),
        "format_broken": Kind("error", _S.FORMAT_FAILURE, "the file cannot be read as what it says it is", _ASK),
        "unreadable": Kind("unsure", _S.SIGNED_DATA_NOT_FOUND, "the file cannot be read",
                           "See whether its name is right and whether you may read it."),
        "too_large": Kind("unsure", _S.GENERIC, "the file exceeds a limit of this gateway",
                          "Raise the limit named here, or have the file checked elsewhere."),
        "too_costly": Kind("unsure", _S.GENERIC, "the check needed more time or memory than it may have",
                           "If you trust the sender, raise the bounds of a check in the settings; else refuse it."),
        "unsupported": Kind("unsure", _S.GENERIC, "the signature uses something that is not checked here",
                            "Have the file checked by a tool that knows it, or ask for another form of signature."),
        "unsafe": Kind("error", _S.FORMAT_FAILURE, "the file asks for something that is never done",
                       "Refuse the file: signed documents need nothing of the kind."),
        "external_reference": Kind("error", _S.SIGNED_DATA_NOT_FOUND,
                                   "the signature covers something outside of the file, which is never fetched",
                                   "Ask for the signed content itself and name it beside the signature."),
        # What was signed.
        "hash_mismatch": Kind("error", _S.HASH_FAILURE, "the content is not what was signed", _ASK),
        "signature_broken": Kind("error", _S.SIG_CRYPTO_FAILURE,
                                 "the signature does not fit its certificate and what it signs", _ASK),
        "content_missing": Kind("unsure", _S.SIGNED_DATA_NOT_FOUND, "what was signed is not here",
                                "Name the signed file together with its signature (--detached)."),
        "changed_after": Kind("error", _S.FORMAT_FAILURE, "the document was changed after it was signed",
                              "Ask for the document as it was signed; the change may be visible on any page."),
        "change_allowed": Kind("warning", None, "the document was changed after it was signed, as its signer allowed",
                               "See whether the changes (a form filled in, a note) matter to you."),
        "ambiguous_structure": Kind("unsure", _S.FORMAT_FAILURE,
                                    "the file can be read in more than one way; another program may show other text",
                                    "Ask for the file anew, written by another program."),
        "not_covered": Kind("error", _S.FORMAT_FAILURE, "the signature does not cover all of the document",
                            "Do not rely on the document: what is outside of the signature can be anybody's."),
        "ambiguous_id": Kind("error", _S.FORMAT_FAILURE, "two elements have one id, so nobody can say which is signed",
                             "Refuse the file: it is made to mislead, or by a broken program."),
        "unsigned_file": Kind("error", _S.FORMAT_FAILURE, "the container holds a file that no signature covers",
                              "Do not rely on that file; ask for a container without it."),
        "unsigned_beside": Kind("warning", None, "beside what is signed the file says something that nobody signed",
                                "Rely on the signed content alone; ignore what stands beside it."),
        "container_odd": Kind("warning", None, "the container is not put together as it should be",
                              "Nothing to do where all files are signed; a strict program may refuse it."),
        "evidence_of": Kind("info", None, "evidence of a gateway about a message", "Nothing to do."),
        "evidence_verdict": Kind("info", None, "what the gateway says it found about a signed part",
                                 "Verify the part yourself: it lies in the container under `parts/`."),
        "gateway_known": Kind("info", None, "the evidence is that of a gateway which the trust folder names",
                              "Nothing to do."),
        "gateway_unknown": Kind("unsure", _S.NO_CERTIFICATE_CHAIN_FOUND,
                                "whoever signed the evidence is not known as a gateway, so its receipts prove nothing",
                                "Get the certificate of evidence from who runs the gateway, compare its SHA-256, "
                                "and add it: `lintas trust add FILE --for gateways`."),
        "receipt_holds": Kind("info", None, "a receipt within holds, by a key for which the container's signer vouches",
                              "Rely on it if that is a known gateway; else compare the key with the gateway's "
                              "/.well-known/jwks.json."),
        "receipt_fails": Kind("error", _S.FORMAT_FAILURE, "a gateway's receipt within does not hold",
                              "Do not rely on the receipts; ask the gateway for the evidence again."),
        "receipt_missing": Kind("warning", None, "a gateway's receipt is not within",
                                "Ask the other party of the message for it, if you need it."),
        "receipts_elsewhere": Kind("info", None, "evidence without documents and receipts: only what was committed to",
                                   "Compare the SHA-256 of a receipt that you hold with digests.json."),
        "no_key_signature": Kind("error", _S.SIG_CRYPTO_FAILURE,
                                 "the algorithm proves nothing about a signer (none, or a shared secret)",
                                 "Refuse the file; ask for a signature with a certificate."),
        # Who signed.
        "no_certificate": Kind("unsure", _S.NO_SIGNING_CERTIFICATE_FOUND, "the signer's certificate is not here",
                               "Ask for a signature that carries its certificate, or add it to the trust folder."),
        "certificate_mismatch": Kind("error", _S.SIG_CRYPTO_FAILURE,
                                     "the certificate is not the one that the signature was made for", _ASK),
        "unknown_authority": Kind("unsure", _S.NO_CERTIFICATE_CHAIN_FOUND,
                                  "no trusted authority stands behind the certificate", _TRUST),
        "chain_broken": Kind("unsure", _S.CERTIFICATE_CHAIN_GENERAL_FAILURE,
                             "the certificate's chain does not hold", _TRUST),
        "wrong_usage": Kind("unsure", _S.CHAIN_CONSTRAINTS_FAILURE, "the certificate is not meant for this use",
                            "Ask the signer to use a certificate for signing documents."),
        "expired": Kind("unsure", _S.OUT_OF_BOUNDS_NO_POE,
                        "the certificate had expired, and nothing proves that the signature is older",
                        "Ask for a copy with a trusted timestamp, or check it as of an earlier time (--at)."),
        "expired_at_signing": Kind("error", _S.EXPIRED,
                                   "the certificate had expired when the signature was timestamped",
                                   "Refuse the signature; ask the signer to sign again with a valid certificate."),
        "not_yet_valid": Kind("error", _S.NOT_YET_VALID, "the certificate was not valid yet",
                              "See whether the clocks are right; else refuse the signature."),
        "revoked": Kind("unsure", _S.REVOKED_NO_POE,
                        "the certificate was revoked, and nothing proves that the signature is older",
                        "Do not rely on the signature; ask the signer to sign again."),
        "revoked_before": Kind("error", _S.REVOKED, "the certificate was revoked before the signature was timestamped",
                               "Refuse the signature."),
        "revoked_later": Kind("info", None, "the certificate was revoked after the signature was timestamped",
                              "Nothing to do: the timestamp proves that the signature is older."),
        "expired_later": Kind("info", None, "the certificate expired after the signature was timestamped",
                              "Nothing to do: the timestamp proves that the signature is older."),
        "revocation_unknown": Kind("unsure", _S.TRY_LATER,
                                   "whether the certificate was revoked cannot be told from what is here",
                                   "Run `lintas trust update`, or `lintas trust add` with the authority's CRL."),
        "revocation_unchecked": Kind("warning", None, "the authority names no place that tells of revocation",
                                     "Nothing to do, unless you hold its CRL: add that by `lintas trust add`."),
        "revocation_unproven": Kind("unsure", _S.NO_POE,
                                    "the revocation data is not proven to be as old as the certificate",
                                    "Ask for an archived copy (B-LTA), whose timestamp covers the revocation data."),
        # How and when.
        "weak_algorithm": Kind("unsure", _S.CRYPTO_CONSTRAINTS_FAILURE,
                               "an algorithm or key is too weak to rely on",
                               "Ask for a signature with SHA-256 or better and RSA of 2048 bits or better, or ECDSA."),
        "timestamp_broken": Kind("unsure", _S.GENERIC,
                                 "a timestamp does not belong to this signature, or is damaged", _ASK),
        "timestamp_untrusted": Kind("warning", None,
                                    "no trusted authority stands behind a timestamp, so it proves nothing",
                                    "If you know this authority, add its certificate by `lintas trust add`."),
        "time_order": Kind("unsure", _S.TIMESTAMP_ORDER_FAILURE, "the times of the signature contradict each other",
                           "Ask the signer whether the clock of the signing machine was right."),
        "time_in_future": Kind("unsure", _S.SIG_CONSTRAINTS_FAILURE, "the signature says it was made in the future",
                               "See whether your clock is right, then ask the signer."),
        "time_unproven": Kind("info", None, "the signing time is the signer's own claim; no timestamp proves it",
                              "Ask for a timestamp (B-T) where the time matters."),
    }
)  # fmt: skip


@frozen
class Finding:
    """One thing that was found. `signature` counts from 0; None is about the whole file. `detail` is never personal."""

    code: str
    weight: Weight
    sub_indication: SubIndication | None
    message: str
    advice: str
    signature: int | None = None

    def told(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "weight": self.weight,
            "subIndication": self.sub_indication.value if self.sub_indication else None,
            "message": self.message,
            "advice": self.advice,
            "signature": self.signature,
        }


def found(code: str, detail: str = "", *, signature: int | None = None) -> Finding:
    """The finding of the catalogue with this code; `detail` is put behind its sentence."""
    kind = CATALOGUE[code]
    message = f"{kind.message}: {detail}" if detail else kind.message
    return Finding(code, kind.weight, kind.sub_indication, message, kind.advice, signature)
