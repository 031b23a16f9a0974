"""The way to people, as TwiML after the stream, as a Flask blueprint.

/twilio/after-dial           the agent's leg ended
/twilio/after-queue          the caller left the agents' queue
"""

from __future__ import annotations

from flask import Blueprint, Response

from telephony import twiml
from telephony.exchange import Exchange
from telephony.twilio_requests import TwilioRequests, parameters
from voicebot.config import Configuration

_QUEUE_SERVED = frozenset({"bridged", "bridging-in-process", "hangup", "redirected", "redirected-from-bridged"})


class PeopleDesk:
    """Answers for people: rings them, queues callers for them."""

    def __init__(self, configuration: Configuration, exchange: Exchange) -> None:
        self._configuration = configuration
        self._paths = twiml.Paths.below(configuration.public_url)
        self._limits = exchange.limits
        self._states = exchange.states
        self._requests = TwilioRequests(exchange)

    def blueprint(self) -> Blueprint:
        """The routes below /twilio."""
        views = {"/after-dial": self._after_dial, "/after-queue": self._after_queue}
        return self._requests.blueprint("people", views, on_error=self._nobody)

    def take(self, *, language: str, phrase: twiml.Phrase = "to_people", queue: str = "") -> Response:
        """Answer the present webhook by giving its caller to people.

        `phrase`: what the caller is told; `queue`: whom to, where the dialogue named somebody.
        """
        number = self._configuration.agent_number
        if number:
            document = twiml.dial_agent(
                number, self._paths.after_dial, language=language, rings_s=self._limits.agent_rings_s, phrase=phrase
            )
            return self._requests.twiml(document, "dial")
        document = twiml.queue_caller(
            queue or self._configuration.agent_queue, self._paths.after_queue, language=language, phrase=phrase
        )
        return self._requests.twiml(document, "queue")

    def _after_dial(self) -> Response:
        status = parameters().get("DialCallStatus", "")
        # `completed` also means an agent who answered and was never bridged.
        if status in ("completed", "answered") and parameters().get("DialBridged", "true") != "false":
            return self._requests.twiml(twiml.hang_up(), "hang_up")
        return self._nobody()

    def _after_queue(self) -> Response:
        if parameters().get("QueueResult", "") in _QUEUE_SERVED:
            return self._requests.twiml(twiml.hang_up(), "hang_up")
        return self._nobody()

    def _nobody(self) -> Response:
        state = self._states.find(parameters()["CallSid"])
        language = state.language if state else self._configuration.language
        return self._requests.twiml(twiml.apologise(language=language), "nobody")
