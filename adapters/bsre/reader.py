"""A process of its own that looks at one PDF and ends: whoever made the file may have made it to do harm.

Enters: the number of a page (-1 is the last) and bytes of memory as arguments, the PDF on standard input. Leaves: one
line of JSON on standard output. Refuses: by exit code, without a word: the file is no PDF, is encrypted, has no such
page, or asks for more memory or time than it may have.
"""

from __future__ import annotations

import io
import os
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
from pyhanko.pdf_utils.reader import PdfFileReader

NO_PDF, ENCRYPTED, NO_PAGE, TOO_COSTLY = 3, 4, 5, 6
SECONDS, MEMORY = 20, 1 << 30
_MOST_PAGES, _DEEPEST = 20_000, 64


class _Unreadable(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def look(data: bytes, number: int) -> dict[str, Any]:
    """Pages, signatures, and number and size in points of one page."""
    if not data.startswith(b"%PDF-"):
        raise _Unreadable(NO_PDF)
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    if reader.encrypted:
        raise _Unreadable(ENCRYPTED)
    boxes = list(islice(_pages(reader.root["/Pages"], None, 0), _MOST_PAGES + 1))
    if len(boxes) > _MOST_PAGES:
        raise _Unreadable(TOO_COSTLY)
    at = len(boxes) if number == -1 else number
    if not 1 <= at <= len(boxes):
        raise _Unreadable(NO_PAGE)
    box = [float(one) for one in boxes[at - 1]]
    return {
        "pages": len(boxes),
        "signatures": len(reader.embedded_regular_signatures),
        "page": at,
        "width": abs(box[2] - box[0]),
        "height": abs(box[3] - box[1]),
    }


def _pages(node: Any, box: Any, depth: int) -> Iterator[Any]:
    """The box of every page in order; a box may be inherited (ISO 32000-1, section 7.7.3.4)."""
    box = node.get("/MediaBox", box)
    if "/Kids" not in node:
        yield box
        return
    if depth > _DEEPEST:
        raise _Unreadable(TOO_COSTLY)
    for kid in node["/Kids"]:
        yield from _pages(kid.get_object(), box, depth + 1)


def _bounded(memory: int) -> None:
    """What the file may take. Each is set where the system has it; the caller's own deadline holds in any case."""
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue


def main(arguments: list[str]) -> int:
    """Exit code 0 with the answer, or one that says why there is none."""
    number, memory = int(arguments[0]), int(arguments[1])
    _bounded(memory)
    try:
        told = look(sys.stdin.buffer.read(), number)
    except _Unreadable as error:
        return error.code
    except (MemoryError, RecursionError):
        return TOO_COSTLY
    except Exception:  # the library raises whatever a broken file makes it raise; it ends here
        return NO_PDF
    sys.stdout.buffer.write(orjson.dumps(told))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    # What the library prints may quote the file.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.exit(main(sys.argv[1:]))
