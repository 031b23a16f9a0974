"""TwiML: the document that a webhook answers with, read as strictly as Twilio reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit
from xml.parsers import expat

from telephony.phone.twiml_rules import NOT_PLAYED, RULES, VERBS, Rule, url
from voicebot.errors import VoicebotError

LARGEST = 64 * 1024
"""Bytes in a document."""
_DEEPEST = 8
_MOST_NUMBERS = 10
_LONGEST_PARAMETER = 499
"""Characters of a Parameter's name and value together: Twilio wants them under 500."""
_LONGEST_QUEUE_NAME = 64

_XML_TYPES = frozenset(("text/xml", "application/xml", "text/html"))


class TwimlError(VoicebotError):
    """A document that Twilio would not execute."""

    def __init__(self, sentence: str, code: int = 12200) -> None:
        super().__init__(sentence)
        self.code = code
        """Twilio's error code where one is known, else 12200 (the schema)."""


@dataclass(frozen=True)
class Element:
    """A verb or a noun."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    """The words directly inside, without the spaces around them."""
    children: tuple[Element, ...] = ()
    line: int = 0
    """Where it stands in its document, from 1."""

    def get(self, attribute: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(attribute, default)


def read(body: bytes, content_type: str = "text/xml", *, document_url: str = "") -> tuple[Element, ...]:
    """The verbs of the answer `body` of media type `content_type`, in their order.

    `document_url` is where the document came from: relative URLs are resolved against it for the checks. Plain text
    that is no TwiML becomes a <Say>, a sound becomes a <Play> of its own URL. Raises TwimlError with one sentence.
    """
    if len(body) > LARGEST:
        raise TwimlError(f"TwiML of {len(body)} bytes is too large; Twilio takes at most {LARGEST}.", 11750)
    if content_type in _XML_TYPES:
        return _verbs(_parse(body), document_url)
    if content_type == "text/plain":
        if body.lstrip().startswith(b"<"):
            return _verbs(_parse(body), document_url)
        return (Element("Say", text=body.decode("utf-8", "replace").strip(), line=1),)
    if content_type.startswith("audio/"):
        return (Element("Play", text=document_url, line=1), Element("Hangup", line=1))
    raise TwimlError(
        f"the content type {content_type or '(none)'} is not one that Twilio reads as TwiML; answer with text/xml.",
        12300,
    )


class _Open:
    """An element whose end has not come yet."""

    def __init__(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        self.name, self.attributes, self.line = name, attributes, line
        self.text: list[str] = []
        self.children: list[Element] = []

    def close(self) -> Element:
        return Element(self.name, self.attributes, "".join(self.text).strip(), tuple(self.children), self.line)


def _parse(body: bytes) -> Element:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    open_elements: list[_Open] = []
    roots: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_elements) >= _DEEPEST:
            raise TwimlError(f"line {parser.CurrentLineNumber}: <{name}> is nested too deeply for TwiML.", 12100)
        open_elements.append(_Open(name, attributes, parser.CurrentLineNumber))

    def end(name: str) -> None:  # noqa: ARG001
        element = open_elements.pop().close()
        (open_elements[-1].children if open_elements else roots).append(element)

    def text(data: str) -> None:
        if open_elements:
            open_elements[-1].text.append(data)

    def doctype(*_: object) -> None:
        raise TwimlError("TwiML may not have a document type or entities of its own; leave <!DOCTYPE> out.", 12100)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "it can't be parsed")
        raise TwimlError(f"the answer is not well-formed XML: {reason} in line {error.lineno}.", 12100) from None
    except (ValueError, LookupError) as error:  # an encoding that expat doesn't know
        raise TwimlError(f"the answer can't be read as XML: {error}.", 12100) from None
    return roots[0]


def _verbs(root: Element, document_url: str) -> tuple[Element, ...]:
    if root.name != "Response":
        raise TwimlError(f"TwiML begins with <Response>, this begins with <{root.name}>.", 12100)
    _check(root, "", document_url)
    for place, verb in enumerate(root.children):
        if verb.name == "Reject" and place:
            raise TwimlError(f"{_at(verb)} must be the first verb; after another one use <Hangup>.")
    return root.children


def _at(element: Element) -> str:
    return f"line {element.line}: <{element.name}>"


def _check(element: Element, parent: str, document_url: str) -> None:
    rule = RULES[element.name]
    _check_attributes(element, rule)
    if element.text and not rule.text:
        raise TwimlError(f"{_at(element)} may not have text inside ({element.text[:40]!r}).")
    if rule.text_needed and not element.text:
        raise TwimlError(f"{_at(element)} needs text inside.")
    for child in element.children:
        if child.name not in rule.children:
            raise TwimlError(_misplaced(child, element.name, rule))
        _check(child, element.name, document_url)
    _check_meaning(element, parent, document_url)


def _misplaced(child: Element, parent: str, rule: Rule) -> str:
    allowed = ", ".join(f"<{name}>" for name in rule.children) or "nothing"
    if child.name in NOT_PLAYED and parent == "Response":
        return f"{_at(child)} is a verb that this phone does not play; it plays {allowed}."
    if child.name not in RULES:
        kind = "verb" if parent == "Response" else "noun"
        return f"{_at(child)} is no {kind} that Twilio knows; <{parent}> may contain {allowed}."
    where = "only stands inside another verb" if child.name not in VERBS else "can't stand there"
    return f"{_at(child)} {where}; <{parent}> may contain {allowed}."


def _check_attributes(element: Element, rule: Rule) -> None:
    for name, value in element.attributes.items():
        check = rule.attributes.get(name)
        if check is None:
            allowed = ", ".join(rule.attributes) or "no attributes at all"
            raise TwimlError(f"{_at(element)} has no attribute called {name}; it may have {allowed}.")
        wanted = check(value)
        if wanted:
            raise TwimlError(f"{_at(element)} {name}={value[:60]!r} can't be used; it must be {wanted}.")
    for name in rule.required:
        if name not in element.attributes:
            raise TwimlError(f"{_at(element)} needs the attribute {name}.")


def _check_meaning(element: Element, parent: str, document_url: str) -> None:
    match element.name:
        case "Connect" if len(element.children) != 1:
            raise TwimlError(f"{_at(element)} must contain exactly one <Stream>.")
        case "Stream":
            stream_url(element, document_url)
            if element.get("track", "inbound_track") != "inbound_track":
                raise TwimlError(f"{_at(element)} under <Connect> only takes track=inbound_track.", 31941)
        case "Parameter" if len(element.get("name")) + len(element.get("value")) > _LONGEST_PARAMETER:
            raise TwimlError(f"{_at(element)} name and value must have under 500 characters together.")
        case "Play":
            if parent == "Gather" and "digits" in element.attributes:
                raise TwimlError(f"{_at(element)} with digits can't stand inside <Gather>.")
            if bool(element.text) == ("digits" in element.attributes):
                raise TwimlError(f"{_at(element)} needs either a URL inside or the attribute digits.")
            if element.text:
                _check_url_inside(element)
        case "Redirect":
            _check_url_inside(element)
        case "Gather" if "speechModel" in element.attributes and element.get("speechTimeout") == "auto":
            raise TwimlError(f"{_at(element)} speechTimeout must be a whole number where speechModel is given.")
        case "Dial":
            _check_dial(element)
        case "Client" if bool(element.text) == any(child.name == "Identity" for child in element.children):
            raise TwimlError(f"{_at(element)} needs a name, or one <Identity>.")
        case "Enqueue":
            _check_enqueue(element)


def _check_url_inside(element: Element) -> None:
    wanted = url(element.text)
    if wanted:
        raise TwimlError(f"{_at(element)} has {element.text[:60]!r} inside; it must be {wanted}.")


def _check_dial(element: Element) -> None:
    names = [child.name for child in element.children]
    if bool(element.text) == bool(names):
        raise TwimlError(f"{_at(element)} needs either a number inside or nouns such as <Number>.")
    if len(names) > 1 and {"Queue", "Conference"} & set(names):
        raise TwimlError(f"{_at(element)} <Queue> and <Conference> stand alone inside <Dial>.")
    if len(names) > _MOST_NUMBERS:
        raise TwimlError(f"{_at(element)} may contain at most {_MOST_NUMBERS} numbers.")


def _check_enqueue(element: Element) -> None:
    task = "workflowSid" in element.attributes
    if task and element.text:
        raise TwimlError(f"{_at(element)} with workflowSid has a <Task> inside and no queue name.")
    if not task and element.children:
        raise TwimlError(f"{_at(element)} takes a <Task> only together with workflowSid.")
    if not task and not 1 <= len(element.text) <= _LONGEST_QUEUE_NAME:
        raise TwimlError(f"{_at(element)} needs a queue name of 1 to {_LONGEST_QUEUE_NAME} characters.")


def stream_url(stream: Element, document_url: str) -> str:
    """Where a <Stream> leads: its URL, resolved. Raises TwimlError where Twilio would not connect."""
    written = stream.get("url")
    try:
        parts = urlsplit(urljoin(document_url, written))
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise TwimlError(f"{_at(stream)} url={written[:80]!r} is no URL.") from None
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme) if "://" not in written else parts.scheme
    if scheme not in ("ws", "wss") or not host or (scheme == "ws" and not _is_loopback(host)):
        raise TwimlError(
            f"{_at(stream)} url={written[:80]!r} must begin with wss:// (ws:// is let through on this machine only)."
        )
    if parts.query or "?" in written:
        raise TwimlError(f"{_at(stream)} url must have no query string, Twilio drops it; pass values in <Parameter>.")
    return parts._replace(scheme=scheme).geturl()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
