"""In-memory fakes of the host, for tests of adapters.

Enters: what a test scripts (replies, secrets, bodies, crashes). Leaves: a `Host` without sockets, disks or real time.
Refuses: what the real host refuses, by the same reasons, so that an adapter meets them in its first test.
"""

from gateway.contract.testing.call import Body, FakeBodyPart, FakeCall, form_data, json_call, multipart_call, related
from gateway.contract.testing.drive import Crash, Ledger, Taken, accept, drive, outbound_for
from gateway.contract.testing.headers import Headers
from gateway.contract.testing.host import LIMITS, FakeClock, FakeHost, FakeMetrics, FakeSecrets
from gateway.contract.testing.http import FakeHttp, Sent
from gateway.contract.testing.state import Disk, FakeArrival, FakeClaims, FakeParts, FakeState

__all__ = [
    "LIMITS", "Body", "Crash", "Disk", "FakeArrival", "FakeBodyPart", "FakeCall", "FakeClaims", "FakeClock", "FakeHost",
    "FakeHttp", "FakeMetrics", "FakeParts", "FakeSecrets", "FakeState", "Headers", "Ledger", "Sent", "Taken", "accept",
    "drive", "form_data", "json_call", "multipart_call", "outbound_for", "related",
]  # fmt: skip
