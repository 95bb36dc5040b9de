"""Where a body ends: requests that two readers could cut at different places.

Enters: a request whose version or headers say something odd about its end. Leaves: why it is refused. Refuses: to read
on behind such a body.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.hdrs import TRANSFER_ENCODING
from aiohttp.http import HttpVersion10, HttpVersion11

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.http.door import Door


def framed(request: web.BaseRequest) -> Refused | None:
    """Refuses a body whose end two readers may see at different places, and does not read on behind it: a transfer
    encoding of an HTTP without it, or one that is not undone here (RFC 9112, section 6.1)."""
    coding = request.headers.get(TRANSFER_ENCODING)
    if request.version < HttpVersion10:
        refused = Refused(Reason.BAD_REQUEST, "this is spoken in HTTP/1.1 or HTTP/1.0")
    elif coding is not None and request.version < HttpVersion11:
        refused = Refused(Reason.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding; send a Content-Length")
    elif coding is not None and coding.strip().lower() != "chunked":
        refused = Refused(Reason.BAD_REQUEST, "of the transfer encodings only 'chunked' is taken")
    else:
        return None
    if isinstance(request.protocol, Door):
        request.protocol.turn_away()
    return refused
