"""What happens on the agent's own leg before it is connected.

/twilio/whisper   the agent answered: a summary is spoken
/twilio/decided   the agent pressed a key: 1 takes the call, * hears it again, anything else declines
"""

from __future__ import annotations

from flask import Response, request

from telephony import twiml
from telephony.exchange import Exchange
from telephony.people import documents
from telephony.people.journey import Journey, PeoplePaths
from telephony.people.whisper import connected, whispered
from telephony.twilio_requests import TwilioRequests, View, parameters
from voicebot.config import Configuration
from voicebot.office import Office


class Agents:
    """The agent's side of a warm transfer."""

    def __init__(
        self,
        configuration: Configuration,
        exchange: Exchange,
        office: Office,
        paths: PeoplePaths,
        requests: TwilioRequests,
    ) -> None:
        self._language = configuration.agent_language or configuration.language
        self._limits = exchange.limits
        self._office = office
        self._paths = paths
        self._requests = requests

    def views(self) -> dict[str, View]:
        """The routes below /twilio."""
        return {"/whisper": self._whisper, "/decided": self._decided}

    def _whisper(self) -> Response:
        journey = self._journey()
        call_sid = request.args.get("call", "")
        context = self._office.hand_overs.find(call_sid)
        document = documents.decide(
            whispered(context, self._office.name(self._language), self._language),
            self._paths.to("decided", journey, call=call_sid),
            language=self._language,
            within_s=self._limits.agent_decides_s,
        )
        return self._requests.twiml(document, "whisper")

    def _decided(self) -> Response:
        journey = self._journey()
        call_sid = request.args.get("call", "")
        key = parameters().get("Digits", "")
        if key == "1":
            self._office.hand_overs.note(call_sid, f"agent {journey.rung + 1} took the call")
            document = documents.go_on([connected(self._language)], language=self._language)
            return self._requests.twiml(document, "accepted")
        if key == "*" and journey.asked + 1 < self._limits.menu_asks:
            again = self._paths.to("whisper", journey.again(), call=call_sid)
            return self._requests.twiml(documents.redirect(again), "whisper")
        return self._requests.twiml(twiml.hang_up(), "declined")

    def _journey(self) -> Journey:
        return Journey.read(request.args, language=self._language)
