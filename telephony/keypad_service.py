"""Calls that are held by keys alone, over plain webhooks, where a media stream can't be had.

    /twilio/keypad?step=          the caller pressed keys, or none, after hearing the document of that step
    /twilio/sound/CALL/NAME.wav   something that this call is to hear now

A stream can't be had when there are too many calls, when it broke twice, or when speech could not be loaded. The same
dialogue goes on behind <Gather>. A request that comes twice, or late, gets the document that the caller is to hear
now, and moves nothing. How the bot is done with a call is told to `/twilio/after-stream`, as after a stream.
"""

from __future__ import annotations

import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog
from flask import Blueprint, Response, abort, request

from telephony import twiml_keypad
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.keypad_sessions import KeypadSession, KeypadSessions, KeypadSound
from telephony.twilio_requests import TwilioRequests, parameters
from telephony.twiml import Paths
from voicebot.audio.format import Pcm
from voicebot.audio.mulaw_wav import write_mulaw_wav
from voicebot.call.keyed import KeyedTurn, Why
from voicebot.channel import Caller
from voicebot.config import Configuration
from voicebot.dialogue.actions import Say
from voicebot.dialogue.events import Keyed, NoInput, TimeLimit
from voicebot.dialogue.state import State
from voicebot.tts.markup import plain

_log = structlog.get_logger(__name__)

_KEYS = re.compile(r"[0-9*#]")
_MOST_KEYS = 32
_ONE_KEY_WITHIN_S = 6
"""As in a stream: the caller is asked again after six seconds of silence."""
_NUMBER_WITHIN_S = 10
"""Who keys a number in must find it first, and takes the telephone from the ear for each key."""
_SPOKEN_WITHIN_S = 2.0
"""Our own voice is used where it is there by then; else Twilio's speaks this document."""
_MOST_WAITS = 2
"""So often in a row the caller is told that it takes a moment: with the words and the waits, for about ten seconds."""
_LOCKS = 64
_SILENT_FOR_S = 60.0
"""A call that is heard of no more for so long is over: no document takes as long, and Twilio asks after each."""


class KeyedAnswering(Protocol):
    """Holds the conversations: `voicebot.call.keyed.KeyedCalls` does."""

    @property
    def ready(self) -> bool: ...
    def begin(self, caller: Caller, why: Why, language: str) -> KeyedTurn: ...
    def turn(self, caller: Caller, state: State, event: Keyed | NoInput | TimeLimit) -> KeyedTurn: ...
    def wait(self, caller: Caller, state: State, *, give_up: bool = False) -> KeyedTurn: ...
    def hung_up(self, caller: Caller, state: State) -> None: ...
    def sounds(self, says: Sequence[Say], within_s: float) -> tuple[Pcm, ...] | None: ...


