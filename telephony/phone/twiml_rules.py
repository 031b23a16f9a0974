"""What TwiML may contain: verbs, nouns, attributes and their values, as Twilio documents them.

Only documented things stand here. What a library's builder lets through and Twilio's pages don't name (`audioFormat`
on <Stream>, for example) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Check = Callable[[str], str]
"""Takes an attribute's value; answers what is allowed instead, empty where the value is fine."""


def one_of(*values: str) -> Check:
    """Exactly one of these words."""
    return lambda value: "" if value in values else "one of " + ", ".join(values)


def some_of(*values: str) -> Check:
    """One or more of these words, with spaces between."""
    allowed = frozenset(values)
    return lambda value: "" if value.split() and set(value.split()) <= allowed else "words among " + ", ".join(values)


def whole(low: int, high: int) -> Check:
    """A whole number in this range."""

    def check(value: str) -> str:
        fine = re.fullmatch(r"[0-9]{1,6}", value, re.ASCII) is not None and low <= int(value) <= high
        return "" if fine else f"a whole number from {low} to {high}"

    return check


def matching(pattern: str, meaning: str) -> Check:
    """What the pattern fits as a whole."""
    return lambda value: "" if re.fullmatch(pattern, value, re.ASCII) else meaning


def anything(value: str) -> str:  # noqa: ARG001
    """Any text."""
    return ""


truth = one_of("true", "false")
method = one_of("GET", "POST")


def url(value: str) -> str:
    """A URL, absolute or relative, as it may stand in a request."""
    wanted = "a URL, percent-encoded where it has spaces or letters beyond ASCII"
    try:
        _ = urlsplit(value).port
    except ValueError:
        return wanted
    return "" if re.fullmatch(r"[!#-;=?-~]+", value, re.ASCII) else wanted


def absolute_url(value: str) -> str:
    """A URL with scheme and host."""
    return url(value) if value.startswith(("http://", "https://")) else "an absolute http or https URL"


def url_or_nothing(value: str) -> str:
    """A URL, or empty."""
    return url(value) if value else ""


call_events = some_of("initiated", "ringing", "answered", "completed")


def _seconds_or_auto(value: str) -> str:
    return "" if value == "auto" or not whole(1, 600)(value) else "a positive whole number, or auto"


@dataclass(frozen=True)
class Rule:
    """What one element may have."""

    attributes: Mapping[str, Check] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    text: bool = False
    """Whether words may stand inside."""
    text_needed: bool = False


_CALLBACK: Mapping[str, Check] = {"statusCallback": absolute_url, "statusCallbackMethod": method}
_CALL_CALLBACK: Mapping[str, Check] = {**_CALLBACK, "statusCallbackEvent": call_events}
_RECORDING: Mapping[str, Check] = {
    "recordingStatusCallback": url,
    "recordingStatusCallbackMethod": method,
    "recordingStatusCallbackEvent": some_of("in-progress", "completed", "absent"),
    "trim": one_of("trim-silence", "do-not-trim"),
}
_NEXT: Mapping[str, Check] = {"action": url, "method": method}

VERBS = (
    "Connect",
    "Dial",
    "Enqueue",
    "Gather",
    "Hangup",
    "Leave",
    "Pause",
    "Play",
    "Record",
    "Redirect",
    "Reject",
    "Say",
)
"""Verbs that this phone plays, as children of <Response>."""

NOT_PLAYED = frozenset(
    ("Start", "Stop", "Pay", "Prompt", "Refer", "Siprec", "Sms", "Message", "Echo", "Queue", "Transcription")
)
"""Verbs that Twilio knows and this phone doesn't play."""

_MACHINE: Mapping[str, Check] = {
    "machineDetection": one_of("Enable", "DetectMessageEnd"),
    "machineDetectionTimeout": whole(3, 60),
    "machineDetectionSpeechThreshold": whole(1000, 6000),
    "machineDetectionSpeechEndThreshold": whole(500, 5000),
    "machineDetectionSilenceTimeout": whole(2000, 10000),
    "amdStatusCallback": absolute_url,
    "amdStatusCallbackMethod": method,
}

