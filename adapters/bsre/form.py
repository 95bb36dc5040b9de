"""multipart/form-data as v1 of the service takes it (RFC 7578).

Enters: fields and files by name. Leaves: a native body whose pieces are never joined. Refuses: nothing; the boundary is
too long to be met by chance, and is drawn anew for each body.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from gateway.contract import Native
from gateway.contract.frozen import frozen


@frozen
class File:
    """A file of a form; its name is ours and tells nothing."""

    name: str
    media_type: str
    data: bytes


def form(fields: Mapping[str, str], files: Mapping[str, File]) -> Native:
    """One body of all of them, fields first."""
    boundary = secrets.token_hex(24)
    pieces: list[bytes] = []
    for name, value in fields.items():
        # Without a charset a server may read what is not ASCII as Latin-1.
        kind = "" if value.isascii() else "Content-Type: text/plain; charset=UTF-8\r\n"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n{kind}\r\n'
        pieces.append(head.encode() + value.encode() + b"\r\n")
    for name, file in files.items():
        disposition = f'Content-Disposition: form-data; name="{name}"; filename="{file.name}"'
        pieces += [f"--{boundary}\r\n{disposition}\r\nContent-Type: {file.media_type}\r\n\r\n".encode(), file.data]
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return Native(tuple(pieces), f"multipart/form-data; boundary={boundary}")
