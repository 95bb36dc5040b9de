"""The commands of `lintas`, one module each.

Enters: options and arguments. Leaves: tables for people, JSON for machines (`--json`), an exit code of `exits`.
Refuses: to change anything without an operator's key. Modules import what is heavy inside their functions, so that
`lintas --help` stays quick.
"""
