"""How far a caller has come on the way to people. It travels in the URLs: any worker goes on from there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

_MOST = 99
_LONGEST_QUEUE_NAME = 64
"""Twilio's limit."""


@dataclass(frozen=True)
class Journey:
    """One caller's way. Every step of it either goes forward or is counted, so that it ends."""

    language: str = "ko"
    """ISO 639-1."""
    queue: str = ""
    rung: int = 0
    """Numbers that were rung without success."""
    asked: int = 0
    """How often the present menu was read out without an answer that makes sense."""

    def onward(self) -> Journey:
        """After one more number."""
        return replace(self, rung=self.rung + 1, asked=0)

    def again(self) -> Journey:
        """The same menu once more."""
        return replace(self, asked=self.asked + 1)

    def afresh(self) -> Journey:
        """Another menu."""
        return replace(self, asked=0)

    @property
    def query(self) -> dict[str, str]:
        """As parameters of a URL."""
        return {"l": self.language, "q": self.queue, "n": str(self.rung), "a": str(self.asked)}

    @classmethod
    def read(cls, parameters: Mapping[str, str], *, language: str) -> Journey:
        """The journey in a URL's parameters; what is missing or odd there is as at the start."""
        spoken = parameters.get("l", "")
        return cls(
            language=spoken if spoken in ("ko", "en") else language,
            queue=parameters.get("q", "")[:_LONGEST_QUEUE_NAME],
            rung=_count(parameters.get("n", "")),
            asked=_count(parameters.get("a", "")),
        )


class PeoplePaths:
    """Where the webhooks of people are, as Twilio reaches them."""

    def __init__(self, public_url: str) -> None:
        self._prefix = urlsplit(public_url).path.rstrip("/")

    def to(self, step: str, journey: Journey, **more: str) -> str:
        """The path of a step such as `after-dial`, with the journey in its query."""
        return f"{self._prefix}/twilio/{step}?{urlencode({**journey.query, **more})}"


def _count(written: str) -> int:
    return min(int(written), _MOST) if re.fullmatch("[0-9]{1,4}", written, re.ASCII) else 0
