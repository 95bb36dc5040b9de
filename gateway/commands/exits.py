"""How a command ends, and the one exception that ends it early.

Enters: what went wrong. Leaves: `Failure`, with what a person can do about it. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

DONE, FAILED, USAGE, UNREACHABLE, NOT_AUTHORISED, PARTLY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        DONE: "done; warnings may have been printed",
        FAILED: "refused by the gateway, or the configuration has errors (`check`)",
        USAGE: "wrong usage, or a configuration that cannot be used",
        UNREACHABLE: "the gateway cannot be reached, or its address cannot be bound",
        NOT_AUTHORISED: "the key is unknown, or lacks the right",
        PARTLY: "some of several items are done, some are not; each is named",
        INTERRUPTED: "stopped by Ctrl-C (`run` drains first and then ends with 0)",
    }
)


class Failure(Exception):
    """The command cannot go on. `code` is stable, `detail` says what happened, `advice` what to do next.

    `errors` are findings of a refusal: mappings with `path`, `code`, `message`."""

    def __init__(
        self,
        exit_code: int,
        code: str,
        detail: str,
        advice: str = "",
        *,
        message_id: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.exit_code, self.code, self.detail, self.advice = exit_code, code, detail, advice
        self.message_id, self.errors, self.more = message_id, tuple(errors), dict(more or {})

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: what is known and nothing that is absent."""
        told: dict[str, Any] = {**self.more, "code": self.code, "detail": self.detail, "advice": self.advice}
        if self.message_id is not None:
            told["messageId"] = self.message_id
        if self.errors:
            told["errors"] = [dict(error) for error in self.errors]
        return {name: value for name, value in told.items() if value not in ("", None)}
