"""The way to people, by TwiML after the stream: ring one agent after another, queue, then a call-back or voicemail.

    /twilio/to-people     a call that was led here by Twilio's API
    /twilio/after-dial    an agent's leg ended, or never came about
    /twilio/wait          what is heard in the queue; asked again and again
    /twilio/wait-chosen   a waiting caller pressed a key
    /twilio/after-queue   the caller left the queue

Beside it `agents` (what the agent hears) and `leaving` (what callers leave when nobody is there).
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import structlog
from flask import Blueprint, Response, request

from telephony import twiml
from telephony.call_states import CallState
from telephony.exchange import Exchange
from telephony.people import documents
from telephony.people.agents import Agents
from telephony.people.journey import Journey, PeoplePaths
from telephony.people.leaving import Leaving
from telephony.people.phrases import Phrase, said
from telephony.people.waiting import WaitEstimates
from telephony.twilio_requests import TwilioRequests, parameters, persons_number
from voicebot.channel import AGENT
from voicebot.config import Configuration
from voicebot.failure import place
from voicebot.office import Office
from voicebot.store.hand_overs import HandOverContext

_log = structlog.get_logger(__name__)

_SERVED = frozenset({"bridged", "bridging-in-process"})
_GONE = frozenset({"hangup", "redirected", "redirected-from-bridged"})
_LONG_WAIT_S = 1800
_WISHES = {"1": "callback", "2": "voicemail"}


class PeopleDesk:
    """Gives callers to people. Every way through it ends: numbers, menus and waits are bounded."""

    def __init__(self, configuration: Configuration, exchange: Exchange, office: Office) -> None:
        self._configuration = configuration
        self._paths = PeoplePaths(configuration.public_url)
        self._limits = exchange.limits
        self._states = exchange.states
        self._office = office
        self._requests = TwilioRequests(exchange)
        self._waits = WaitEstimates()
        self._leaving = Leaving(configuration, exchange, office, self._paths, self._requests)
        self._agents = Agents(configuration, exchange, office, self._paths, self._requests)

    def blueprint(self) -> Blueprint:
        """The routes below /twilio."""
        views = {
            "/to-people": self._to_people,
            "/after-dial": self._after_dial,
            "/wait": self._wait,
            "/wait-chosen": self._wait_chosen,
            "/after-queue": self._after_queue,
            **self._leaving.views(),
            **self._agents.views(),
        }
        return self._requests.blueprint("people", views, on_error=self._apologise)

    def take(self, *, language: str, phrase: Phrase = "to_people", queue: str = "") -> Response:
        """Answer the present webhook by giving its caller to people.

        `phrase`: what the caller is told, and why people take over where the dialogue did not say: `to_people`,
        `full`, `trouble`. `queue`: whom to, where the dialogue named somebody.
        """
        if queue.startswith(AGENT) and queue not in self._configuration.agent_numbers:
            queue = ""  # no telephone of the agent is known: the caller waits where all agents look
        journey = Journey(language, queue or self._configuration.agent_queue)
        try:
            self._context(journey, phrase)
        except Exception as error:  # what the agent is told must not cost the caller the agent
            _log.error("an agent will be told nothing", error=type(error).__name__, place=place(error))
        return self._onward(journey, phrase)

    # From one step to the next

    def _onward(self, journey: Journey, phrase: Phrase) -> Response:
        if not self._office.hours().is_open(self._office.now()):
            return self._leaving.closed(journey)
        numbers = self._numbers(journey.queue)
        if journey.rung < len(numbers):
            return self._ring(journey, numbers[journey.rung], phrase)
        if journey.rung:
            phrase = "queued"
        if self._configuration.taskrouter_workflow:
            return self._task(journey, phrase)
        if self._configuration.queue_longest_s:
            return self._queue(journey, phrase)
        return self._leaving.offer(journey, "nobody")

    def _numbers(self, queue: str) -> list[str]:
        usual = [self._configuration.agent_number] if self._configuration.agent_number else []
        return self._configuration.agent_numbers.get(queue, usual)[: self._limits.agents_rung]

    def _ring(self, journey: Journey, number: str, phrase: Phrase) -> Response:
        call_sid = parameters()["CallSid"]
        warm = self._configuration.transfer == "warm"
        document = documents.ring(
            [said(journey.language, phrase)],
            number,
            self._paths.to("after-dial", journey),
            language=journey.language,
            rings_s=self._limits.agent_rings_s,
            whisper=self._paths.to("whisper", journey.afresh(), call=call_sid) if warm else "",
        )
        return self._requests.twiml(document, "dial")

    def _queue(self, journey: Journey, phrase: Phrase) -> Response:
        document = documents.queue(
            [said(journey.language, phrase)],
            journey.queue,
            self._paths.to("after-queue", journey),
            self._paths.to("wait", journey.afresh()),
            language=journey.language,
        )
        return self._requests.twiml(document, "queue")

    def _task(self, journey: Journey, phrase: Phrase) -> Response:
        context = self._context(journey, phrase)
        attributes: dict[str, Any] = {
            "call_sid": context.call_id,
            "from": context.number,
            "queue": journey.queue,
            "intent": context.intents[-1] if context.intents else "",
            "language": context.language,
            "feeling": str(context.feeling.get("name", "")),
            "priority": context.priority,
            "reason": context.reason,
            "summary": context.summary(self._configuration.agent_language or self._configuration.language),
        }
        document = documents.task(
            [said(journey.language, phrase)],
            self._configuration.taskrouter_workflow,
            attributes,
            self._paths.to("after-queue", journey),
            self._paths.to("wait", journey.afresh()),
            language=journey.language,
            priority=context.priority,
            timeout_s=max(self._configuration.queue_longest_s, 1),
        )
        return self._requests.twiml(document, "task")

    def _context(self, journey: Journey, reason: str) -> HandOverContext:
        """What is known of the caller; of those who never spoke with the bot that is little."""
        call_sid = parameters()["CallSid"]
        context = self._office.hand_overs.find(call_sid)
        if context is None:
            now = self._office.now().astimezone(UTC).isoformat(timespec="seconds")
            context = HandOverContext(
                call_sid, now, reason, journey.queue, journey.language, number=persons_number(parameters())
            )
            self._office.hand_overs.put(context)
        return context

    # Routes

    def _to_people(self) -> Response:
        journey = Journey.read(request.args, language=self._configuration.language)
        return self.take(language=journey.language, queue=journey.queue)

    def _after_dial(self) -> Response:
        asked, journey = parameters(), self._journey()
        status = asked.get("DialCallStatus", "")
        # `completed` also means an agent who answered, and declined.
        if status in ("completed", "answered") and asked.get("DialBridged", "true") != "false":
            self._note("served")
            return self._requests.twiml(twiml.hang_up(), "hang_up")
        self._note(f"rang {journey.rung + 1}: {'declined' if status == 'completed' else status[:16] or 'no result'}")
        return self._onward(journey.onward(), "next_agent")

    def _after_queue(self) -> Response:
        asked, journey = parameters(), self._journey()
        result = asked.get("QueueResult", "")
        waited_s = _number(asked.get("QueueTime", ""))
        self._note(f"queue {journey.queue}: {result[:24] or 'no result'} after {waited_s} s")
        if result in _SERVED:
            self._waits.served(asked["CallSid"], journey.queue, waited_s)
        if result in _SERVED | _GONE:
            return self._requests.twiml(twiml.hang_up(), "hang_up")
        state = self._states.find(asked["CallSid"])
        match state.wish if state and result == "leave" else "":
            case "callback":
                return self._leaving.callback(journey)
            case "voicemail":
                return self._leaving.voicemail(journey)
        return self._leaving.offer(journey, "waited_long" if result == "leave" else "nobody")

    def _wait(self) -> Response:
        asked, journey = parameters(), self._journey()
        language = journey.language
        waited_s = _number(asked.get("QueueTime", ""))
        if waited_s >= self._configuration.queue_longest_s:
            return self._requests.twiml(documents.leave(language=language), "leave")
        position = _number(asked.get("QueuePosition", ""))
        self._waits.seen(asked["CallSid"], position)
        texts = [said(language, "while_waiting")]
        if position:
            average_s = _number(asked.get("AvgQueueTime", ""))
            estimate = self._waits.estimate(journey.queue, position, average_s)
            texts = [said(language, "place", place=position), *_expected(language, estimate), *texts]
        document = documents.waiting(
            texts,
            self._paths.to("wait-chosen", journey),
            self._paths.to("wait", journey),
            language=language,
            pause_s=self._limits.announce_every_s,
            music=self._configuration.hold_music,
        )
        return self._requests.twiml(document, "wait")

    def _wait_chosen(self) -> Response:
        asked, journey = parameters(), self._journey()
        wish = _WISHES.get(asked.get("Digits", ""), "")
        if not wish:
            return self._requests.twiml(documents.redirect(self._paths.to("wait", journey)), "wait")
        number = persons_number(asked)
        self._states.open(CallState(asked["CallSid"], number=number, language=journey.language))
        self._states.change(asked["CallSid"], wish=wish)
        return self._requests.twiml(documents.leave(language=journey.language), "leave")

    def _apologise(self) -> Response:
        """A mistake of ours on the way: no store is asked any more."""
        language = Journey.read(request.args, language=self._configuration.language).language
        texts = [said(language, "nobody"), said(language, "call_again"), said(language, "bye")]
        return self._requests.twiml(documents.say_and_hang_up(texts, language=language), "nobody")

    def _journey(self) -> Journey:
        state = None if "l" in request.args else self._states.find(parameters()["CallSid"])
        return Journey.read(request.args, language=state.language if state else self._configuration.language)

    def _note(self, step: str) -> None:
        self._office.hand_overs.note(parameters()["CallSid"], step)


def _expected(language: str, seconds: float | None) -> list[str]:
    if seconds is None:
        return []
    if seconds <= 60:
        return [said(language, "soon")]
    if seconds > _LONG_WAIT_S:
        return [said(language, "half_an_hour")]
    return [said(language, "minutes", minutes=-int(-seconds // 60))]


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0
