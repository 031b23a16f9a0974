"""Calls by keys for tests: the real dialogues and demonstration back ends behind the real webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import numpy as np
from support.untrained import PROMPTS, untrained

from telephony.application import TelephonyApp
from telephony.phone.twiml import read
from telephony.server import create_app
from tests.telephony.twilio_side import PUBLIC, TOKEN, Bot, call_sid, sign
from voicebot.audio.format import Pcm
from voicebot.backends.port import Backend
from voicebot.backends.registry import open_backend
from voicebot.call.continuing import KeptCalls
from voicebot.call.keyed import KeyedCalls, KeyedConversation
from voicebot.call.rating_share import RatingShare
from voicebot.config import Configuration
from voicebot.store.call_log import CallLog
from voicebot.store.live import LiveStore, MemoryStore
from voicebot.tts.port import NORMAL, Style

TODAY = "2026-11-22"
POOL = ThreadPoolExecutor(4)

FORM = {"CallSid": call_sid(), "AccountSid": "AC" + "0" * 32, "From": "+821098704631", "To": "+8215881234"}


def backend_of(pack: str) -> Backend:
    return open_backend(untrained(pack).pack.backend, PROMPTS / pack, today=lambda: date.fromisoformat(TODAY))


class ToneVoice:
    """Stands in for an engine at its port; silent on demand."""

    def __init__(self, *, mute: bool = False) -> None:
        self.mute = mute

    def speak(self, text: str, language: str, style: Style = NORMAL, within_s: float = 0.0) -> Pcm:
        time = np.arange(0 if self.mute else 8 * 40 * len(text)) / 8000
        return (6000 * np.sin(2 * np.pi * 400 * time)).astype(np.int16)

    def is_ready(self, text: str, language: str, style: Style = NORMAL) -> bool:
        return True


class Service:
    """An application whose streams can't be had, unless told otherwise."""

    def __init__(
        self,
        pack: str = "shop",
        language: str = "ko",
        *,
        backend: Backend | None = None,
        voice: ToneVoice | None = None,
        live: LiveStore | None = None,
        log: CallLog | None = None,
        ready: bool = True,
        capacity: int = 0,
        loaded: bool = True,
        answer_within_s: float = 5.0,
        longest_s: int = 1800,
        rating_share: float = 0.0,
    ) -> None:
        self.live = live or MemoryStore()
        secret = frozenset(name for name, slot in untrained(pack).pack.slots.items() if slot.secret)
        conversation = KeyedConversation(
            untrained(pack),
            backend or backend_of(pack),
            asking=POOL,
            speaking=POOL,
            voice=voice,
            kept=KeptCalls(self.live, secret=secret),
            log=log,
            answer_within_s=answer_within_s,
            longest_s=longest_s,
            rating=RatingShare(rating_share),
        )
        self.calls = KeyedCalls(lambda _caller, _version: conversation if loaded else None, today=lambda: TODAY)
        configuration = Configuration(
            twilio_auth_token=TOKEN,  # type: ignore[arg-type]
            public_url=PUBLIC,
            pack=pack,
            language=language,  # type: ignore[arg-type]
        )
        self.app: TelephonyApp = create_app(
            configuration, Bot(), keyed=self.calls, live=self.live, ready=lambda: ready, capacity=lambda: capacity
        )

    def journal(self, sid: str) -> list[str]:
        kept = KeptCalls(self.live).find(sid)
        return [f"{entry.who}: {entry.text} {entry.decision}" for entry in kept.entries] if kept else []


class KeyedCaller:
    """Twilio's side of one call: follows the documents, presses keys in each <Gather>."""

    def __init__(self, service: Service, sid: str = "") -> None:
        self.service, self.sid = service, sid or call_sid()
        self.form = FORM | {"CallSid": self.sid}
        self.document = ElementTree.Element("Response")
        self.posts: list[tuple[str, dict[str, str]]] = []

    def post(self, path: str, parameters: Mapping[str, str] | None = None, **headers: str) -> Any:
        form = self.form | dict(parameters or {})
        self.posts.append((path, form))
        response = self.service.app.flask.test_client().post(
            path,
            data=urlencode(form),
            content_type="application/x-www-form-urlencoded",
            base_url="http://internal:8080",
            headers={"X-Twilio-Signature": sign(PUBLIC + path, form), **headers},
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        )
        if response.status_code == 200:
            read(response.data, response.mimetype, document_url=PUBLIC + path)
            self.document = ElementTree.fromstring(response.data)
        return response

    def get(self, path: str) -> Any:
        return self.service.app.flask.test_client().get(path, base_url="http://internal:8080")

    def call(self) -> str:
        """Dial; returns what is said."""
        self.post("/twilio/voice", {"CallStatus": "ringing"})
        return self.said

    def press(self, keys: str, **headers: str) -> str:
        """Press keys in the <Gather> that is open, as far as it takes them; returns what is said then."""
        gather = self.document.find("Gather")
        assert gather is not None, ElementTree.tostring(self.document, encoding="unicode")
        finish, most = gather.get("finishOnKey", "#"), int(gather.get("numDigits", "99"))
        digits, finished = keys, ""
        if finish and finish in keys:
            digits, finished = keys[: keys.index(finish)], finish
        self.post(gather.attrib["action"], {"Digits": digits[:most], "FinishedOnKey": finished}, **headers)
        return self.said

    @property
    def said(self) -> str:
        return " ".join(say.text or "" for say in self.document.iter("Say"))

    @property
    def verbs(self) -> list[str]:
        return [verb.tag for verb in self.document]

    @property
    def leaves(self) -> bool:
        """Whether the bot is done with the call."""
        return "Gather" not in self.verbs
