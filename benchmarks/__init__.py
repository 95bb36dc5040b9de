"""Speed, as ratios to a bare hop within one run: `python -m benchmarks`.

Enters: the gateway as it ships. Leaves: a table and JSON. Refuses: to judge; it says what it measured.
"""
