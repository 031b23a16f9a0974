"""Twilio's webhooks, as a Flask blueprint: what a call does before, between and after its media streams.

    /twilio/voice                a call comes in
    /twilio/after-stream?stream= the call's stream of that number ended
    /twilio/status               the call's status changed

Those of callers who are given to people stand in `telephony.people`.

Twilio asks by POST with a form, or by GET with the same parameters in the query, as the operator configured it there.
Every request may come twice. The answer depends on the call's state and on the URL alone, and a stream's token is the
same when it is asked for again: so a retry gets the same answer, whether or not it carries an idempotency token.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, request

from telephony import twiml
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.keypad_service import KeypadService
from telephony.people.desk import PeopleDesk
from telephony.twilio_requests import TwilioRequests, parameters, persons_number
from voicebot.call.keyed import Why
from voicebot.config import Configuration

_log = structlog.get_logger(__name__)

_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


class TwilioWebhooks:
    """Answers the webhooks. Everything it decides from is passed in."""

    def __init__(
        self,
        configuration: Configuration,
        exchange: Exchange,
        people: PeopleDesk,
        *,
        admits: Callable[[str], bool],
        takes_calls: Callable[[], bool],
        keypad: KeypadService | None = None,
    ) -> None:
        """`takes_calls`: whether the bot works at all just now; `admits`: finds a place for a new call, by its sid.

        `keypad`: holds the calls that can't have a stream; without it they go to people.
        """
        self._keypad = keypad
        self._configuration = configuration
        self._paths = twiml.Paths.below(configuration.public_url)
        self._exchange = exchange
        self._people = people
        self._requests = TwilioRequests(exchange)
        self._limits = exchange.limits
        self._states = exchange.states
        self._admits = admits
        self._takes_calls = takes_calls

    def blueprint(self) -> Blueprint:
        """The routes below /twilio."""
        views = {"/voice": self._voice, "/after-stream": self._after_stream, "/status": self._status}
        return self._requests.blueprint("twilio", views, on_error=self._trouble)

    def _trouble(self) -> Response:
        """A mistake of ours sends the caller to people; Twilio would read out an English error instead."""
        return self._people.take(language=self._configuration.language, phrase="trouble")

    def _voice(self) -> Response:
        return self.begin(self._new_state(parameters()["CallSid"]))

    def begin(self, new: CallState, *, first: str = "") -> Response:
        """Answer a call's first webhook. `new`: its state if it was never seen; `first`: said before the bot speaks."""
        call_sid = new.call_sid
        state = self._states.find(call_sid)
        if state is None:
            if not self._admits(call_sid):
                if again := self._elsewhere():
                    return again
                return self._by_keys(new, "full" if self._takes_calls() else "trouble")
            state = self._states.open(new)
        if self._keypad is not None and self._keypad.holds(call_sid):
            return self._by_keys(state, "full")
        if state.ended or state.begun or state.asked_after or state.outcome:
            # A call is answered once. Signatures never expire: this may be a recorded request.
            _log.warning("call was answered before", call_sid=call_sid)
            return self._requests.twiml(twiml.hang_up(), "replayed")
        return self._to_bot(state, 1, first)

    def _after_stream(self) -> Response:
        call_sid = parameters()["CallSid"]
        # A call that another process answered is not known here, and its stream can't have been ours.
        state = self._states.open(self._new_state(call_sid))
        asked = max(request.args.get("stream", state.streams, type=int), 1)
        state = self._states.change(call_sid, asked_after=max(state.asked_after, asked)) or state
        self._exchange.streams.settle(call_sid)
        outcome = state.outcome if asked >= state.streams else None
        if state.ended:
            return self._requests.twiml(twiml.hang_up(), "hang_up")
        match outcome.kind if outcome else "caller_left":
            case "hang_up":
                return self._requests.twiml(twiml.hang_up(), "hang_up")
            case "hand_over":
                return self._people.take(language=state.language, queue=outcome.queue if outcome else "")
            case "failed":
                return self._people.take(language=state.language, phrase="trouble")
        # The stream broke, but the caller is still there: or else Twilio would not ask.
        if not self._takes_calls() and (again := self._elsewhere()):
            return again
        if asked < self._limits.streams_per_call and self._takes_calls():
            return self._to_bot(state, asked + 1, twiml.AGAIN.get(state.language, ""))
        return self._by_keys(state, "trouble")

    def _elsewhere(self) -> Response | None:
        """Twilio asks once more, and the load balancer may choose another host; None where none takes calls, or where
        the choice fell on this one too often."""
        hop = request.args.get("hop", 0, type=int)
        if hop >= self._limits.hops or not self._exchange.hosts.others_have_room():
            return None
        arguments = urlencode({**request.args, "hop": hop + 1})
        url = f"{self._paths.prefix}{request.path}?{arguments}"
        return self._requests.twiml(twiml.elsewhere(url), "elsewhere")

    def _by_keys(self, new: CallState, why: Why) -> Response:
        """Without a stream: by keys, or where not even those can be had, by people."""
        document = self._keypad.first(new, why) if self._keypad is not None else None
        if document is None:
            _log.info("call goes to people", call_sid=new.call_sid, why=why)
            return self._people.take(language=new.language, phrase=why)
        self._states.open(new)
        return self._requests.twiml(document, "keypad")

    def _status(self) -> Response:
        if parameters().get("CallStatus", "") in _OVER:
            self.end(parameters()["CallSid"])
        return self._requests.nothing()

    def end(self, call_sid: str) -> None:
        """Twilio said that the call is over."""
        self._states.change(call_sid, ended=True)
        self._exchange.places.give_back(call_sid)
        if self._keypad is not None:
            self._keypad.ended(call_sid)
        self._exchange.streams.end(call_sid)
        self._exchange.streams.settle(call_sid)

    def _new_state(self, call_sid: str) -> CallState:
        number = persons_number(parameters())
        return CallState(call_sid, number=number, language=self._configuration.language)

    def _to_bot(self, state: CallState, stream: int, first: str) -> Response:
        """Say something, and connect the call's stream of that number."""
        token = self._exchange.tokens.issue(state.call_sid, stream)
        if stream > 1:
            self._exchange.places.announce(state.call_sid)
        if stream > state.streams:
            self._states.change(state.call_sid, streams=stream, outcome=None)
        base = self._configuration.public_url or f"{request.scheme}://{request.host}"
        document = twiml.connect_stream(
            twiml.stream_url(base),
            token,
            self._paths.after_stream(stream),
            language=state.language,
            first=first,
        )
        return self._requests.twiml(document, "stream")
