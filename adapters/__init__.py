"""Built-in adapters: one folder each, the same files in the same order, no privilege over a stranger's.

Enters: what `gateway.contract` hands out. Leaves: adapters. Refuses: to reach into the gateway past its contract.
"""
