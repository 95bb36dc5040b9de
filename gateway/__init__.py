"""The engine of Lintas: carries documents between agency systems with custody and evidence.

Enters: what adapters decode. Leaves: what adapters deliver, receipts, events.
Refuses: to know a protocol's dialect or an agency; those live in `adapters` and `config`.
"""