class KeypadService:
    """Answers for calls by keys."""

    def __init__(
        self,
        configuration: Configuration,
        exchange: Exchange,
        conversations: KeyedAnswering,
        sessions: KeypadSessions,
        *,
        on_trouble: Callable[[], Response],
    ) -> None:
        """`on_trouble` answers the present webhook where the call can't go on by keys."""
        self._configuration, self._exchange = configuration, exchange
        self._conversations, self._sessions = conversations, sessions
        self._on_trouble = on_trouble
        self._requests = TwilioRequests(exchange)
        self._paths = Paths.below(configuration.public_url)
        # Of one call one request at a time; what two calls share costs them nothing but a wait.
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._open: dict[str, float] = {}
        """Calls that are held here, with the moment when they were last heard of."""
        self._open_lock = threading.Lock()
        self._draining = self._closing = False

    def blueprints(self) -> tuple[Blueprint, Blueprint]:
        """The routes below /twilio: those that Twilio signs, and the sounds, which it fetches unsigned."""
        sounds = Blueprint("keypad_sounds", __name__, url_prefix="/twilio")
        sounds.add_url_rule("/sound/<call_sid>/<name>.wav", "sound", self._sound, methods=["GET"])
        return self._requests.blueprint("keypad", {"/keypad": self._keyed}, on_error=self._on_trouble), sounds

    def holds(self, call_sid: str) -> bool:
        """Whether the call is held by keys."""
        session = self._sessions.find(call_sid)
        return session is not None and not session.over

    def first(self, call: CallState, why: Why) -> str | None:
        """The first document of a call; of one that is held already, the one it is to hear now.

        None where no call can be held, not even by keys.
        """
        with self._lock(call.call_sid):
            session = self._sessions.find(call.call_sid)
            if session is not None:
                return session.document
            if self._draining or not self._conversations.ready:
                return None
            _log.info("call is held by keys", call_sid=call.call_sid, why=why)
            session = KeypadSession(call.call_sid, call.number, call.language, 0, "", {})
            turn = self._conversations.begin(_caller(session), why, call.language)
            return self._answer(session, turn).document

    def drain(self) -> None:
        """Take no new calls."""
        self._draining = True

    def hand_over(self) -> None:
        """Give each caller to a person with what they press next, or don't."""
        self._closing = True

    def __len__(self) -> int:
        """Calls that this process held lately and that are not over."""
        since = time.monotonic() - _SILENT_FOR_S
        with self._open_lock:
            self._open = {call_sid: seen for call_sid, seen in self._open.items() if seen >= since}
            return len(self._open)

    def ended(self, call_sid: str) -> None:
        """Twilio said that the call is over."""
        with self._lock(call_sid):
            session = self._sessions.find(call_sid)
            if session is not None and not session.over:
                self._conversations.hung_up(_caller(session), State.from_json(session.state))
                with self._open_lock:
                    self._open.pop(call_sid, None)
                over = replace(session, step=session.step + 1, over=True, sounds={}, state={})
                self._sessions.save(over, after=session.step)

    # Twilio asks

    def _keyed(self) -> Response:
        call_sid = parameters()["CallSid"]
        with self._lock(call_sid):
            session = self._sessions.find(call_sid)
            if session is None:
                _log.warning("a call by keys is not known", call_sid=call_sid)
                return self._on_trouble()
            token = request.headers.get("I-Twilio-Idempotency-Token", "")[:100]
            repeated = bool(token) and token == session.token
            if session.over or repeated or request.args.get("step", type=int) != session.step:
                return self._requests.twiml(session.document, "again")
            session = self._answer(session, self._next(session), token)
            return self._requests.twiml(session.document, "over" if session.over else "keys")

    def _next(self, session: KeypadSession) -> KeyedTurn:
        caller, state = _caller(session), State.from_json(session.state)
        event = TimeLimit("closing") if self._closing else _event()
        if session.waits and not self._closing and event != Keyed("0"):
            return self._conversations.wait(caller, state, give_up=session.waits >= _MOST_WAITS)
        return self._conversations.turn(caller, state, event)

    def _sound(self, call_sid: str, name: str) -> Response:
        session = self._sessions.find(call_sid)
        sound = session.sounds.get(name) if session is not None else None
        if sound is None:
            abort(404)
        said = Say(sound.text, sound.language, 0, sound.rate)
        sounds = self._conversations.sounds([said], self._exchange.limits.webhook_body_within_s)
        if sounds is None:
            abort(503)
        content = write_mulaw_wav(sounds[0])
        return Response(content, mimetype="audio/wav", headers={"Cache-Control": "no-store"})

    # We answer

    def _answer(self, session: KeypadSession, turn: KeyedTurn, token: str = "") -> KeypadSession:
        """The session with the document that says and asks what the turn is about."""
        step = session.step + 1
        speech, sounds = self._speech(session, turn.says)
        if turn.outcome is not None:
            state = self._exchange.states.change(session.call_sid, outcome=turn.outcome)
            document = twiml_keypad.leave(speech, self._paths.after_stream(max(state.streams if state else 0, 1)))
        else:
            action = f"{self._paths.prefix}/twilio/keypad?step={step}"
            longest = max(turn.listen.key_lengths) if turn.listen else 1
            within_s = _ONE_KEY_WITHIN_S if longest == 1 else _NUMBER_WITHIN_S
            if turn.listen:
                within_s = max(within_s, math.ceil(turn.listen.no_input_ms / 1000))
            within_s = 1 if turn.waiting else within_s
            document = twiml_keypad.gather(speech, action, longest=longest, timeout_s=within_s)
        new = replace(
            session,
            language=turn.state.language,
            step=step,
            document=document,
            sounds=sounds,
            state={} if turn.outcome is not None else turn.state.to_json(),
            waits=session.waits + 1 if turn.waiting else 0,
            token=token,
            over=turn.outcome is not None,
        )
        with self._open_lock:
            if new.over:
                self._open.pop(new.call_sid, None)
            else:
                self._open[new.call_sid] = time.monotonic()
        return self._sessions.save(new, after=session.step)

    def _speech(
        self, session: KeypadSession, says: Sequence[Say]
    ) -> tuple[list[twiml_keypad.Speech], dict[str, KeypadSound]]:
        """In our own voice, all of it, or else in Twilio's: never in both."""
        if self._conversations.sounds(says, _SPOKEN_WITHIN_S) is None:
            return [twiml_keypad.Said(plain(said.text), said.language) for said in says], {}
        sounds = {secrets.token_urlsafe(16): KeypadSound(said.text, said.language, said.rate) for said in says}
        base = f"{self._paths.prefix}/twilio/sound/{session.call_sid}"
        return [twiml_keypad.Played(f"{base}/{name}.wav") for name in sounds], sounds

    def _lock(self, call_sid: str) -> threading.Lock:
        return self._locks[hash(call_sid) % _LOCKS]


def _caller(session: KeypadSession) -> Caller:
    return Caller(session.call_sid, session.number, session.language, channel="keypad")


def _event() -> Keyed | NoInput:
    """What the caller pressed, of what Twilio tells in the present request.

    As in a stream: a star drops the digits before it, and where none follow, the question is heard again.
    """
    keys = "".join(_KEYS.findall(parameters().get("Digits", "")[:_MOST_KEYS])).strip("#").partition("#")[0]
    before, star, digits = keys.rpartition("*")
    if digits:
        return Keyed(digits)
    if star:
        return Keyed("#" if before.strip("*") else "*")
    # Where a hash ends entries, a lone one comes without digits.
    hashed = "#" in (parameters().get("Digits", "")[:1], parameters().get("FinishedOnKey"))
    return Keyed("#") if hashed else NoInput()
