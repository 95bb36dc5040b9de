"""Where things are kept: the journal, the parts, the keys they are sealed with, and the room left on the disk.

Enters: units of named queries, streams of bytes, keys. Leaves: rows, verified bytes, and errors named for what
happens next. Refuses: SQL text from its callers, a body in the clear on disk, and any work after an I/O error.
"""
