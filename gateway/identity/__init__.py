"""Who is calling, and what they may do and read.

Enters: credentials of a request. Leaves: a principal, a system or a person. Refuses: what it cannot establish.
API keys are here; mTLS, OAuth2, HMAC and WS-Security are further `Scheme`s behind the same seam.
"""

from gateway.identity.api_keys import ApiKeys, KeyRefused, keys_of, load_keys, new_key
from gateway.identity.principal import Person, Presented, Principal, Scheme, authenticate

__all__ = [
    "ApiKeys",
    "KeyRefused",
    "Person",
    "Presented",
    "Principal",
    "Scheme",
    "authenticate",
    "keys_of",
    "load_keys",
    "new_key",
]
