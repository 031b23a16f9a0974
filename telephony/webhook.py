"""Twilio's webhooks, as a Flask blueprint: what a call does before, between and after its media streams.

    /twilio/voice                a call comes in
    /twilio/after-stream?stream= the call's stream of that number ended
    /twilio/after-dial           the agent's leg ended
    /twilio/after-queue          the caller left the agents' queue
    /twilio/status               the call's status changed

Twilio asks by POST with a form, or by GET with the same parameters in the query, as the operator configured it there.
Every request may come twice. The answer depends on the call's state and on the URL alone, and a stream's token is the
same when it is asked for again: so a retry gets the same answer, whether or not it carries an idempotency token.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from telephony import twiml
from telephony.arrival import arrival_of_request
from telephony.call_states import CallState
from telephony.exchange import Exchange
from voicebot.config import Configuration
from voicebot.failure import place

_log = structlog.get_logger(__name__)

_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"\+[0-9]{3,15}")
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_QUEUE_SERVED = frozenset({"bridged", "bridging-in-process", "hangup", "redirected", "redirected-from-bridged"})


class TwilioWebhooks:
    """Answers the webhooks. Everything it decides from is passed in."""

    def __init__(
        self,
        configuration: Configuration,
        exchange: Exchange,
        *,
        has_room: Callable[[], bool],
        takes_calls: Callable[[], bool],
    ) -> None:
        """`takes_calls`: whether the bot works at all just now; `has_room`: whether it can hold one more call."""
        self._configuration = configuration
        self._paths = twiml.Paths.below(configuration.public_url)
        self._exchange = exchange
        self._limits = exchange.limits
        self._states = exchange.states
        self._has_room = has_room
        self._takes_calls = takes_calls

    def blueprint(self) -> Blueprint:
        """The routes below /twilio."""
        blueprint = Blueprint("twilio", __name__, url_prefix="/twilio")
        blueprint.before_request(self._check)
        for rule, view in (
            ("/voice", self._voice),
            ("/after-stream", self._after_stream),
            ("/after-dial", self._after_dial),
            ("/after-queue", self._after_queue),
            ("/status", self._status),
        ):
            blueprint.add_url_rule(rule, rule.strip("/").replace("-", "_"), view, methods=["GET", "POST"])
        blueprint.register_error_handler(Exception, self._failed)
        return blueprint

    def _check(self) -> None:
        request.max_content_length = self._limits.webhook_bytes
        request.max_form_memory_size = self._limits.webhook_bytes
        request.max_form_parts = self._limits.webhook_fields
        # A GET is signed for its URL, whose query has the parameters.
        signed = request.form if request.method == "POST" else None
        if not self._exchange.signatures.admits(arrival_of_request(request), signed):
            _log.warning("webhook refused: not signed by Twilio for this URL", path=request.path)
            abort(403)
        if not _SID.fullmatch(_parameters().get("CallSid", "")):
            abort(400)

    def _failed(self, error: Exception) -> Response | HTTPException:
        """A mistake of ours sends the caller to people; Twilio would read out an English error instead."""
        if isinstance(error, HTTPException):
            self._count(str(error.code))
            return error
        _log.error("webhook failed", path=request.path, error=type(error).__name__, place=place(error))
        return self._to_people(self._configuration.language, phrase="trouble")

    def _voice(self) -> Response:
        call_sid = _parameters()["CallSid"]
        state = self._states.find(call_sid)
        if state is None:
            if not self._has_room():
                _log.info("call goes to people: no room", call_sid=call_sid)
                return self._to_people(self._configuration.language, phrase="full")
            state = self._states.open(self._new_state(call_sid))
        if state.ended or state.begun or state.asked_after:
            # A call is answered once. Signatures never expire: this may be a recorded request.
            _log.warning("call was answered before", call_sid=call_sid)
            return self._twiml(twiml.hang_up(), "replayed")
        return self._to_bot(state, 1)

    def _after_stream(self) -> Response:
        call_sid = _parameters()["CallSid"]
        # A call that another process answered is not known here, and its stream can't have been ours.
        state = self._states.open(self._new_state(call_sid))
        asked = max(request.args.get("stream", state.streams, type=int), 1)
        state = self._states.change(call_sid, asked_after=max(state.asked_after, asked)) or state
        self._exchange.streams.settle(call_sid)
        outcome = state.outcome if asked >= state.streams else None
        if state.ended:
            return self._twiml(twiml.hang_up(), "hang_up")
        match outcome.kind if outcome else "caller_left":
            case "hang_up":
                return self._twiml(twiml.hang_up(), "hang_up")
            case "hand_over":
                return self._to_people(state.language, queue=outcome.queue if outcome else "")
            case "failed":
                return self._to_people(state.language, phrase="trouble")
        # The stream broke, but the caller is still there: or else Twilio would not ask.
        if asked < self._limits.streams_per_call and self._takes_calls():
            return self._to_bot(state, asked + 1)
        return self._to_people(state.language, phrase="trouble")

    def _after_dial(self) -> Response:
        status = _parameters().get("DialCallStatus", "")
        # `completed` also means an agent who answered and was never bridged.
        if status in ("completed", "answered") and _parameters().get("DialBridged", "true") != "false":
            return self._twiml(twiml.hang_up(), "hang_up")
        return self._nobody()

    def _after_queue(self) -> Response:
        if _parameters().get("QueueResult", "") in _QUEUE_SERVED:
            return self._twiml(twiml.hang_up(), "hang_up")
        return self._nobody()

    def _status(self) -> Response:
        if _parameters().get("CallStatus", "") in _OVER:
            call_sid = _parameters()["CallSid"]
            self._states.change(call_sid, ended=True)
            self._exchange.tokens.release(call_sid)
            self._exchange.streams.end(call_sid)
            self._exchange.streams.settle(call_sid)
        self._count("204")
        return Response(status=204)

    def _new_state(self, call_sid: str) -> CallState:
        number = _parameters().get("From", "")
        # A withheld number is a word.
        number = number if _NUMBER.fullmatch(number) else ""
        return CallState(call_sid, number=number, language=self._configuration.language)

    def _to_bot(self, state: CallState, stream: int) -> Response:
        """Connect the call's stream of that number."""
        token = self._exchange.tokens.issue(state.call_sid, stream)
        if token is None:
            return self._to_people(state.language, phrase="full")
        if stream > state.streams:
            self._states.change(state.call_sid, streams=stream, outcome=None)
        base = self._configuration.public_url or f"{request.scheme}://{request.host}"
        document = twiml.connect_stream(
            twiml.stream_url(base),
            token,
            self._paths.after_stream(stream),
            language=state.language,
            phrase="again" if stream > 1 else None,
        )
        return self._twiml(document, "stream")

    def _to_people(self, language: str, *, phrase: twiml.Phrase = "to_people", queue: str = "") -> Response:
        """Ring the agent's number where there is one, else queue the caller."""
        number = self._configuration.agent_number
        if number:
            document = twiml.dial_agent(
                number, self._paths.after_dial, language=language, rings_s=self._limits.agent_rings_s, phrase=phrase
            )
            return self._twiml(document, "dial")
        document = twiml.queue_caller(
            queue or self._configuration.agent_queue, self._paths.after_queue, language=language, phrase=phrase
        )
        return self._twiml(document, "queue")

    def _nobody(self) -> Response:
        state = self._states.find(_parameters()["CallSid"])
        language = state.language if state else self._configuration.language
        return self._twiml(twiml.apologise(language=language), "nobody")

    def _twiml(self, document: str, reply: str) -> Response:
        self._count(reply)
        # Twilio keeps replies to GET where nothing forbids it, and a token is good once.
        return Response(document, mimetype="text/xml", headers={"Cache-Control": "no-store"})

    def _count(self, reply: str) -> None:
        endpoint = (request.endpoint or "unknown").removeprefix("twilio.")
        self._exchange.metrics.webhooks.labels(endpoint, reply).inc()


def _parameters() -> MultiDict[str, str]:
    """What Twilio says of the call."""
    return request.form if request.method == "POST" else request.args
