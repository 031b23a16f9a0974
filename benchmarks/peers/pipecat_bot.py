"""A support bot made with pipecat and local models, on Twilio's media streams: what `calls.py` compares with.

Runs in an environment of its own (README.md): it imports nothing of voicebot. Silero VAD, smart-turn, faster-whisper,
Kokoro or Piper, all with pipecat's own defaults for the telephone, except where they would put pipecat at a
disadvantage here: models are loaded once a process, not once a call, and replies are spoken sentence by sentence.

What the caller meant is asked of a program that reads a text a line and writes a JSON object a line (`voicebot
understand - --json`); what is answered comes from a file: {"greeting", "nothing", "intents": {name: reply}}.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import shlex
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.whisper import stt as whisper
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.workers.runner import WorkerRunner

Turns = defaultdict[str, list[dict[str, Any]]]


class Understanding:
    """The program that tells what a text means."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *shlex.split(self._command), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        await self.intent("안녕하세요")

    async def intent(self, text: str) -> str | None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(text.replace("\n", " ").encode() + b"\n")
            await self._process.stdin.drain()
            found: str | None = json.loads(await self._process.stdout.readline())["intent"]
            return found


class Answers(FrameProcessor):
    """Says what belongs to what the caller said, when the caller's turn is over."""

    def __init__(self, understanding: Understanding, replies: dict[str, Any], turns: list[dict[str, Any]]) -> None:
        super().__init__()
        self._understanding, self._replies, self._turns = understanding, replies, turns
        self._heard: list[str] = []
        self._over = False
        """Whether the caller's turn is over: that may be known here before its last words are, which it overtakes."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self._heard.append(frame.text.strip())
        await self.push_frame(frame, direction)
        if isinstance(frame, UserStartedSpeakingFrame):
            self._over = False
        if isinstance(frame, UserStoppedSpeakingFrame):
            self._over = True
        if self._over and self._heard:
            text, self._heard = " ".join(self._heard), []
            intent = await self._understanding.intent(text)
            self._turns.append({"who": "caller", "text": text, "intent": intent, "listener": "pipecat"})
            await self.say(self._replies["intents"].get(intent) or self._replies["nothing"])

    async def say(self, text: str) -> None:
        self._turns.append({"who": "bot", "text": text})
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(text))
        await self.push_frame(LLMFullResponseEndFrame())


class CompactSerializer(TwilioFrameSerializer):
    """The same messages without spaces: the phones of a load test know media messages by their first bytes."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        message = await super().serialize(frame)
        return json.dumps(json.loads(message), separators=(",", ":")) if isinstance(message, str) else message


def speech(options: argparse.Namespace) -> Any:
    """The voice."""
    if options.voice == "kokoro":
        from pipecat.services.kokoro import tts as kokoro

        return kokoro.KokoroTTSService(
            model_path=str(options.voice_model / "model.onnx"),
            voices_path=str(options.voice_model / "voices.npz"),
            settings=kokoro.KokoroTTSService.Settings(voice="jf_gongitsune", language=options.voice_language),
        )
    from pipecat.services.piper import tts as piper

    return piper.PiperTTSService(
        download_dir=options.voice_model.parent,
        settings=piper.PiperTTSService.Settings(voice=options.voice_model.stem),
    )


def share_models(voice: str) -> None:
    """One of each model a process. Without this each call loads its own."""
    whisper.WhisperModel = functools.cache(whisper.WhisperModel)
    if voice == "kokoro":
        from pipecat.services.kokoro import tts as kokoro

        kokoro.Kokoro = functools.cache(kokoro.Kokoro)
    else:
        from pipecat.services.piper import tts as piper

        piper.PiperVoice.load = functools.cache(piper.PiperVoice.load)


def listening(options: argparse.Namespace) -> WhisperSTTService:
    return WhisperSTTService(
        device="cpu",
        compute_type="int8",
        settings=WhisperSTTService.Settings(model=str(options.whisper), language=options.language),
    )


async def converse(
    websocket: WebSocket, options: argparse.Namespace, understanding: Understanding, turns: Turns
) -> None:
    """One call."""
    _kind, call = await parse_telephony_websocket(websocket)
    serializer = CompactSerializer(
        stream_sid=call["stream_id"],
        call_sid=call["call_id"],
        params=CompactSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=serializer
        ),
    )
    answers = Answers(understanding, options.replies, turns[call["call_id"]])
    pipeline = Pipeline(
        [
            transport.input(),
            VADProcessor(vad_analyzer=SileroVADAnalyzer()),
            listening(options),
            UserTurnProcessor(),
            answers,
            speech(options),
            transport.output(),
        ]
    )
    worker = PipelineWorker(
        pipeline, params=PipelineParams(audio_in_sample_rate=16000, audio_out_sample_rate=8000), enable_rtvi=False
    )

    @transport.event_handler("on_client_connected")
    async def on_client_connected(_transport: Any, _client: Any) -> None:
        await answers.say(options.replies["greeting"])

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: Any, _client: Any) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def application(options: argparse.Namespace) -> FastAPI:
    understanding = Understanding(options.understand)
    turns: Turns = defaultdict(list)
    ready = asyncio.Event()

    @asynccontextmanager
    async def started(_app: FastAPI) -> AsyncIterator[None]:
        await understanding.start()
        share_models(options.voice)
        listening(options)
        speech(options)
        ready.set()
        yield

    app = FastAPI(lifespan=started)

    @app.get("/readyz")
    async def readyz() -> Response:
        return Response(json.dumps({"ready": ready.is_set()}), 200 if ready.is_set() else 503)

    @app.post("/twilio/voice")
    async def voice(request: Request) -> Response:
        stream = f"ws://{request.url.netloc}/stream"
        return Response(
            f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="{stream}"/></Connect></Response>',
            media_type="text/xml",
        )

    @app.post("/twilio/status")
    async def status() -> Response:
        return Response(status_code=204)

    @app.get("/api/v1/calls/{call_sid}/turns")
    async def log(call_sid: str) -> list[dict[str, Any]]:
        return turns[call_sid]

    @app.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await converse(websocket, options, understanding, turns)

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--whisper", type=Path, required=True, help="folder of a faster-whisper model")
    parser.add_argument("--language", default="ko", help="of the callers")
    parser.add_argument("--voice", choices=("kokoro", "piper"), default="kokoro")
    parser.add_argument("--voice-model", type=Path, required=True, help="folder with model.onnx, or Piper's .onnx file")
    parser.add_argument("--voice-language", default="ko")
    parser.add_argument("--understand", required=True, help="command of the program that understands")
    parser.add_argument("--replies", type=lambda path: json.loads(Path(path).read_text("utf-8")), required=True)
    options = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level=os.environ.get("LOGURU_LEVEL", "WARNING"))
    uvicorn.run(application(options), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
