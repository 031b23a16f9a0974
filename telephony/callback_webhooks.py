"""What Twilio asks and tells of the calls that we make.

    /twilio/callback-answered   somebody, or something, took the call: machine detection has told which
    /twilio/callback-status     the call is over

Statuses may come late, twice and in any order: an attempt is settled by the first that says what came of it, and a
person who answered always counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from flask import Blueprint, Response, request

from telephony import twiml
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.people import documents
from telephony.twilio_requests import TwilioRequests, parameters, persons_number
from voicebot.config import Configuration
from voicebot.office import Office
from voicebot.store.callbacks import Result
from voicebot.tts.speech_text import spoken

_log = structlog.get_logger(__name__)

_ENDED: Mapping[str, Result] = {
    "busy": "busy",
    "no-answer": "no-answer",
    "canceled": "canceled",
    "failed": "failed",
    # Over, and nobody asked for TwiML: the webhook was never reached, or the person hung up before.
    "completed": "failed",
}

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "opening": "안녕하세요. {name}입니다. 요청하신 전화를 드렸습니다.",
        "nameless": "안녕하세요. 요청하신 전화를 드렸습니다.",
        "message": "안녕하세요. {name}입니다. 요청하신 전화를 드렸지만 받지 않으셨습니다.",
        "message_nameless": "안녕하세요. 요청하신 전화를 드렸지만 받지 않으셨습니다.",
        "again": "나중에 다시 전화드리겠습니다. 감사합니다.",
        "last": "필요하시면 언제든지 전화해 주세요. 감사합니다.",
    },
    "en": {
        "opening": "Hello, this is {name}. You asked us to call you back.",
        "nameless": "Hello. This is the call that you asked for.",
        "message": "Hello, this is {name}. You asked us to call you back, but we missed you.",
        "message_nameless": "Hello. You asked us to call you back, but we missed you.",
        "again": "We will try again later. Thank you.",
        "last": "If you still need us, please call at any time. Thank you.",
    },
}


class Calls(Protocol):
    """What becomes of calls that are answered, whoever made them: `webhook.TwilioWebhooks`."""

    def begin(self, new: CallState, *, first: str = "") -> Response:
        """Answer a call's first webhook by the bot, which says `first` before."""
        ...

    def end(self, call_sid: str) -> None:
        """The call is over."""
        ...


class CallbackWebhooks:
    """Answers the webhooks of call-backs."""

    def __init__(self, configuration: Configuration, exchange: Exchange, office: Office, calls: Calls) -> None:
        self._configuration = configuration
        self._office = office
        self._calls = calls
        self._requests = TwilioRequests(exchange)

    def blueprint(self) -> Blueprint:
        """The routes below /twilio."""
        views: dict[str, Callable[[], Response]] = {
            "/callback-answered": self._answered,
            "/callback-status": self._status,
        }
        return self._requests.blueprint("callbacks", views, on_error=self._hang_up)

    def _answered(self) -> Response:
        callback_id, attempt = _attempt()
        callback = self._office.callbacks.find(callback_id)
        if callback is None:
            _log.warning("an unknown call-back was answered", callback=callback_id)
            return self._hang_up()
        by = parameters().get("AnsweredBy", "unknown")
        if by == "fax":
            self._settle("fax")
            return self._hang_up()
        if by.startswith("machine"):
            self._settle("machine")
            return self._message(callback.language, attempt)
        # `unknown` was not quite sure: a person who is hung up on is worse than a machine that is talked to.
        self._settle("human")
        sid = parameters()["CallSid"]
        number = callback.number or persons_number(parameters())
        name = self._office.name(callback.language)
        text = _TEXTS[callback.language]["opening" if name else "nameless"].format(name=name)
        return self._calls.begin(CallState(sid, number=number, language=callback.language), first=text)

    def _message(self, language: str, attempt: int) -> Response:
        if not self._configuration.callback_message:
            return self._hang_up()
        texts, name = _TEXTS[language], self._office.name(language)
        parts = [
            texts["message" if name else "message_nameless"].format(name=name),
            texts["last" if self._office.callbacks.is_last(attempt) else "again"],
        ]
        said = [spoken(part, language) for part in parts]
        return self._requests.twiml(documents.say_and_hang_up(said, language=language), "message")

    def _status(self) -> Response:
        result = _ENDED.get(parameters().get("CallStatus", ""))
        if result is not None:
            self._settle(result)
            self._calls.end(parameters()["CallSid"])
        return self._requests.nothing()

    def _settle(self, result: Result) -> None:
        callback_id, attempt = _attempt()
        if self._office.callbacks.settle(callback_id, attempt, result, self._office.now()):
            _log.info("call-back", callback=callback_id, attempt=attempt, result=result)

    def _hang_up(self) -> Response:
        return self._requests.twiml(twiml.hang_up(), "hang_up")


def _attempt() -> tuple[str, int]:
    """The call-back and the number of its attempt, as our own URL has them."""
    written = request.args.get("attempt", "")
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 5 else 0
    return request.args.get("callback", "")[:32], number
