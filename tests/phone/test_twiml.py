"""What the phone executes and what it refuses, as Twilio would."""

from __future__ import annotations

import contextlib
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from telephony.phone.twiml import LARGEST, Element, TwimlError, read, stream_url
from telephony.phone.twiml_rules import NOT_PLAYED, RULES

HERE = "https://bot.example.com/twilio/voice"


def verbs(inside: str) -> tuple[Element, ...]:
    return read(f"<Response>{inside}</Response>".encode(), document_url=HERE)


GOOD = [
    "",
    "<Hangup/>",
    "<Reject reason='busy'/>",
    "<Say language='ko-KR' voice='Polly.Seoyeon'>안녕하세요</Say><Pause length='2'/>",
    "<Play>/sounds/a.wav</Play><Play digits='1w2'/>",
    "<Redirect method='GET'>/next?step=2</Redirect>",
    "<Connect action='/after'><Stream url='wss://x.example/media'><Parameter name='a' value='b'/></Stream></Connect>",
    "<Connect><Stream url='/twilio/media' statusCallback='https://x.example/s'/></Connect>",
    "<Connect><Stream url='ws://127.0.0.1:8080/m'/></Connect>",
    "<Gather input='dtmf speech' numDigits='1' finishOnKey=''><Say>하나</Say><Play>a.wav</Play><Pause/></Gather>",
    "<Dial>+8215881234</Dial>",
    "<Dial timeout='20' answerOnBridge='true' action='/d'><Number url='/whisper'>+8215881234</Number></Dial>",
    "<Dial><Number>+8215881234</Number><Client>mina</Client><Sip>sip:a@b.example</Sip></Dial>",
    "<Dial><Client><Identity>mina</Identity><Parameter name='a' value='b'/></Client></Dial>",
    "<Dial><Queue url='/about'>support</Queue></Dial>",
    "<Dial><Conference endConferenceOnExit='true' waitUrl=''>room</Conference></Dial>",
    "<Enqueue waitUrl='/wait' action='/q'>support</Enqueue>",
    "<Enqueue workflowSid='WW1'><Task priority='1'>{\"a\": 1}</Task></Enqueue>",
    "<Record maxLength='60' finishOnKey='#' playBeep='false'/>",
]

BAD = [
    ("<Speak>x</Speak>", "no verb that Twilio knows"),
    ("<Start><Stream url='wss://x.example/m'/></Start>", "does not play"),
    ("<say>x</say>", "no verb"),
    ("<Number>+82</Number>", "inside another verb"),
    ("<Say/>", "needs text"),
    ("<Say pitch='1'>x</Say>", "no attribute called pitch"),
    ("<Hangup>bye</Hangup>", "may not have text"),
    ("words", "may not have text"),
    ("<Pause length='0'/>", "whole number"),
    ("<Pause length='٣'/>", "whole number"),
    ("<Say>x</Say><Reject/>", "first verb"),
    ("<Reject reason='tired'/>", "rejected, busy"),
    ("<Connect/>", "exactly one"),
    ("<Connect><Stream/></Connect>", "needs the attribute url"),
    ("<Connect><Say>x</Say></Connect>", "may contain <Stream>"),
    ("<Connect><Stream url='https://x.example/m'/></Connect>", "wss://"),
    ("<Connect><Stream url='ws://x.example/m'/></Connect>", "wss://"),
    ("<Connect><Stream url='wss:///m'/></Connect>", "wss://"),
    ("<Connect><Stream url='wss://x.example:99999/m'/></Connect>", "must be a URL"),
    ("<Connect><Stream url='wss://x.example/m?a=1'/></Connect>", "query"),
    ("<Connect><Stream url='/m?a=1'/></Connect>", "query"),
    ("<Connect><Stream url='wss://x.example/m' track='both_tracks'/></Connect>", "inbound_track"),
    ("<Connect><Stream url='wss://x.example/m' audioFormat='pcm'/></Connect>", "no attribute"),
    ("<Connect><Stream url='wss://x.example/m' statusCallback='/s'/></Connect>", "absolute"),
    (
        f"<Connect><Stream url='/m'><Parameter name='abc' value='{'x' * 497}'/></Stream></Connect>",
        "under 500",
    ),
    ("<Gather><Hangup/></Gather>", "can't stand there"),
    ("<Gather><Play digits='1'/></Gather>", "inside <Gather>"),
    ("<Gather speechModel='default' speechTimeout='auto'/>", "whole number"),
    ("<Play/>", "URL inside or"),
    ("<Redirect>http://[</Redirect>", "must be a URL"),
    ("<Redirect>/다음</Redirect>", "percent-encoded"),
    ("<Play>a b.wav</Play>", "must be a URL"),
    ("<Gather action='http://x.example:port/'/>", "must be a URL"),
    ("<Dial/>", "needs either"),
    ("<Dial><Queue>a</Queue><Number>+82</Number></Dial>", "stand alone"),
    ("<Dial>" + "<Number>+82</Number>" * 11 + "</Dial>", "at most 10"),
    ("<Enqueue/>", "queue name"),
    (f"<Enqueue>{'x' * 65}</Enqueue>", "queue name"),
    ("<Enqueue workflowSid='WW1'>name</Enqueue>", "no queue name"),
]


