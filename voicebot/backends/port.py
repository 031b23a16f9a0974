"""Where answers about orders, accounts and stock come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class BackendError(Exception):
    """The back end failed: unreachable, slow, or it answered rubbish. The message is for the log, without values."""


class Backend(Protocol):
    """Operations by name. Callable from any thread; blocking."""

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The operation's result as JSON data, None where there is no such thing.

        Raises BackendError when it could not be found out.
        """
        ...
