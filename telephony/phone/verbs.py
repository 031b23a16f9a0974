"""What each TwiML verb does to a call."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import urljoin

import numpy as np

from telephony.phone.dialling import dial, enqueue
from telephony.phone.phone import BotHungUp, Call, CallerLeft, Goto
from telephony.phone.stream import MediaStream
from telephony.phone.transport import UnreachableError
from telephony.phone.twiml import Element
from telephony.phone.webhooks import WebhookError
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.mulaw import encode
from voicebot.audio.mulaw_wav import read_mulaw_wav
from voicebot.audio.wav import AudioFileError, read_wav

_S_PER_CHARACTER = 0.12
"""Seconds of silence for a character of a <Say> that nobody can speak."""


async def perform(call: Call, verb: Element, url: str) -> Goto | None:
    """Do one verb of the document at `url`. None: the next verb follows.

    Raises BotHungUp, CallerLeft, WebhookError, UnreachableError, TwimlError.
    """
    match verb.name:
        case "Connect":
            await MediaStream(call, verb.children[0], url).run()
            return following(verb, url)
        case "Redirect":
            return Goto(urljoin(url, verb.text), verb.get("method", "POST"), redirect=True)
        case "Hangup" | "Leave":
            raise BotHungUp
        case "Reject":
            raise BotHungUp("busy" if verb.get("reason") == "busy" else "no-answer")
        case "Dial":
            return await dial(call, verb, url)
        case "Enqueue":
            return await enqueue(call, verb, url)
        case "Gather":
            return await _gather(call, verb, url)
        case "Record":
            return await _record(call, verb, url)
        case _:
            sound = await prompt(call, verb, url)
            call.line.playout.add(encode(sound))
            await call.wait(lambda: call.line.playout.buffered_ms == 0)
            return None


def following(
    verb: Element, url: str, parameters: dict[str, str] | None = None, *, or_here: bool = False
) -> Goto | None:
    """The document that a verb's `action` names; this very document with `or_here` where it names none."""
    action = verb.get("action")
    if not action and not or_here:
        return None
    return Goto(urljoin(url, action), verb.get("method", "POST"), parameters)


async def prompt(call: Call, verb: Element, url: str) -> Pcm:
    """The sound of a <Say>, <Play> or <Pause>; a <Say> is noted."""
    match verb.name:
        case "Pause":
            return _silence(float(verb.get("length", "1")))
        case "Say":
            call.note("say", verb.text)
            language = verb.get("language", "en-US").partition("-")[0].lower()
            if call.settings.synthesise is None:
                sound = _silence(len(verb.text) * _S_PER_CHARACTER)
            else:
                loop = asyncio.get_running_loop()
                sound = await loop.run_in_executor(None, call.settings.synthesise, verb.text, language)
        case _:
            sound = await _played(call, verb, url)
    # loop="0" is Twilio's "for ever" (1000 times); twice proves as much.
    return np.tile(sound, min(int(verb.get("loop", "1")) or 2, 2))


async def _played(call: Call, verb: Element, url: str) -> Pcm:
    digits = verb.get("digits")
    if digits:
        return _silence(sum({"w": 0.5, "W": 1.0}.get(digit, 0.2) for digit in digits))
    target = urljoin(url, verb.text)
    try:
        reply = await call.transport.request("GET", target, {"User-Agent": "TwilioProxy/1.1"})
    except (UnreachableError, TimeoutError) as error:
        raise WebhookError(f"<Play> {target} can't be fetched: {error}") from None
    if reply.status != 200:
        raise WebhookError(f"<Play> {target} was answered with status {reply.status}.")
    if (mulaw := read_mulaw_wav(reply.body)) is not None:
        return mulaw
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "play.wav"
        file.write_bytes(reply.body)
        try:
            return read_wav(file)
        except AudioFileError:
            call.note("warning", f"<Play> {target} is no WAV file; this phone plays a second of silence instead")
            return _silence(1.0)