RULES: Mapping[str, Rule] = {
    "Response": Rule(children=VERBS),
    "Connect": Rule(_NEXT, children=("Stream",)),
    "Stream": Rule(
        {"url": url, "name": anything, "track": one_of("inbound_track", "outbound_track", "both_tracks"), **_CALLBACK},
        required=("url",),
        children=("Parameter",),
    ),
    "Parameter": Rule({"name": anything, "value": anything}, required=("name", "value")),
    "Gather": Rule(
        {
            **_NEXT,
            "input": one_of("dtmf", "speech", "dtmf speech", "speech dtmf"),
            "timeout": whole(1, 600),
            "numDigits": whole(1, 1000),
            "finishOnKey": matching(r"[0-9*#]?", "one key, or nothing"),
            "actionOnEmptyResult": truth,
            "speechTimeout": _seconds_or_auto,
            "maxSpeechTime": whole(1, 60),
            "language": matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", "a language tag such as ko-KR"),
            "hints": anything,
            "speechModel": anything,
            "profanityFilter": truth,
            "partialResultCallback": url,
            "partialResultCallbackMethod": method,
            "bargeIn": truth,
            "debug": truth,
            "enhanced": truth,
        },
        children=("Say", "Play", "Pause"),
    ),
    "Say": Rule({"voice": anything, "language": anything, "loop": whole(0, 1000)}, text=True, text_needed=True),
    "Play": Rule(
        {"loop": whole(0, 1000), "digits": matching(r"[0-9A-D#*wW]+", "keys 0-9, A-D, # and *, or w and W for pauses")},
        text=True,
    ),
    "Pause": Rule({"length": whole(1, 600)}),
    "Redirect": Rule({"method": method}, text=True, text_needed=True),
    "Hangup": Rule(),
    "Leave": Rule(),
    "Reject": Rule({"reason": one_of("rejected", "busy")}),
    "Record": Rule(
        {
            **_NEXT,
            **_RECORDING,
            "timeout": whole(0, 600),
            "finishOnKey": matching(r"[0-9*#]*", "keys 0-9, * and #"),
            "maxLength": whole(1, 14400),
            "playBeep": truth,
            "transcribe": truth,
            "transcribeCallback": url,
        }
    ),
    "Dial": Rule(
        {
            **_NEXT,
            **_RECORDING,
            "timeout": whole(1, 600),
            "timeLimit": whole(1, 86400),
            "callerId": anything,
            "answerOnBridge": truth,
            "hangupOnStar": truth,
            "record": one_of(
                "do-not-record",
                "record-from-answer",
                "record-from-ringing",
                "record-from-answer-dual",
                "record-from-ringing-dual",
            ),
            "recordingTrack": one_of("inbound", "outbound", "both"),
            "ringTone": anything,
            "sequential": truth,
            "referUrl": url,
            "referMethod": method,
        },
        children=("Number", "Client", "Sip", "Queue", "Conference"),
        text=True,
    ),
    "Number": Rule(
        {
            **_CALL_CALLBACK,
            **_MACHINE,
            "url": url,
            "method": method,
            "sendDigits": matching(r"[0-9A-D#*wW]+", "keys, or w and W for pauses"),
            "byoc": anything,
        },
        text=True,
        text_needed=True,
    ),
    "Client": Rule(
        {**_CALL_CALLBACK, "url": url, "method": method},
        children=("Identity", "Parameter"),
        text=True,
    ),
    "Identity": Rule(text=True, text_needed=True),
    "Sip": Rule(
        {**_CALL_CALLBACK, **_MACHINE, "url": url, "method": method, "username": anything, "password": anything},
        text=True,
        text_needed=True,
    ),
    "Queue": Rule(
        {"url": url, "method": method, "reservationSid": anything, "postWorkActivitySid": anything},
        text=True,
    ),
    "Conference": Rule(
        {
            "muted": truth,
            "beep": one_of("true", "false", "onEnter", "onExit"),
            "startConferenceOnEnter": truth,
            "endConferenceOnExit": truth,
            "waitUrl": url_or_nothing,
            "waitMethod": method,
            "maxParticipants": whole(2, 250),
            "coach": anything,
            "participantLabel": anything,
            "region": anything,
            "record": one_of("do-not-record", "record-from-start"),
            "trim": one_of("trim-silence", "do-not-trim"),
            "recordingStatusCallback": url,
            "recordingStatusCallbackMethod": method,
            "recordingStatusCallbackEvent": some_of("in-progress", "completed", "absent"),
            "statusCallback": absolute_url,
            "statusCallbackMethod": method,
            "statusCallbackEvent": some_of(
                "start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"
            ),
        },
        text=True,
        text_needed=True,
    ),
    "Enqueue": Rule(
        {
            **_NEXT,
            "waitUrl": url_or_nothing,
            "waitUrlMethod": method,
            "workflowSid": anything,
            "maxQueueSize": whole(1, 5000),
        },
        children=("Task",),
        text=True,
    ),
    "Task": Rule({"priority": whole(0, 999999), "timeout": whole(1, 999999)}, text=True, text_needed=True),
}
