"""Names of files and media types that strangers send, checked before anyone uses them.

Enters: a name or media type from outside. Leaves: the same. Refuses: names with path separators, control or hidden
characters, `.` and `..`, names over their limit; media types that are no `type/subtype` (RFC 9110, section 8.3.1).
"""

from __future__ import annotations

import re
import unicodedata

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,63}"
MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def plain_name(name: str, limit: int) -> str:
    """`name` itself, which may stand in a header, a log or a folder. `limit` is in bytes of UTF-8."""
    if not name.strip() or name in (".", "..") or "/" in name or "\\" in name:
        raise Refused(Reason.NAME_REFUSED, "a file name has no path and is not empty")
    if any(unicodedata.category(char) in _HIDDEN for char in name):
        raise Refused(Reason.NAME_REFUSED, "a file name has no control or hidden characters")
    if len(name.encode()) > limit:
        raise Refused(Reason.NAME_REFUSED, "the file name is too long", limit=limit)
    return name


def plain_media_type(media_type: str) -> str:
    """`media_type` in lower case, without parameters."""
    bare = media_type.partition(";")[0].strip().lower()
    if not MEDIA_TYPE.fullmatch(bare):
        raise Refused(Reason.BAD_REQUEST, "a media type has the form type/subtype")
    return bare
