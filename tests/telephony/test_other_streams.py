"""Another provider's media streams: one class more, and the same socket. Its messages are shaped like Telnyx's."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from typing import Any

from telephony.call_states import CallState
from telephony.media_socket import MediaSocket
from telephony.media_stream import (
    MU_LAW,
    Connected,
    Event,
    Key,
    Marked,
    Media,
    Reason,
    Refused,
    Started,
    Stopped,
)
from telephony.phone.virtual_time import run
from telephony.server import create_app
from tests.telephony.twilio_side import FRAME, PUBLIC, TOKEN, Bot, Conversation, Wire, call_sid, sign
from voicebot.channel import Outcome
from voicebot.config import Configuration


class OtherStream:
    """Other names of fields, no stream in what is sent, numbers for what Twilio writes as text."""

    def __init__(self, most_chars: int) -> None:
        self.most_chars = most_chars
        self.stream_sid, self.lost_ms = "", 0
        self.refused: Counter[Reason] = Counter()

    def receive(self, message: str | bytes, at_ms: int) -> Event:
        try:
            if len(message) <= self.most_chars:
                return self._event(json.loads(message))
        except (ValueError, KeyError, TypeError):
            pass
        self.refused[Reason.NOT_JSON] += 1
        return Refused(Reason.NOT_JSON)

    def _event(self, data: dict[str, Any]) -> Event:
        match data["event"]:
            case "start":
                start, self.stream_sid = data["start"], data["stream_id"]
                call = start["call_control_id"]
                return Started(self.stream_sid, call, "", ("inbound",), MU_LAW, start["custom_parameters"])
            case "media":
                return Media(base64.b64decode(data["media"]["payload"]))
            case "dtmf":
                return Key(data["dtmf"]["digit"])
            case "mark":
                return Marked(data["mark"]["name"])
            case "stop":
                return Stopped()
        return Connected()

    def media(self, frame: bytes) -> str:
        return json.dumps({"event": "media", "media": {"payload": base64.b64encode(frame).decode()}})

    def mark(self, name: str) -> str:
        return json.dumps({"event": "mark", "mark": {"name": name}})

    def clear(self) -> str:
        return json.dumps({"event": "clear"})


def test_a_call_over_another_providers_stream() -> None:
    async def script(conversation: Conversation) -> Outcome:
        conversation.say(0.2, "greeting")
        await conversation.said("greeting")
        while "1" not in conversation.keys:
            await asyncio.sleep(0.02)
        return Outcome("hang_up", "goodbye")

    async def test() -> None:
        bot = Bot(script)
        app = create_app(Configuration(twilio_auth_token=TOKEN, public_url=PUBLIC), bot)  # type: ignore[arg-type]
        exchange = app.exchange
        exchange.states.open(CallState(call_sid(), "+821012345678", "ko"))
        exchange.states.change(call_sid(), streams=1)
        exchange.places.announce(call_sid())
        wire = Wire(
            MediaSocket(exchange, bot, OtherStream),
            headers={"x-twilio-signature": sign("wss://bot.example.com/twilio/media")},
        )
        parameters = {"token": exchange.tokens.issue(call_sid(), 1)}

        def send(event: str, **body: Any) -> None:
            wire.send_text(json.dumps({"event": event, "stream_id": "s-1", "sequence_number": 1, **body}))

        wire.on_message = lambda message: send("mark", mark=message["mark"]) if message["event"] == "mark" else None
        send("connected", version="1.0.0")
        send("start", start={"call_control_id": call_sid(), "custom_parameters": parameters})
        for _ in range(50):
            send("media", media={"track": "inbound", "payload": base64.b64encode(FRAME).decode()})
            await asyncio.sleep(0.02)
        wire.send_text("rubbish")
        send("dtmf", dtmf={"digit": "1"})
        await wire.task
        sent = [message for _, message in wire.out]
        sound = b"".join(base64.b64decode(m["media"]["payload"]) for m in sent if m["event"] == "media")
        assert len(sound) == 10 * len(FRAME)
        assert all("streamSid" not in message for message in sent)
        assert wire.close_code == 1000
        state = exchange.states.find(call_sid())
        assert state is not None
        assert state.outcome == Outcome("hang_up", "goodbye")

    run(test())
