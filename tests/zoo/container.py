"""Zip files as the containers of the zoo are: the mimetype first, stored, then the rest.

Enters: names and bytes. Leaves: a zip file, or the members of one. Refuses: nothing.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

E, S = b"application/vnd.etsi.asic-e+zip", b"application/vnd.etsi.asic-s+zip"


def zipped(
    files: Mapping[str, bytes],
    *,
    mimetype: bytes | None = E,
    method: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype is not None:
            archive.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for name, data in files.items():
            if name != "mimetype":
                archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = comment
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
