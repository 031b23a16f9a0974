"""Notifications as signed HTTP requests.

The receiver computes HMAC-SHA256 with the shared secret over `TIMESTAMP.BODY` and compares it with the signature in
`X-Voicebot-Signature: t=TIMESTAMP,v1=HEX`, as webhooks of payment services do; an old timestamp is a replay.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpx

from voicebot.notify.port import Notification, NotifyError

SIGNATURE = "X-Voicebot-Signature"
WITHIN_S = 10.0
"""Seconds for a whole request, whatever the receiver does."""


class Webhook:
    """Implements `Notifier`.

    The URL comes from the configuration, never from the console: nobody who edits rules can make this machine ask
    another one for something. Redirects are not followed, proxies of the environment are not used, and of the answer
    nothing but its status is read.
    """

    name = "webhook"

    def __init__(
        self, url: str, secret: str, *, within_s: float = WITHIN_S, clock: Callable[[], float] = time.time
    ) -> None:
        """`url`: http or https. `secret` empty: requests are not signed. `clock`: seconds since 1970."""
        self._url, self._secret, self._within_s, self._clock = url, secret, within_s, clock

    def tell(self, notification: Notification) -> None:
        body = json.dumps(
            {
                "id": notification.id,
                "at": notification.at.isoformat(),
                "subject": notification.subject,
                "text": notification.text,
                **notification.details,
            },
            ensure_ascii=False,
        ).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "voicebot"}
        if self._secret:
            headers[SIGNATURE] = signature(self._secret, round(self._clock()), body)
        try:
            status = asyncio.run(self._post(body, headers))
        except TimeoutError:
            raise NotifyError(
                f"the webhook did not answer within {self._within_s:g} s; is its server running?"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotifyError(f"the webhook can't be reached ({type(error).__name__}); check alert_webhook.") from None
        if not 200 <= status < 300:
            raise NotifyError(f"the webhook answered with status {status}; it must be 2xx, and not a redirect.")

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        async with (
            asyncio.timeout(self._within_s),
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=self._within_s) as client,
            client.stream("POST", self._url, content=body, headers=headers) as response,
        ):
            return response.status_code


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature's header."""
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
