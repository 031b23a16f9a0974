"""TwiML as Twilio takes it: only verbs, nouns and attributes that its pages have."""

from __future__ import annotations

from urllib.parse import urlsplit
from xml.etree import ElementTree

_CALL = {"statusCallback", "statusCallbackMethod", "statusCallbackEvent"}
_ATTRIBUTES: dict[str, set[str]] = {
    "Response": set(),
    "Connect": {"action", "method"},
    "Stream": {"url", "name", "track", "statusCallback", "statusCallbackMethod"},
    "Parameter": {"name", "value"},
    "Say": {"voice", "language", "loop"},
    "Play": {"loop", "digits"},
    "Pause": {"length"},
    "Gather": {
        *("input", "action", "method", "timeout", "numDigits", "finishOnKey", "actionOnEmptyResult", "speechTimeout"),
        *("language", "hints", "speechModel", "profanityFilter", "partialResultCallback"),
    },
    "Dial": {
        *("action", "method", "timeout", "timeLimit", "callerId", "answerOnBridge", "hangupOnStar", "record"),
        *("ringTone", "sequential", "referUrl"),
    },
    "Number": {"url", "method", "sendDigits", "machineDetection", *_CALL},
    "Client": {"url", "method", *_CALL},
    "Sip": {"username", "password", "url", "method", *_CALL},
    "Queue": {"url", "method", "reservationSid", "postWorkActivitySid"},
    "Conference": {"muted", "beep", "startConferenceOnEnter", "endConferenceOnExit", "waitUrl", "coach", "record"},
    "Enqueue": {"action", "method", "waitUrl", "waitUrlMethod", "workflowSid", "maxQueueSize"},
    "Task": {"priority", "timeout"},
    "Record": {
        *("action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "trim", "transcribe"),
        *("recordingStatusCallback", "recordingStatusCallbackEvent"),
    },
    "Redirect": {"method"},
    "Hangup": set(),
    "Reject": {"reason"},
    "Leave": set(),
}
_NESTED: dict[str, set[str]] = {
    "Response": {
        *("Connect", "Say", "Play", "Pause", "Gather", "Dial", "Enqueue", "Record", "Redirect", "Hangup", "Reject"),
        "Leave",
    },
    "Connect": {"Stream"},
    "Stream": {"Parameter"},
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Number", "Client", "Sip", "Queue", "Conference"},
    "Client": {"Parameter"},
    "Enqueue": {"Task"},
}
_TYPES = {"text/xml", "application/xml", "text/html"}
_LONGEST = 64_000


class BadTwimlError(AssertionError):
    """Twilio would not run this document."""


def read(status: int, content_type: str, body: str) -> list[ElementTree.Element]:
    """The verbs of a reply, in their order. Raises BadTwimlError."""
    if status != 200:
        raise BadTwimlError(f"status {status} instead of 200: {body[:200]!r}")
    if content_type.split(";")[0].strip().lower() not in _TYPES:
        raise BadTwimlError(f"{content_type!r} is no type of TwiML")
    if len(body) > _LONGEST or "<!" in body:
        raise BadTwimlError("too long, or with declarations")
    try:
        root = ElementTree.fromstring(body.encode())
    except ElementTree.ParseError as error:
        raise BadTwimlError(f"not XML ({error}): {body[:200]!r}") from None
    if root.tag != "Response":
        raise BadTwimlError(f"the document is a <{root.tag}>")
    _check(root)
    return list(root)


def _check(element: ElementTree.Element) -> None:
    unknown = set(element.attrib) - _ATTRIBUTES[element.tag]
    if unknown:
        raise BadTwimlError(f"<{element.tag}> has no attribute {', '.join(sorted(unknown))}")
    if element.tag == "Stream":
        _check_stream(element)
    for child in element:
        if child.tag not in _NESTED.get(element.tag, set()):
            raise BadTwimlError(f"<{child.tag}> can't stand in <{element.tag}>")
        _check(child)


def _check_stream(stream: ElementTree.Element) -> None:
    url = urlsplit(stream.get("url", ""))
    if url.scheme != "wss" or not url.netloc or url.query or url.fragment:
        raise BadTwimlError(f"<Stream url={stream.get('url')!r}>: wss only, without a query string")
    if stream.get("track", "inbound_track") != "inbound_track":
        raise BadTwimlError("31941: a stream in <Connect> has the inbound track only")
    for parameter in stream:
        if len(parameter.get("name", "") + parameter.get("value", "")) >= 500:
            raise BadTwimlError("a <Parameter> is under 500 characters, name and value together")
