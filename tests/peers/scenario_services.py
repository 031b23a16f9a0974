"""The services that scenarios call, and how a scenario is held."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from peers.service_process import PUBLIC_URL, TOKEN, ServiceProcess, serving
from peers.twiml_phone import Caller, Journey, TwimlPhone

ROOT = Path(__file__).parents[2]

QUICK = {
    "VOICEBOT_VOICES": '{"ko": "pyttsx3", "en": "pyttsx3"}',
    "VOICEBOT_ENCODER": "",
    "VOICEBOT_SECOND_LISTENER": "false",
}
"""What starts quickly on every machine."""
NO_SPEECH = '{"vosk-ko": "/absent", "vosk-en-small": "/absent", "whisper-base": "/absent"}'
"""Speech can't be loaded: every call is held by keys."""
AGENTS = ("+82215880001", "+82215880002", "+82215880003")


@dataclass(frozen=True)
class Office:
    """A service and a phone that calls it."""

    service: ServiceProcess
    phone: TwimlPhone

    async def call(self, caller: Caller, **options: Any) -> Journey:
        """One call; two minutes are too long."""
        return await asyncio.wait_for(self.phone.travel(caller, **options), 120)

    def said(self, journey: Journey) -> str:
        """All that the bot said, by the turn log."""
        turns = httpx.get(
            f"{self.service.local_url}/api/v1/calls/{journey.call_sid}/turns", trust_env=False, timeout=10
        ).json()
        return "\n".join(turn["text"] for turn in turns if turn["who"] == "bot")

    def log_lines(self) -> list[dict[str, Any]]:
        """The log's entries; raises ValueError where one is broken in two."""
        lines = self.service.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextlib.contextmanager
def office(folder: Path, *options: str, token: str = TOKEN, **settings: str) -> Iterator[Office]:
    """A service of its own; settings by their names without VOICEBOT_."""
    folder.mkdir(exist_ok=True)
    environment = {f"VOICEBOT_{name.upper()}": value for name, value in settings.items()}
    environment |= {"TWILIO_AUTH_TOKEN": token}
    with serving(folder, ROOT, QUICK | environment, options) as service:
        yield Office(service, TwimlPhone(service.local_url, PUBLIC_URL, token))