async def _gather(call: Call, verb: Element, url: str) -> Goto | None:
    """Collect keys, or one utterance whose words are known."""
    call.state = "gather"
    keys: list[str] = []
    finish = verb.get("finishOnKey", "#")
    most = int(verb.get("numDigits", "1000"))
    timeout_ms = float(verb.get("timeout", "5")) * 1000
    by_keys, by_voice = "dtmf" in verb.get("input", "dtmf"), "speech" in verb.get("input", "dtmf")
    heard_before = len(call.line.utterances)
    finished_by = ""
    since_ms = call.line.now_ms

    def on_key(key: str) -> None:
        nonlocal finished_by, since_ms
        since_ms = call.line.now_ms
        call.line.playout.clear()
        if key in finish and finish:
            finished_by = key
        else:
            keys.append(key)

    def words() -> str:
        said = [u.text for u in call.line.utterances[heard_before:] if u.text and u.done.is_set()]
        return said[0] if by_voice and said else ""

    def complete() -> bool:
        return bool(finished_by or len(keys) >= most or words())

    call.on_key = on_key if by_keys else None
    try:
        for child in verb.children:
            sound = await prompt(call, child, url)
            if keys or complete():
                break
            call.line.playout.add(encode(sound))
            await call.wait(lambda: call.line.playout.buffered_ms == 0 or complete())
        since_ms = max(since_ms, call.line.now_ms)
        await call.wait(
            lambda: (
                complete()
                or call.line.now_ms - max(since_ms, call.line.caller_voice_ms if by_voice else 0) >= timeout_ms
            )
        )
    finally:
        call.on_key = None
        call.line.playout.clear()
    spoken = words()
    if spoken and not keys:
        return following(verb, url, {"SpeechResult": spoken, "Confidence": "0.9"}, or_here=True)
    if keys or verb.get("actionOnEmptyResult") == "true":
        return following(verb, url, {"Digits": "".join(keys), "FinishedOnKey": finished_by}, or_here=True)
    return None


async def _record(call: Call, verb: Element, url: str) -> Goto | None:
    """Take a message: until silence, a key or the longest length."""
    call.state = "record"
    pressed: list[str] = []
    finish = verb.get("finishOnKey", "1234567890*#")
    silence_ms = float(verb.get("timeout", "5")) * 1000
    longest_ms = float(verb.get("maxLength", "3600")) * 1000
    if verb.get("playBeep", "true") == "true":
        call.line.playout.add(encode(_beep()))
        await call.wait(lambda: call.line.playout.buffered_ms == 0)
    begin_ms = call.line.now_ms

    def complete() -> bool:
        now = call.line.now_ms
        quiet = now - max(begin_ms, call.line.caller_voice_ms)
        return bool(pressed) or now - begin_ms >= longest_ms or (silence_ms > 0 and quiet >= silence_ms)

    sid = call.new_sid("RE")
    recorded = {
        "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{call.settings.account_sid}/Recordings/{sid}",
        "RecordingSid": sid,
    }

    def kept() -> None:
        recorded["RecordingDuration"] = str(max(1, int((call.line.now_ms - begin_ms) // 1000)))
        callback = verb.get("recordingStatusCallback")
        if callback and "completed" in verb.get("recordingStatusCallbackEvent", "completed"):
            status = {"AccountSid": call.settings.account_sid, "CallSid": call.sid, "RecordingStatus": "completed"}
            call.notify(urljoin(url, callback), verb.get("recordingStatusCallbackMethod", "POST"), status | recorded)

    call.on_key = lambda key: pressed.append(key) if key in finish else None
    try:
        await call.wait(complete)
    except CallerLeft:
        if call.line.caller_voice_ms > begin_ms:
            kept()
        raise
    finally:
        call.on_key = None
    if call.line.caller_voice_ms <= begin_ms:
        return None  # nothing was said: Twilio goes on with the next verb
    kept()
    return following(verb, url, recorded | {"Digits": pressed[0] if pressed else ""}, or_here=True)


def _silence(seconds: float) -> Pcm:
    return np.zeros(int(seconds * SAMPLE_RATE), np.int16)


def _beep() -> Pcm:
    time = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * 1000 * time)).astype(np.int16)
