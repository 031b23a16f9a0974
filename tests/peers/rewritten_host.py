"""twilio-python's own HTTP client, sent to another host."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient


class RewrittenHost(TwilioHttpClient):
    """Requests to Twilio go to `base` instead; `asked` are the URLs that they were meant for."""

    def __init__(self, base: str, *, timeout: float = 5.0) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base)
        self.asked: list[str] = []

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        self.asked.append(url)
        target = urlunsplit(urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc))
        return super().request(method, target, *arguments, **options)
