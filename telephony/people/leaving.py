"""What callers leave when nobody can talk to them: the wish to be called back, or a message.

/twilio/offer             the choice between the two, once more
/twilio/offer-chosen      a key was pressed there
/twilio/callback-number   whether the number is right: 1 yes, 2 another one; silence means yes
/twilio/callback-keyed    another number was keyed in
/twilio/after-voicemail   a message was recorded
/twilio/voicemail-empty   nothing was said
/twilio/voicemail-kept    Twilio has the sound ready
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import structlog
from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from telephony.exchange import Exchange
from telephony.people import documents
from telephony.people.journey import Journey, PeoplePaths
from telephony.people.phrases import Phrase, national, said
from telephony.twilio_requests import TwilioRequests, View, parameters, persons_number
from voicebot.config import Configuration
from voicebot.hours_said import next_said, week_said
from voicebot.nlu.entities.phones import phone_number
from voicebot.office import Office
from voicebot.store.voicemails import Voicemail

_log = structlog.get_logger(__name__)


class Leaving:
    """Answers where no person does."""

    def __init__(
        self,
        configuration: Configuration,
        exchange: Exchange,
        office: Office,
        paths: PeoplePaths,
        requests: TwilioRequests,
    ) -> None:
        self._configuration = configuration
        self._limits = exchange.limits
        self._states = exchange.states
        self._office = office
        self._paths = paths
        self._requests = requests

    def views(self) -> dict[str, View]:
        """The routes below /twilio."""
        return {
            "/offer": self._offer_again,
            "/offer-chosen": self._offer_chosen,
            "/callback-number": self._callback_number,
            "/callback-keyed": self._callback_keyed,
            "/after-voicemail": self._after_voicemail,
            "/voicemail-empty": self._voicemail_empty,
            "/voicemail-kept": self._voicemail_kept,
        }

    def closed(self, journey: Journey) -> Response:
        """Nobody works at this time: say when somebody does, and what can be done meanwhile."""
        language, hours, now = journey.language, self._office.hours(), self._office.now()
        texts = [said(language, "holiday" if hours.is_holiday(now) else "closed")]
        if week := week_said(hours, language):
            texts.append(said(language, "week", week=week))
        if upcoming := next_said(hours, now, language):
            texts.append(said(language, "open_again", next=upcoming))
        match hours.outside:
            case "voicemail":
                return self.voicemail(journey, texts)
            case "callback":
                return self.callback(journey, texts)
            case "message":
                return self._farewell(journey, texts)
        return self._menu(journey, texts)

    def offer(self, journey: Journey, phrase: Phrase) -> Response:
        """Nobody can take the call: a call-back or a message."""
        return self._menu(journey.afresh(), [said(journey.language, phrase)])

    def callback(self, journey: Journey, texts: Sequence[str] = ()) -> Response:
        """Ask whether the caller's number is the one to call; without one that may be called, ask for it."""
        number = persons_number(parameters())
        return self._confirm(journey, number, texts) if self._may_call(number) else self._ask_number(journey, texts)

    def voicemail(self, journey: Journey, texts: Sequence[str] = ()) -> Response:
        """Record a message, with the sentence that makes it a consent to stay on the line."""
        language = journey.language
        document = documents.record(
            [*texts, said(language, "voicemail")],
            self._paths.to("after-voicemail", journey),
            self._paths.to("voicemail-kept", journey, k=persons_number(parameters())),
            self._paths.to("voicemail-empty", journey),
            language=language,
            longest_s=self._limits.voicemail_s,
        )
        return self._requests.twiml(document, "voicemail")

    # The choice

    def _menu(self, journey: Journey, texts: Sequence[str]) -> Response:
        language = journey.language
        document = documents.menu(
            [*texts, said(language, "choice")],
            self._paths.to("offer-chosen", journey),
            self._paths.to("offer", journey.again()),
            language=language,
        )
        return self._requests.twiml(document, "offer")

    def _offer_again(self) -> Response:
        journey = self._journey()
        return self._menu(journey, ()) if journey.asked < self._limits.menu_asks else self._farewell(journey)

    def _offer_chosen(self) -> Response:
        journey = self._journey()
        key = parameters().get("Digits", "")
        if key == "1":
            return self.callback(journey.afresh())
        if key == "2":
            return self.voicemail(journey.afresh())
        journey = journey.again()
        if journey.asked >= self._limits.menu_asks:
            return self._farewell(journey)
        return self._menu(journey, () if key == "*" else [said(journey.language, "unknown_key")])

    def _farewell(self, journey: Journey, texts: Sequence[str] = ()) -> Response:
        language = journey.language
        if not texts:
            upcoming = next_said(self._office.hours(), self._office.now(), language)
            texts = [said(language, "open_again", next=upcoming) if upcoming else said(language, "call_again")]
        document = documents.say_and_hang_up([*texts, said(language, "bye")], language=language)
        return self._requests.twiml(document, "nobody")

    # Call-backs

    def _may_call(self, number: str) -> bool:
        """Whether a number may be dialled at our cost."""
        return number.startswith(tuple(self._configuration.callback_prefixes)) and number.startswith("+")

    def _confirm(self, journey: Journey, number: str, texts: Sequence[str] = ()) -> Response:
        language = journey.language
        answered = self._paths.to("callback-number", journey, k=number)
        texts = [*texts, said(language, "number_known", number=national(number))]
        return self._requests.twiml(documents.menu(texts, answered, answered, language=language), "callback")

    def _ask_number(self, journey: Journey, texts: Sequence[str] = ()) -> Response:
        language = journey.language
        keyed = self._paths.to("callback-keyed", journey)
        texts = [*texts, said(language, "number_wanted")]
        return self._requests.twiml(documents.number_entry(texts, keyed, keyed, language=language), "callback")

    def _callback_number(self) -> Response:
        journey = self._journey()
        number = request.args.get("k", "")
        key = parameters().get("Digits", "")
        if key == "2":
            return self._ask_number(journey.afresh())
        if key not in ("", "1") and journey.asked + 1 < self._limits.menu_asks:
            return self._confirm(journey.again(), number)
        return self._note_callback(journey, number)

    def _callback_keyed(self) -> Response:
        journey = self._journey()
        number = phone_number(parameters().get("Digits", ""), english=journey.language == "en") or ""
        if self._may_call(number):
            return self._confirm(journey.afresh(), number)
        journey = journey.again()
        if journey.asked >= self._limits.menu_asks:
            return self.voicemail(journey.afresh())
        return self._ask_number(journey, [said(journey.language, "number_wrong")])

    def _note_callback(self, journey: Journey, number: str) -> Response:
        language = journey.language
        call_sid = parameters()["CallSid"]
        context = self._office.hand_overs.find(call_sid)
        now = self._office.now()
        if not self._may_call(number):
            return self._ask_number(journey)
        try:
            self._office.callbacks.add(
                number,
                "people",
                context.summary(language) if context else "",
                now,
                language=language,
                context={"call_id": call_sid, "queue": journey.queue},
            )
        except SQLAlchemyError as error:
            _log.error("a call-back could not be put down", call_sid=call_sid, error=type(error).__name__)
            return self.voicemail(journey)
        self._office.hand_overs.note(call_sid, "call-back asked for")
        upcoming = next_said(self._office.hours(), now, language)
        kept = said(language, "callback_later", next=upcoming) if upcoming else said(language, "callback_now")
        document = documents.say_and_hang_up([kept, said(language, "bye")], language=language)
        return self._requests.twiml(document, "callback_kept")

    # Messages

    def _after_voicemail(self) -> Response:
        told = parameters()
        if told.get("RecordingDuration") == "0" and told.get("Digits") != "hangup":
            return self._voicemail_empty()
        language = self._journey().language
        self._keep_voicemail(persons_number(told))
        document = documents.say_and_hang_up(
            [said(language, "voicemail_kept"), said(language, "bye")], language=language
        )
        return self._requests.twiml(document, "voicemail_kept")

    def _voicemail_empty(self) -> Response:
        journey = self._journey().again()
        if journey.asked >= self._limits.menu_asks - 1:
            return self._farewell(journey)
        return self.voicemail(journey, [said(journey.language, "voicemail_empty")])

    def _voicemail_kept(self) -> Response:
        if parameters().get("RecordingStatus", "completed") == "completed":
            self._keep_voicemail(request.args.get("k", ""))
        return self._requests.nothing()

    def _keep_voicemail(self, number: str) -> None:
        """Twilio tells of a message twice: when it was taken, and when its sound is ready. One of them suffices."""
        told, journey = parameters(), self._journey()
        call_sid, recording_sid = told["CallSid"], told.get("RecordingSid", "")
        if not recording_sid:
            return
        context = self._office.hand_overs.find(call_sid)
        seconds = told.get("RecordingDuration", "")
        voicemail = Voicemail(
            recording_sid=recording_sid[:64],
            call_id=call_sid,
            number=number,
            language=journey.language,
            at=self._office.now().astimezone(UTC).isoformat(timespec="seconds"),
            seconds=int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 7 else 0,
            url=told.get("RecordingUrl", "")[:500],
            summary=context.summary(journey.language) if context else "",
        )
        try:
            if self._office.voicemails.add(voicemail):
                self._office.hand_overs.note(call_sid, f"voicemail {recording_sid[:64]}")
        except SQLAlchemyError as error:
            _log.error("a voicemail could not be noted", call_sid=call_sid, error=type(error).__name__)

    def _journey(self) -> Journey:
        return Journey.read(request.args, language=self._configuration.language)
