"""The agents' desk, put together: lines to browser callers, and what the telephone can do for agents."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import requests
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from telephony.agent_line_bridge import LineBridge
from telephony.agent_line_end import SendText, Texts
from telephony.agent_line_link import LineLink, pass_on
from telephony.agent_line_ports import Captioned, LinePorts, Listening
from telephony.agent_line_socket import AgentSocket
from telephony.agent_lines import AgentLines
from telephony.callbacks import CallbackRounds, CallbackSettingsError
from telephony.people.journey import Journey, PeoplePaths
from telephony.twilio_rest import CredentialsError, RestError, open_calls
from voicebot.audio.format import Pcm
from voicebot.channel import Answering
from voicebot.config import Configuration
from voicebot.console.access.guard import Access
from voicebot.console.agents.application import add_desk
from voicebot.console.agents.scene import DeskScene
from voicebot.console.asgi import asgi_routes
from voicebot.dialogue.engine import Dialogue
from voicebot.errors import VoicebotError
from voicebot.knowledge.base import KnowledgeBase
from voicebot.live.desk import DeskQueue
from voicebot.live.desk_phone import PhoneCallers
from voicebot.live.desk_records import DeskRecords, Fit
from voicebot.office import Office
from voicebot.privacy.redactor import redact
from voicebot.store.bus import Bus
from voicebot.store.history.database import Database
from voicebot.store.history.reading import History
from voicebot.store.live import LiveStore
from voicebot.store.voicemails import Voicemail

_log = structlog.get_logger(__name__)

_OR_BY = " redis:"
"""Between the address for workers of this host and the one for other hosts."""
_MESSAGE_WITHIN_S = 20.0
_LARGEST_MESSAGE = 20 * 2**20


class DeskService(Answering, Protocol):
    """What the desk needs of the service; `voicebot.service.Service` is one."""

    live: LiveStore
    bus: Bus

    @property
    def dialogue(self) -> Dialogue | None: ...
    @property
    def office(self) -> Office: ...
    @property
    def knowledge(self) -> Mapping[str, KnowledgeBase]: ...
    def speak(self, text: str, language: str) -> Pcm: ...
    def captions(self, language: str, told: Captioned) -> Listening | None: ...


class TelephoneError(VoicebotError):
    """The telephone can't do what an agent asks."""


class DeskTelephone:
    """Implements `voicebot.console.agents.scene.Telephone` through Twilio."""

    def __init__(self, configuration: Configuration, office: Office) -> None:
        self._configuration, self._office = configuration, office
        self._paths = PeoplePaths(configuration.public_url)

    def can_ring(self, agent: str) -> bool:
        """See `Telephone`: the agent has numbers of their own in `agent_numbers`, and calls can be moved."""
        return bool(self._configuration.agent_numbers.get(agent) and self._has_account)

    def ring(self, call: str, agent: str, language: str) -> None:
        """See `Telephone`."""
        origin = "/".join(self._configuration.public_url.split("/")[:3])
        url = origin + self._paths.to("to-people", Journey(language, agent))
        try:
            open_calls(self._configuration).move(call, url)
        except (RestError, CredentialsError) as error:
            raise TelephoneError(f"the call could not be led to your telephone: {error}") from None

    @property
    def can_call_back(self) -> bool:
        """See `Telephone`."""
        return self._has_account and bool(self._configuration.twilio_number)

    def call_back(self) -> None:
        """See `Telephone`. In a thread of its own: a call a second is made."""
        try:
            rounds = CallbackRounds(self._configuration, self._office, open_calls(self._configuration))
        except (CallbackSettingsError, CredentialsError) as error:
            raise TelephoneError(str(error)) from None

        def run() -> None:
            try:
                rounds.run()
            except SQLAlchemyError as error:
                _log.error("call-backs can't be looked up", error=type(error).__name__)

        threading.Thread(target=run, name="call-backs", daemon=True).start()

    def message(self, voicemail: Voicemail) -> bytes:
        """See `Telephone`. The sound stays with Twilio, which gives it to the account only."""
        parts = urlsplit(voicemail.url)
        if parts.scheme != "https" or not (parts.hostname or "").endswith(".twilio.com"):
            raise TelephoneError("the message is not where messages are kept; its sound can't be fetched.")
        account = (
            self._configuration.twilio_account_sid,
            self._configuration.twilio_auth_token.get_secret_value(),
        )
        try:
            answer = requests.get(
                f"{voicemail.url}.wav", auth=account, timeout=_MESSAGE_WITHIN_S, allow_redirects=False, stream=True
            )
            answer.raise_for_status()
            sound = answer.raw.read(_LARGEST_MESSAGE + 1, decode_content=True)
        except requests.RequestException as error:
            raise TelephoneError(
                f"the message could not be fetched ({type(error).__name__}); try again later."
            ) from None
        if len(sound) > _LARGEST_MESSAGE:
            raise TelephoneError("the message is too long to be played here.")
        return bytes(sound)

    @property
    def _has_account(self) -> bool:
        configuration = self._configuration
        token = configuration.twilio_auth_token.get_secret_value()
        return bool(configuration.twilio_account_sid and token and configuration.public_url)


