"""The TwiML documents on the way to people: all of them, and nothing else. Each function returns XML text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from twilio.twiml.voice_response import Dial, Enqueue, Gather, VoiceResponse

from telephony.twiml import SPEAKERS

_LONGEST_QUEUE_NAME = 64
_BETWEEN_KEYS_S = 6
_LONGEST_NUMBER = 15
"""Digits of E.164."""


def ring(texts: Sequence[str], number: str, after: str, *, language: str, rings_s: int, whisper: str = "") -> str:
    """Say something, ring an agent for so many seconds, then ask `after`. `whisper`: what the agent hears first."""
    response = _saying(texts, language)
    dial = Dial(action=after, method="POST", timeout=rings_s)
    if whisper:
        dial.number(number, url=whisper, method="POST")
    else:
        dial.number(number)
    response.append(dial)
    return str(response)


def queue(texts: Sequence[str], name: str, after: str, wait: str, *, language: str) -> str:
    """Say something, let the caller wait in a queue at `wait`, then ask `after`."""
    response = _saying(texts, language)
    response.enqueue(name[:_LONGEST_QUEUE_NAME], action=after, method="POST", wait_url=wait, wait_url_method="POST")
    return str(response)


def task(
    texts: Sequence[str],
    workflow: str,
    attributes: Mapping[str, Any],
    after: str,
    wait: str,
    *,
    language: str,
    priority: int,
    timeout_s: int,
) -> str:
    """As `queue`, with a task for a TaskRouter workflow. `timeout_s`: when TaskRouter gives the task up."""
    response = _saying(texts, language)
    enqueue = Enqueue(None, workflow_sid=workflow, action=after, method="POST", wait_url=wait, wait_url_method="POST")
    enqueue.task(json.dumps(attributes, ensure_ascii=False), priority=priority, timeout=timeout_s)
    response.append(enqueue)
    return str(response)


def waiting(texts: Sequence[str], chosen: str, again: str, *, language: str, pause_s: int, music: str = "") -> str:
    """What a waiting caller hears for a while, with keys that lead to `chosen`; then `again`."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, timeout=1, action=chosen, method="POST", finish_on_key="")
    _say(gather, texts, language)
    if music:
        gather.play(music)
    else:
        gather.pause(length=pause_s)
    response.append(gather)
    response.redirect(again, method="POST")
    return str(response)


def leave(texts: Sequence[str] = (), *, language: str = "en") -> str:
    """Take the waiting caller out of the queue."""
    response = _saying(texts, language)
    response.leave()
    return str(response)


def menu(texts: Sequence[str], chosen: str, otherwise: str, *, language: str, keys: int = 1) -> str:
    """Ask for one key, or for up to `keys` ended by #; what was pressed leads to `chosen`, silence to `otherwise`."""
    response = VoiceResponse()
    gather = Gather(
        num_digits=keys,
        timeout=_BETWEEN_KEYS_S,
        action=chosen,
        method="POST",
        finish_on_key="#" if keys > 1 else "",
    )
    _say(gather, texts, language)
    response.append(gather)
    response.redirect(otherwise, method="POST")
    return str(response)


def number_entry(texts: Sequence[str], chosen: str, otherwise: str, *, language: str) -> str:
    """Ask for a telephone number."""
    return menu(texts, chosen, otherwise, language=language, keys=_LONGEST_NUMBER)


def record(texts: Sequence[str], after: str, kept: str, empty: str, *, language: str, longest_s: int) -> str:
    """Take a message: `after` is asked when it was taken, `kept` when its sound can be had, `empty` without one."""
    response = _saying(texts, language)
    response.record(
        action=after,
        method="POST",
        timeout=5,
        finish_on_key="#",
        max_length=longest_s,
        play_beep=True,
        recording_status_callback=kept,
        recording_status_callback_event="completed absent",
    )
    # Twilio goes on here where nothing was said.
    response.redirect(empty, method="POST")
    return str(response)


def say_and_hang_up(texts: Sequence[str], *, language: str) -> str:
    """Say something and end the call."""
    response = _saying(texts, language)
    response.hangup()
    return str(response)


def go_on(texts: Sequence[str] = (), *, language: str = "en") -> str:
    """Say something and end the document: on an agent's leg, the two are connected."""
    return str(_saying(texts, language))


def redirect(url: str) -> str:
    """Ask there instead."""
    response = VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)


def decide(texts: Sequence[str], decided: str, *, language: str, within_s: int) -> str:
    """Let an agent take or decline a call; who presses nothing declines."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, timeout=within_s, action=decided, method="POST", finish_on_key="")
    _say(gather, texts, language)
    response.append(gather)
    response.hangup()
    return str(response)


def _saying(texts: Sequence[str], language: str) -> VoiceResponse:
    response = VoiceResponse()
    _say(response, texts, language)
    return response


def _say(verb: VoiceResponse | Gather, texts: Sequence[str], language: str) -> None:
    code, voice = SPEAKERS.get(language, SPEAKERS["en"])
    for text in texts:
        verb.say(text, voice=voice, language=code)
