"""The deliver room: a worker leases a delivery, tries, and makes the outcome durable with its receipt.

Enters: due deliveries of the journal. Leaves: delivered, scheduled again, refused for good, or kept for an operator.
Refuses: to send before `attempt_started` is durable, to write with a fence it no longer holds, and to send again what
may have arrived, unless the recipient is idempotent, can be asked, or its route says `resend`.
"""
