"""What the program says about itself: structlog to standard error.

Enters: settings. Leaves: JSON lines for machines, or lines for a person at a terminal. Refuses: lines below the level.
What happened to a message is not said here but in the audit log.
"""

from __future__ import annotations

import logging
import sys

import structlog

from gateway.settings import Settings


def configure(settings: Settings) -> None:
    """Once, before anything logs."""
    level = getattr(logging, settings.log.level.upper())
    machine = settings.log.format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if machine else structlog.processors.StackInfoRenderer(),
            structlog.processors.JSONRenderer() if machine else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING)
