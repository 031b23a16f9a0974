"""A hand-over through Twilio's API: the call is moved while its stream is open, and the stream ends by that.

The goodbye was said and its mark came back: a conversation ends no sooner. Where the API fails, the stream is closed as
ever, and the TwiML behind it leads to the same people.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog

from telephony.people.journey import Journey, PeoplePaths
from telephony.twilio_rest import CallsApi, CredentialsError, RestError, open_calls
from voicebot.channel import Outcome
from voicebot.config import Configuration

_log = structlog.get_logger(__name__)

_WITHIN_S = 15.0
"""Longer than one request and a second try; a caller hears nothing meanwhile."""


class Moving:
    """Moves calls to people."""

    def __init__(self, api: CallsApi, public_url: str) -> None:
        """`public_url`: the service as Twilio reaches it, absolute."""
        self._api = api
        self._origin = "/".join(public_url.split("/")[:3])
        self._paths = PeoplePaths(public_url)
        self._pool = ThreadPoolExecutor(4, "moving calls")

    async def to_people(self, call_sid: str, outcome: Outcome) -> bool:
        """Whether the call was moved; where not, it is where it was."""
        url = self._origin + self._paths.to("to-people", Journey(outcome.language or "ko", outcome.queue))
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(_WITHIN_S):
                await loop.run_in_executor(self._pool, self._api.move, call_sid, url)
        except (RestError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            _log.warning("a call could not be moved, TwiML leads it on", call_sid=call_sid, reason=reason)
            return False
        return True

    def close(self) -> None:
        """Give back the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def open_moving(configuration: Configuration) -> Moving | None:
    """As configured; None where TwiML after the stream leads to people. Raises VoicebotError without credentials."""
    if configuration.transfer_by == "twiml":
        return None
    if not configuration.public_url:
        raise CredentialsError("transfers by Twilio's API need the service's address; set VOICEBOT_PUBLIC_URL to it.")
    return Moving(open_calls(configuration), configuration.public_url)
