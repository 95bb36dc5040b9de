"""The closed catalogue of events: every `event` value that can stand in the log, and what it says.

Enters: nothing. Leaves: names, past tense, each with one sentence. Refuses: nothing; the types do.
`reason` values are those of `gateway.contract.reasons`.
"""

from __future__ import annotations

from enum import StrEnum


class EventName(StrEnum):
    """What happened. One event per committed transition, at most two per query."""

    ACCEPTED = "accepted"
    BATCH_ACCEPTED = "batch_accepted"
    REFUSED = "refused"
    REFUSALS_COUNTED = "refusals_counted"
    DUPLICATE_ANSWERED = "duplicate_answered"
    ASKED = "asked"
    ANSWERED = "answered"
    ATTEMPT_STARTED = "attempt_started"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    DELIVERY_REFUSED = "delivery_refused"
    HELD = "held"
    QUARANTINED = "quarantined"
    REPLAYED = "replayed"
    SKIPPED = "skipped"
    CLOSED = "closed"
    EXPIRED = "expired"
    REGISTERED = "registered"
    REGISTRATION_REFUSED = "registration_refused"
    OVERDUE = "overdue"
    READ = "read"
    ERASED = "erased"
    LETTER_RESERVED = "letter_reserved"
    LETTER_ACTIVATED = "letter_activated"
    LETTER_REPLACED = "letter_replaced"
    LETTER_WITHDRAWN = "letter_withdrawn"
    KEY_ROTATED = "key_rotated"
    NODE_STARTED = "node_started"
    NODE_STOPPED = "node_stopped"


MEANINGS: dict[EventName, str] = {
    EventName.ACCEPTED: "The message, its deliveries and its receipt are recorded; custody is the gateway's.",
    EventName.BATCH_ACCEPTED: "All rows of a batch are recorded or reported: `commit_in` is over its file-batch/1, "
    "which states the counts; each row taken is an `accepted` of its own.",
    EventName.REFUSED: "A known caller's message or call was refused; the sender keeps custody.",
    EventName.REFUSALS_COUNTED: "Calls refused in a minute, per reason and network (`sender`), or, past a bound, per "
    "known caller (`actor`); `bytes` is the count.",
    EventName.DUPLICATE_ANSWERED: "A repeat was answered with the original receipts or the kept answer.",
    EventName.ASKED: "A question is about to leave for its recipient.",
    EventName.ANSWERED: "A question has its answer, or the reason why not.",
    EventName.ATTEMPT_STARTED: "An attempt to deliver is about to send its first byte.",
    EventName.ATTEMPT_FAILED: "Nothing was taken over; the schedule tries again.",
    EventName.DELIVERED: "The recipient has the message.",
    EventName.DELIVERY_REFUSED: "The recipient refused the message for good.",
    EventName.HELD: "The outcome is unknown and the recipient cannot be asked: an operator decides.",
    EventName.QUARANTINED: "The delivery cannot go on by itself; it is kept whole for an operator.",
    EventName.REPLAYED: "An operator sent a quarantined delivery on its way again.",
    EventName.SKIPPED: "An operator let later deliveries of the same ordering key pass a quarantined one.",
    EventName.CLOSED: "An operator closed a quarantined delivery; it will not be delivered.",
    EventName.EXPIRED: "The message's time ran out before it was delivered.",
    EventName.REGISTERED: "The recipient registered the message.",
    EventName.REGISTRATION_REFUSED: "The recipient refused to register the message.",
    EventName.OVERDUE: "The registration did not come in time.",
    EventName.READ: "A person read a message or its events; without a message, the log, the quarantine or the status.",
    EventName.ERASED: "The message's time of keeping is over: its data key is deleted, and its content with it.",
    EventName.LETTER_RESERVED: "A code was reserved for a letter that is about to be signed; `message` is the question "
    "that asked for it.",
    EventName.LETTER_ACTIVATED: "The signed letter is kept and its code in force: `commit_out` is over its SHA-256, "
    "`bytes` is its size.",
    EventName.LETTER_REPLACED: "The issuing agency, or an operator, put another letter in the place of this one.",
    EventName.LETTER_WITHDRAWN: "The issuing agency, or an operator, withdrew the letter.",
    EventName.KEY_ROTATED: "An operator had a new key made that signs receipts from now on; the former ones stay "
    "published. `commit_out` is the thumbprint of the new one in hex.",
    EventName.NODE_STARTED: "A node began to work, with this configuration.",
    EventName.NODE_STOPPED: "A node drained and stopped.",
}
