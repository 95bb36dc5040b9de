"""What the program says about itself: structlog to standard error.

Enters: settings. Leaves: JSON lines for machines, or lines for a person at a terminal. Refuses: lines below the level.
What happened to a message is not said here but in the audit log.
"""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import structlog

from gateway.settings import Settings


def frames(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an exception came from: files, lines and functions, never its text, which may hold what was sent."""
    error = line.pop("exc_info", None)
    if isinstance(error, BaseException):
        stack = traceback.extract_tb(error.__traceback__)
        line["frames"] = [f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in stack[-12:]]
        line["causes"] = [type(one).__name__ for one in _causes(error)]
    return line


def place(error: BaseException) -> str:
    """Where an error was raised: ` at sink.py:12 deliver`; nothing for one that was never raised."""
    stack = traceback.extract_tb(error.__traceback__)
    return f" at {Path(stack[-1].filename).name}:{stack[-1].lineno} {stack[-1].name}" if stack else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(5):
        if error is None:
            return
        yield error
        error = error.__cause__


def configure(settings: Settings) -> None:
    """Once, before anything logs."""
    level = getattr(logging, settings.log.level.upper())
    machine = settings.log.format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            frames,
            structlog.processors.JSONRenderer() if machine else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[Libraries()], force=True)
    logging.captureWarnings(capture=False)
    warnings.showwarning = _warned


class Libraries(logging.Handler):
    """What a library says, without its words: they may quote what was sent."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        say = structlog.get_logger(record.name)
        where = f"{record.module}:{record.lineno}"
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        say.log(level, "library", logger=record.name, where=where, exc_info=error)


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    where = f"{Path(filename).name}:{lineno}"
    structlog.get_logger("warnings").warning("library_warning", category=category.__name__, where=where)
