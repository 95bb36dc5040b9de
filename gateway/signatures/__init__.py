"""Signatures: what is signed and how it is checked.

Enters: bytes and keys. Leaves: signatures and verdicts. Refuses: algorithms outside the lists of its modules.
"""
