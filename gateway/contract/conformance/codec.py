"""What holds for every codec: it is pure, it is honest, and it never holds a part.

Enters: samples of the native form. Leaves: tests. Refuses: a codec that gives another result the second time, lets a
strange exception out, or repeats what it refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.contract.adapter import Codec
from gateway.contract.conformance.adapter import MARKER
from gateway.contract.errors import Refused
from gateway.contract.exchange import Inbound, Native, Outbound, PartRef, RowProblem
from gateway.contract.reasons import Reason
from schemas.catalogue import DOCUMENTS, canonical, parse_json


class CodecConformance:
    """Fill `codec` and the lists that fit; an empty list says that the codec has no such direction."""

    def codec(self) -> Codec:
        raise NotImplementedError

    def inbounds(self) -> Sequence[Inbound]:
        """Samples that become documents."""
        raise NotImplementedError

    def bad_inbounds(self) -> Sequence[tuple[Inbound, Reason]]:
        """Samples that are refused whole, with `MARKER` as the value that is wrong."""
        raise NotImplementedError

    def outbounds(self) -> Sequence[Outbound]:
        """Documents on their way out; let one have a part."""
        raise NotImplementedError

    def answers(self) -> Sequence[tuple[Native, str]]:
        """Answers of a recipient and their document type."""
        return ()

    def bad_answers(self) -> Sequence[tuple[Native, str]]:
        return ()

    def test_it_has_a_direction(self) -> None:
        assert [*self.inbounds(), *self.outbounds(), *self.answers()]

    def test_what_it_reads_is_shared_and_the_same_twice(self) -> None:
        codec = self.codec()
        for inbound in self.inbounds():
            first, second = list(codec.to_documents(inbound)), list(codec.to_documents(inbound))
            assert first
            assert len(first) == len(second)
            for one, other in zip(first, second, strict=True):
                if isinstance(one, RowProblem) or isinstance(other, RowProblem):
                    assert one == other
                    continue
                assert one.TYPE in DOCUMENTS
                assert canonical(one) == canonical(other)
                assert canonical(parse_json(one.TYPE, canonical(one))) == canonical(one)

    def test_what_it_refuses_has_a_name_and_no_value(self) -> None:
        codec = self.codec()
        for inbound, reason in self.bad_inbounds():
            with pytest.raises(Refused) as caught:
                list(codec.to_documents(inbound))
            assert caught.value.reason is reason
            assert MARKER not in f"{caught.value} {caught.value.detail} {caught.value.errors}"

    def test_what_it_writes_is_the_same_twice_and_holds_no_part(self) -> None:
        codec = self.codec()
        for outbound in self.outbounds():
            native = codec.from_document(outbound)
            assert native == codec.from_document(outbound)
            assert native.media_type
            assert all(isinstance(piece, bytes | PartRef) for piece in native.body)
            referred = {piece.part.sha256 for piece in native.body if isinstance(piece, PartRef)}
            assert referred <= {part.sha256 for part in outbound.parts}

    def test_an_answer_is_a_document_of_its_type(self) -> None:
        codec = self.codec()
        for native, document_type in self.answers():
            assert document_type == codec.to_answer(native, document_type).TYPE

    def test_a_bad_answer_is_the_recipients_fault(self) -> None:
        codec = self.codec()
        for native, document_type in self.bad_answers():
            with pytest.raises(Refused) as caught:
                codec.to_answer(native, document_type)
            assert caught.value.reason in (Reason.RECIPIENT_ANSWER_INVALID, Reason.RECIPIENT_REFUSED)
            assert MARKER not in f"{caught.value} {caught.value.detail} {caught.value.errors}"
