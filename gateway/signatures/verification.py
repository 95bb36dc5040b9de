"""One file from its bytes to its verdict, in this process.

Enters: the material, what it signs if that lies beside it, the trust store, the time to judge for. Leaves: a `Verdict`,
always. Refuses: nothing. Time and memory are bounded by who calls: see `workers`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.signatures.assess import assess
from gateway.signatures.constraints import DEFAULT, Constraints
from gateway.signatures.evidence_trust import assessed, is_evidence
from gateway.signatures.examined import Outcome
from gateway.signatures.findings import found
from gateway.signatures.material import Bounds, Material
from gateway.signatures.recognise import HEAD, Format, recognise
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Verdict, judged

Examine = Callable[[Material, Material | None, Bounds], Outcome]


async def verify(
    material: Material,
    beside: Material | None,
    trust: TrustStore,
    at: datetime,
    bounds: Bounds = Bounds(),
    constraints: Constraints = DEFAULT,
) -> Verdict:
    """The verdict on `material`. `beside`: the content of a detached signature."""
    outcome = examine(material, beside, bounds)
    about = outcome.findings
    if is_evidence(outcome):
        signatures, whose = await assessed(outcome, trust, at, constraints)
        about = [*about, whose]
    else:
        signatures = [await assess(one, trust, at, place, constraints) for place, one in enumerate(outcome.signatures)]
    return judged(outcome.format, material.digest("sha256").hex(), at, signatures, about)


def examine(material: Material, beside: Material | None = None, bounds: Bounds = Bounds()) -> Outcome:
    """What is found in the file, whatever it is; nobody is trusted yet."""
    kind = recognise(material.head(HEAD), material.name)
    if kind == "unknown" and beside is not None:
        return Outcome("unknown", findings=[found("format_broken", "no kind of signature that is known here")])
    if kind == "unknown":
        return Outcome("unknown", findings=[found("format_unknown")])
    try:
        outcome = _examiner(kind)(material, beside, bounds)
        if beside is not None and not beside.touched:
            outcome.findings.append(found("not_covered", "it does not sign the file beside it"))
        return outcome
    except (RecursionError, MemoryError):
        return Outcome(kind, findings=[found("too_costly")])
    except OSError:
        return Outcome(kind, findings=[found("unreadable")])
    except Exception:  # a module that raises is a bug; the caller still gets a verdict, and never `valid`
        return Outcome(kind, findings=[found("format_broken")])


def _examiner(kind: Format) -> Examine:
    # Each is imported when it is first needed: together they take most of a second.
    if kind == "pdf":
        from gateway.signatures import pades

        return pades.examine
    if kind == "xml":
        from gateway.signatures import xml

        return xml.examine
    if kind == "jws":
        from gateway.signatures import jose

        return jose.examine
    if kind == "zip":
        from gateway.signatures import asic

        return asic.examine
    from gateway.signatures import cms

    return cms.examine
