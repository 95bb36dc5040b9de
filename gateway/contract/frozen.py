"""States that nobody changes: a dataclass that the type checker keeps frozen, and that costs no more than any object.

Enters: a class body of annotated fields. Leaves: a dataclass with slots, equality, a hash, a constructor. Refuses, when
types are checked: an assignment to a field.

`dataclass(frozen=True)` sets each field through `object.__setattr__`: for the hundred fields that one question fills on
its way that was a twentieth of all its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

State = TypeVar("State")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[State]) -> type[State]:
    """Decorates the class of a state."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
