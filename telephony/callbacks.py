"""Dials the call-backs that are due: one a second, so many at once, when people may be called."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlencode

import structlog
from sqlalchemy.exc import SQLAlchemyError

from telephony.twilio_rest import CallsApi, NewCall, RestError, UnavailableError, open_calls
from voicebot.config import Configuration
from voicebot.errors import VoicebotError
from voicebot.failure import place
from voicebot.hours import Hours, OpeningHours
from voicebot.office import Office
from voicebot.store.callbacks import Callback

_log = structlog.get_logger(__name__)

WAKING_HOURS = OpeningHours(Hours(open={"mon-sun": "09:00-20:00"}, holidays=""))
"""When people are called where no opening hours are set: nobody wants a call-back at night."""

_A_SECOND = 1.0
"""Between two calls: Twilio makes one a second, and queues what comes faster for up to a day."""


class CallbackSettingsError(VoicebotError):
    """Call-backs can't be made as configured."""


class CallbackRounds:
    """Makes calls; what comes of them arrives at `callback_webhooks`."""

    def __init__(
        self,
        configuration: Configuration,
        office: Office,
        api: CallsApi,
        *,
        rings_s: int = 30,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises CallbackSettingsError where Twilio could not reach us, or no number is there to call from."""
        if not configuration.public_url.startswith("https://"):
            raise CallbackSettingsError("call-backs need the service's own address; set VOICEBOT_PUBLIC_URL to it.")
        if not configuration.twilio_number:
            raise CallbackSettingsError("call-backs need a number to call from; set TWILIO_NUMBER to a Twilio number.")
        self._configuration = configuration
        self._office = office
        self._api = api
        self._rings_s = rings_s
        self._sleep = sleep

    def may_call(self, now: datetime) -> bool:
        """Whether this is a time to call people."""
        hours = self._office.hours()
        return (WAKING_HOURS if hours.week is None else hours).is_open(now)

    def run(self) -> list[Callback]:
        """Dial what is due; returns what was dialled. Blocking, for some seconds. Raises SQLAlchemyError."""
        dialled: list[Callback] = []
        while self.may_call(self._office.now()):
            callback = self._office.callbacks.claim(self._office.now(), most=self._configuration.callbacks_at_once)
            if callback is None:
                break
            if self._dial(callback):
                dialled.append(callback)
                self._sleep(_A_SECOND)
        return dialled

    def _dial(self, callback: Callback) -> bool:
        """Whether Twilio was asked to make the call."""
        callbacks, now = self._office.callbacks, self._office.now()
        if not callback.number.startswith(tuple(self._configuration.callback_prefixes)):
            callbacks.settle(callback.id, callback.attempts, "barred", now)
            _log.warning("a call-back is not made: such numbers are not called", callback=callback.id)
            return False
        base = f"{self._configuration.public_url}/twilio/callback"
        query = urlencode({"callback": callback.id, "attempt": callback.attempts})
        call = NewCall(
            to=callback.number,
            url=f"{base}-answered?{query}",
            status_url=f"{base}-status?{query}",
            rings_s=self._rings_s,
            wait_for_beep=self._configuration.callback_message,
        )
        try:
            call_sid = self._api.create(call)
        except UnavailableError as error:
            # It may be ringing: the claim stays until its status comes, or its time is over.
            _log.warning("nobody knows whether a call-back was made", callback=callback.id, reason=str(error))
            return True
        except RestError as error:
            callbacks.settle(callback.id, callback.attempts, "failed", now)
            _log.error("a call-back could not be made", callback=callback.id, reason=str(error))
            return True
        callbacks.dialled(callback.id, callback.attempts, call_sid)
        _log.info("call-back dialled", callback=callback.id, attempt=callback.attempts)
        return True


@contextmanager
def scheduled(rounds: CallbackRounds, every_s: float) -> Iterator[None]:
    """Look for call-backs that are due every so many seconds, in a thread of its own."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(every_s):
            try:
                rounds.run()
            except SQLAlchemyError as error:
                _log.error("call-backs can't be looked up", error=type(error).__name__)
            except Exception as error:  # the next round may go well
                _log.error("a round of call-backs failed", error=type(error).__name__, place=place(error))

    thread = threading.Thread(target=look, name="call-backs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


@contextmanager
def calling_back(configuration: Configuration, office: Office) -> Iterator[None]:
    """Dial call-backs meanwhile, where the configuration says so. Raises VoicebotError where it can't be."""
    if not configuration.callback_every_s:
        yield
        return
    with scheduled(CallbackRounds(configuration, office, open_calls(configuration)), configuration.callback_every_s):
        yield
