"""What people without a key see: the page of a letter's code.

Enters: open requests. Leaves: HTML that loads its own style and script and nothing else. Refuses: see each module.
"""