class AgentDesk:
    """The desk of one worker. `people` and `answer` of its `lines` are for the browser phone."""

    def __init__(self, configuration: Configuration, service: DeskService, database: Database | None) -> None:
        """`database`: the history's; None where none is kept."""
        self._configuration, self._service, self._database = configuration, service, database
        self.queue = DeskQueue(service.live, service.bus)
        self.records = DeskRecords(database, _fit(configuration))
        self._phones = PhoneCallers(self.queue, service.office.hand_overs, service.bus)
        self._link = LineLink(configuration.var / "desk")
        redis_url = configuration.redis_url.get_secret_value()
        self._bridge = LineBridge(redis_url) if redis_url else None
        self._socket: AgentSocket | None = None
        self._address: str | None = None
        prefixes = tuple(configuration.callback_prefixes)
        self.lines = AgentLines(
            LinePorts(
                queue=self.queue,
                office=service.office,
                speak=service.speak,
                records=self.records,
                captions=service.captions,
                may_call=lambda number: number.startswith(prefixes),
                address=self._listening,
            ),
            service.bus,
            service,
        )

    def add_to(self, pages: Flask, access: Access) -> None:
        """Add /agent to the pages."""
        service, configuration = self._service, self._configuration
        scene = DeskScene(
            access=access,
            bus=service.bus,
            queue=self.queue,
            office=service.office,
            records=self.records,
            dialogue=lambda: service.dialogue,
            bases=lambda: service.knowledge,
            history=History(self._database) if self._database is not None else None,
            telephone=DeskTelephone(configuration, service.office) if configuration.twilio_account_sid else None,
            is_over=self._phones.is_over,
            queues=(configuration.agent_queue, *configuration.agent_numbers),
            now=service.office.now,
        )
        add_desk(pages, scene)
        self._socket = AgentSocket(self.lines, access, self._pass_on)
        asgi_routes(pages)["/agent/media"] = self._socket

    def close(self) -> None:
        """No line may be open."""
        self.lines.close()
        self._phones.close()
        self._link.forget()

    async def _pass_on(self, address: str, call: str, agent: str, shown: str, texts: Texts, send: SendText) -> None:
        """By the socket between workers of one host, or by Redis between hosts. Raises OSError."""
        path, _, bridge = address.partition(_OR_BY)
        if bridge and self._bridge is not None and not Path(path).exists():
            await self._bridge.pass_on(bridge, call, agent, shown, texts, send)
        else:
            await pass_on(path, call, agent, shown, texts, send)

    async def _listening(self) -> str:
        """The address of this worker's lines, which are open to other workers from the first caller on."""
        if self._address is None and self._socket is not None:
            try:
                await self._link.listen(self._socket.join)
                self._address = self._link.address
                if self._bridge is not None:
                    self._bridge.listen(self._socket.join)
                    self._address += _OR_BY + self._bridge.address
            except OSError as error:
                _log.error("agents of other workers can't reach this worker's callers", reason=error.strerror)
                self._address = ""
        return self._address or ""


def _fit(configuration: Configuration) -> Fit:
    """What is kept of an agent's words, as of callers'."""
    kept = configuration.keep_words
    if kept == "redacted":
        return redact
    return lambda text, _language: text if kept == "full" else ""
