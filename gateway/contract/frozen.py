"""States that nobody changes: frozen dataclasses whose making costs no more than that of any object.

Enters: a class body of annotated fields. Leaves: a frozen dataclass with slots, equality, a hash, a constructor.
Refuses: an assignment to a field (`dataclasses.FrozenInstanceError`), also when types are checked.

A frozen dataclass sets each of its own fields through `object.__setattr__`: for the hundred fields that one question
fills on its way that was a twentieth of all its time. Here a twin of the same layout that is not frozen fills them, and
the object becomes the frozen one when all stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

State = TypeVar("State")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[State]) -> type[State]:
    """Decorates the class of a state."""
    twin: Any = dataclass(slots=True)(type(cls.__name__, cls.__bases__, _body(cls)))
    state: Any = dataclass(slots=True, frozen=True)(cls)
    become, fill = object.__setattr__, twin.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        become(self, "__class__", twin)
        fill(self, *args, **kwargs)
        self.__class__ = state

    __init__.__doc__ = fill.__doc__
    __init__.__wrapped__ = state.__init__  # type: ignore[attr-defined]  # its signature, for whoever asks
    state.__init__ = __init__
    return state  # type: ignore[no-any-return]


def _body(cls: type) -> dict[str, Any]:
    """What the body of the class said, without what a class has anyway."""
    return {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
