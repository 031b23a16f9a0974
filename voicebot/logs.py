"""Logging: one JSON object a line on standard error, never with what callers say or with secrets."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from voicebot.config import Configuration
from voicebot.privacy.redactor import redact


class _StandardError:
    """Standard error as it is now. Its disk may be full, its reader gone: no call fails for a log line."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def without_personal_data(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001
    """A net below the rule that no line holds words: what a back end's error may quote is taken out."""
    for name in _QUOTING & line.keys():
        if isinstance(line[name], str):
            line[name] = redact(redact(line[name], "ko"), "en")
    return line


_QUOTING = frozenset({"error", "reason", "problem", "exception"})
"""Fields with texts that others wrote."""


def set_up(configuration: Configuration) -> None:
    """Once per process, before anything logs."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            without_personal_data,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, configuration.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )


def name_call(call_id: str) -> None:
    """From here on in this task, and in tasks that it begins, every line carries the call's id as `call`."""
    structlog.contextvars.bind_contextvars(call=call_id)


def named_context(call_id: str) -> contextvars.Context:
    """A context in which every line carries the call's id: for other threads, and for callbacks of the loop."""
    context = contextvars.copy_context()
    context.run(name_call, call_id)
    return context
