"""States that nobody changes: frozen dataclasses whose making costs no more than that of any object.

Enters: a class body of annotated fields. Leaves: a frozen dataclass with slots, equality, a hash, a constructor.
Refuses: an assignment to a field (`dataclasses.FrozenInstanceError`), also when types are checked.

A frozen dataclass sets each of its own fields through `object.__setattr__`: for the hundred fields that one question
fills on its way that was a twentieth of all its time. Here a twin of the same layout that is not frozen fills them, and
the object becomes the frozen one when all stand.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

State = TypeVar("State")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[State]) -> type[State]:
    """Decorates the class of a state."""
    twin: Any = dataclass(slots=True)(type(cls.__name__, cls.__bases__, _body(cls)))
    state: Any = dataclass(slots=True, frozen=True)(cls)
    state.__init__ = _filled(state, twin)
    return state  # type: ignore[no-any-return]


def _filled(state: Any, twin: Any) -> Any:
    """The constructor, written out as `dataclasses` writes its own: to hand arguments on costs more than to set them.

    Its own names begin with two underscores and a capital, as no field does.
    """
    names: dict[str, Any] = {
        "__Become": object.__setattr__, "__Twin": twin, "__State": state, "__Absent": dataclasses.MISSING
    }  # fmt: skip
    heads, lines = [], ["    __Become(self, '__class__', __Twin)"]
    for one in dataclasses.fields(state):
        value, head = one.name, one.name
        if one.default is not dataclasses.MISSING:
            names[f"__Default_{one.name}"], head = one.default, f"{one.name}=__Default_{one.name}"
        elif one.default_factory is not dataclasses.MISSING:
            names[f"__Make_{one.name}"], head = one.default_factory, f"{one.name}=__Absent"
            value = f"__Make_{one.name}() if {one.name} is __Absent else {one.name}"
        heads.append(head)
        lines.append(f"    self.{one.name} = {value}")
    if hasattr(state, "__post_init__"):
        lines.append("    self.__post_init__()")
    lines.append("    self.__class__ = __State")
    exec(f"def __init__(self, {', '.join(heads)}):\n" + "\n".join(lines), names)  # noqa: S102
    made = names["__init__"]
    made.__qualname__, made.__wrapped__ = state.__init__.__qualname__, state.__init__
    return made


def _body(cls: type) -> dict[str, Any]:
    """What the body of the class said, without what a class has anyway."""
    return {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
