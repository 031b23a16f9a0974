"""The little of Twilio's REST API that the service uses: moving a call, and making one.

Every request has a time limit: twilio-python's own client waits for ever. What goes wrong comes out as one of three
errors, by what the caller of it can do: nothing any more (`CallGoneError`), nothing before somebody changes something
(`RefusedError`), or another way, or later (`UnavailableError`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import requests
import structlog
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from voicebot.config import Configuration
from voicebot.errors import VoicebotError

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

_GONE = frozenset({20404, 21220})
"""Codes of a call that is over or was never there."""
_BUSY = frozenset({20429})
_TRIES = 3
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 4.0


class RestError(Exception):
    """A request to Twilio's API that did not do what it was to do. The text has no secret in it."""


class CallGoneError(RestError):
    """The call is over, or not ours."""


class RefusedError(RestError):
    """Twilio will not do this, however often it is asked: credentials, numbers, permissions."""


class UnavailableError(RestError):
    """Twilio was not reached, or is overloaded; the request may have been carried out all the same."""


class CredentialsError(VoicebotError):
    """The API is to be used and can't be, for want of credentials."""


@dataclass(frozen=True)
class NewCall:
    """A call to be made."""

    to: str
    """E.164."""
    url: str
    """Whose TwiML the call runs when it is answered; absolute."""
    status_url: str
    """Told when the call is over; absolute."""
    rings_s: int = 30
    wait_for_beep: bool = False
    """Whether Twilio waits for the end of an answering machine's message before it asks `url`."""


class CallsApi(Protocol):
    """What the service asks of Twilio. Blocking: not for the event loop."""

    def move(self, call_sid: str, url: str) -> None:
        """Let the call run the TwiML at this absolute URL from now on. Raises RestError."""
        ...

    def create(self, call: NewCall) -> str:
        """Make a call with machine detection; returns its SID. Raises RestError.

        After UnavailableError nobody knows whether it was made.
        """
        ...


class TwilioCalls:
    """Through twilio-python."""

    def __init__(self, client: Client, number: str = "", *, sleep: Callable[[float], None] = time.sleep) -> None:
        """`number`: the one that calls are made from, E.164."""
        self._client = client
        self._number = number
        self._sleep = sleep

    def move(self, call_sid: str, url: str) -> None:
        def update() -> None:
            self._client.calls(call_sid).update(url=url, method="POST")

        # Moving twice to the same place does no harm.
        self._tried(update, again_after_silence=True)

    def create(self, call: NewCall) -> str:
        def create() -> str:
            made: Any = self._client.calls.create(
                to=call.to,
                from_=self._number,
                url=call.url,
                method="POST",
                timeout=call.rings_s,
                status_callback=call.status_url,
                status_callback_method="POST",
                machine_detection="DetectMessageEnd" if call.wait_for_beep else "Enable",
            )
            return str(made.sid)

        return self._tried(create, again_after_silence=False)

    def _tried(self, request: Callable[[], _T], *, again_after_silence: bool) -> _T:
        """Ask up to three times; without an answer only where asking twice is harmless."""
        pause_s = _FIRST_PAUSE_S
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return _asked(request)
            except _RetryableError as error:
                if last or not (error.was_refused or again_after_silence):
                    raise UnavailableError(str(error)) from None
                _log.info("Twilio's API is asked again", reason=str(error))
            # Spread, so that many calls don't come back at the same moment.
            self._sleep(pause_s * (0.5 + random.random() / 2))
            pause_s = min(pause_s * 3, _LONGEST_PAUSE_S)
        raise AssertionError("the last attempt returns or raises")


class _RetryableError(Exception):
    def __init__(self, sentence: str, *, was_refused: bool) -> None:
        super().__init__(sentence)
        self.was_refused = was_refused
        """Twilio answered that it did nothing: asking again is harmless."""


def _asked(request: Callable[[], _T]) -> _T:
    try:
        return request()
    except (TwilioRestException, TwilioServiceException) as error:
        # str() of these has the account's SID and terminal colours in it, and only one of them has a message.
        status, code = int(error.status or 0), int(error.code or 0)
        told = f"status {status}, code {code}"
        if status == 404 or code in _GONE:
            raise CallGoneError(f"the call is gone ({told})") from None
        if status == 429 or code in _BUSY:
            raise _RetryableError(f"too many requests ({told})", was_refused=True) from None
        if status >= 500:
            raise _RetryableError(f"Twilio failed ({told})", was_refused=False) from None
        raise RefusedError(f"Twilio refused ({told})") from None
    except requests.ConnectTimeout:
        raise _RetryableError("Twilio was not reached (ConnectTimeout)", was_refused=True) from None
    except requests.RequestException as error:
        raise _RetryableError(f"no answer from Twilio ({type(error).__name__})", was_refused=False) from None
    except TwilioException as error:
        raise RefusedError(f"the request could not be made ({type(error).__name__})") from None


def open_calls(configuration: Configuration, http_client: HttpClient | None = None) -> TwilioCalls:
    """Twilio's API with the configured account. Raises CredentialsError where it is not configured.

    `http_client`: in place of one with a time limit of 10 s.
    """
    token = configuration.twilio_auth_token.get_secret_value()
    if not configuration.twilio_account_sid or not token:
        raise CredentialsError("Twilio's API needs an account; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
    client = Client(
        configuration.twilio_account_sid,
        token,
        region=configuration.twilio_region or None,
        edge=configuration.twilio_edge or None,
        http_client=http_client or TwilioHttpClient(timeout=10.0),
    )
    return TwilioCalls(client, configuration.twilio_number)