@pytest.mark.parametrize("inside", GOOD)
def test_what_twilio_takes_is_taken(inside: str) -> None:
    verbs(inside)


@pytest.mark.parametrize(("inside", "sentence"), BAD)
def test_what_twilio_refuses_is_refused_with_a_sentence(inside: str, sentence: str) -> None:
    with pytest.raises(TwimlError) as caught:
        verbs(inside)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_parameter_of_499_characters_is_taken() -> None:
    verbs(f"<Connect><Stream url='/m'><Parameter name='abc' value='{'x' * 496}'/></Stream></Connect>")


def test_the_line_of_a_mistake_is_named() -> None:
    with pytest.raises(TwimlError, match="line 3: <Say>"):
        verbs("\n<Pause/>\n<Say/>")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<Response>",
        b"<Answer/>",
        b"not xml",
        b"<!DOCTYPE Response [<!ENTITY a 'x'>]><Response><Say>&a;</Say></Response>",
        b"<!DOCTYPE Response SYSTEM 'file:///etc/passwd'><Response/>",
        b"<Response><Say>&unknown;</Say></Response>",
        b"<a>" * 1000,
        b"<?xml version='1.0' encoding='nonsense'?><Response/>",
        b"<Response>" + b" " * LARGEST + b"</Response>",
    ],
)
def test_broken_hostile_and_huge_documents_are_refused(document: bytes) -> None:
    with pytest.raises(TwimlError):
        read(document, "text/xml", document_url=HERE)


def test_the_content_type_decides() -> None:
    twiml = b"<Response><Hangup/></Response>"
    for kind in ("text/xml", "application/xml", "text/html", "text/plain"):
        assert [verb.name for verb in read(twiml, kind, document_url=HERE)] == ["Hangup"]
    assert read("안녕하세요".encode(), "text/plain", document_url=HERE) == (Element("Say", text="안녕하세요", line=1),)
    assert [verb.name for verb in read(b"RIFF", "audio/wav", document_url=HERE)] == ["Play", "Hangup"]
    with pytest.raises(TwimlError, match="text/xml"):
        read(b"{}", "application/json", document_url=HERE)


def test_stream_urls_are_resolved() -> None:
    def where(url: str, document: str) -> str:
        return stream_url(Element("Stream", {"url": url}), document)

    assert where("/twilio/media", HERE) == "wss://bot.example.com/twilio/media"
    assert where("/twilio/media", "http://127.0.0.1:8080/twilio/voice") == "ws://127.0.0.1:8080/twilio/media"
    assert where("wss://other.example/m", HERE) == "wss://other.example/m"


def test_what_twilios_own_builder_writes_is_read() -> None:
    response = VoiceResponse()
    response.connect(action="/after").stream(url="wss://bot.example.com/m").parameter(name="token", value="t&<\"'")
    response.dial(action="/d").number("+8215881234", url="/w")
    connect, dial = read(str(response).encode(), document_url=HERE)
    assert connect.children[0].children[0].attributes == {"name": "token", "value": "t&<\"'"}
    assert dial.children[0].text == "+8215881234"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    for kind in ("text/xml", "text/plain"):
        with contextlib.suppress(TwimlError):
            read(document, kind, document_url=HERE)


_names = st.sampled_from([*RULES, *NOT_PLAYED, "x"])
_attributes = st.dictionaries(
    st.sampled_from(sorted({name for rule in RULES.values() for name in rule.attributes} | {"other"})),
    st.sampled_from(["1", "true", "POST", "wss://x.example/m", "inbound_track", "", "#", "ko-KR"])
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=5),
    max_size=3,
)
_trees = st.recursive(
    st.builds(lambda n, a, t: (n, a, t, []), _names, _attributes, st.sampled_from(["", "support", "+8215881234"])),
    lambda inner: st.builds(lambda n, a, c: (n, a, "", c), _names, _attributes, st.lists(inner, max_size=3)),
    max_leaves=5,
)


def _written(tree: tuple[str, dict[str, str], str, list[object]]) -> str:
    name, attributes, text, children = tree
    inside = escape(text) + "".join(_written(child) for child in children)  # type: ignore[arg-type]
    return f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes.items())}>{inside}</{name}>"


@given(st.lists(_trees, max_size=3))
def test_any_tree_is_refused_or_read_as_it_stands(trees: list[tuple[str, dict[str, str], str, list[object]]]) -> None:
    try:
        read_back = verbs("".join(map(_written, trees)))
    except TwimlError:
        return
    assert [verb.name for verb in read_back] == [tree[0] for tree in trees]
    for verb, tree in zip(read_back, trees, strict=True):
        assert set(verb.attributes) == set(tree[1])
        assert set(verb.attributes) <= set(RULES[verb.name].attributes)
