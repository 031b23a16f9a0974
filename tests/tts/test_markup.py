"""Markup in a reply is honoured or dropped, never read aloud, and never loses words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.tts.markup import LONGEST_BREAK_MS, Break, Words, faults, pieces, plain
from voicebot.tts.speech_text import sentences, spoken


def test_plain_text_is_one_piece() -> None:
    assert pieces("주문 3개가 도착했어요.", "ko") == (Words("주문 세 개가 도착했어요."),)
    assert pieces("  ", "ko") == ()


@pytest.mark.parametrize(
    ("tag", "ms"),
    [
        ('<break time="500ms"/>', 500),
        ('<break time="1.5s"/>', 1500),
        ("<break time='250ms' />", 250),
        ("<break/>", 400),
        ('<break strength="none"/>', 0),
        ('<break strength="x-strong"></break>', 1200),
        ('<break time="99s"/>', LONGEST_BREAK_MS),
        ('<break time="soon"/>', 400),
    ],
)
def test_a_break_is_a_silence(tag: str, ms: int) -> None:
    assert pieces(f"네.{tag}확인했어요.", "ko") == (Words("네."), Break(ms), Words("확인했어요."))


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ('rate="slow"', Words("네", rate=0.8)),
        ('rate="120%"', Words("네", rate=1.2)),
        ('rate="-10%"', Words("네", rate=0.9)),
        ('rate="1.1"', Words("네", rate=1.1)),
        ('rate="9000%"', Words("네", rate=2.0)),
        ('rate="0%"', Words("네")),
        ('pitch="+10%"', Words("네", pitch=1.1)),
        ('pitch="+12st"', Words("네", pitch=2.0)),
        ('pitch="x-low"', Words("네", pitch=0.7)),
        ('pitch="200Hz"', Words("네")),
        ('rate="fast" pitch="high"', Words("네", rate=1.2, pitch=1.15)),
        ('volume="loud"', Words("네")),
    ],
)
def test_prosody_changes_rate_and_pitch(attributes: str, words: Words) -> None:
    assert pieces(f"<prosody {attributes}>네</prosody>", "ko") == (words,)


def test_tags_within_tags_add_up() -> None:
    text = '<prosody rate="slow">천천히 <emphasis>꼭 <prosody rate="50%">더</prosody></emphasis> 해요</prosody> 네'
    assert pieces(text, "ko") == (
        Words("천천히", rate=0.8),
        Words("꼭", rate=0.8, emphasis=True),
        Words("더", rate=0.5, emphasis=True),
        Words("해요", rate=0.8),
        Words("네"),
    )


@pytest.mark.parametrize(
    ("meaning", "content", "korean", "english"),
    [
        ("digits", "1203", "일이공삼", "one two oh three"),
        (
            "telephone",
            "01012345678",
            "공일공, 일이삼사, 오육칠팔",
            "oh one oh, one two three four, five six seven eight",
        ),
        ("cardinal", "12345678", "천이백삼십사만 오천육백칠십팔", None),
        ("cardinal", "-5", "마이너스 오", "minus five"),
        ("ordinal", "3", "세 번째", "third"),
        ("date", "20261122", "이천이십육년 십일월 이십이일", "November twenty-second, twenty twenty-six"),
        ("time", "1430", "오후 두 시 삼십 분", "two thirty P M"),
        ("currency", "12900", "만 이천구백 원", "twelve thousand nine hundred dollars"),
        ("currency", "USD 5", "오 달러", "five dollars"),
        ("characters", "AB12", "에이 비 일 이", "A B one two"),
        ("spell-out", "SKT", "에스 케이 티", "S K T"),
        ("poem", "3개", "세 개", None),
        ("digits", "세 개", "세 개", None),
    ],
)
def test_say_as_is_read_as_it_is_meant(meaning: str, content: str, korean: str, english: str | None) -> None:
    text = f'<say-as interpret-as="{meaning}">{content}</say-as>'
    assert pieces(text, "ko") == (Words(korean),)
    if english is not None:
        assert pieces(text, "en") == (Words(english),)


def test_a_date_is_read_in_the_order_that_its_format_tells() -> None:
    text = '<say-as interpret-as="date" format="dmy">05/06/2026</say-as>'
    assert pieces(text, "ko") == (Words("이천이십육년 유월 오일"),)
    assert pieces(text, "en") == (Words("June fifth, twenty twenty-six"),)


def test_a_word_that_a_tag_parts_stays_whole_and_its_particle_agrees() -> None:
    assert pieces('주문번호 <say-as interpret-as="digits">1234</say-as>을 확인했어요.', "ko") == (
        Words("주문번호 일이삼사를 확인했어요."),
    )
    assert pieces("<emphasis>3개</emphasis>을 골랐어요.", "ko") == (
        Words("세 개를", emphasis=True),
        Words("골랐어요."),
    )


@pytest.mark.parametrize(
    ("written", "said", "fault"),
    [
        ("<b>굵은</b> 글씨", "굵은 글씨", "<b> means nothing here"),
        ("<emphasis>네", "네", "never closed"),
        ("네</emphasis>", "네", "closes nothing"),
        ('<emphasis level="strong>네</emphasis>', "네", "not well formed"),
        ("<break", "", "not well formed"),
        ('<prosody volume="loud">네</prosody>', "네", "volume of <prosody>"),
        ('<prosody rate="quick">네</prosody>', "네", 'rate="quick"'),
        ('<say-as interpret-as="poem">네</say-as>', "네", 'interpret-as="poem"'),
        ("<say-as>네</say-as>", "네", "needs interpret-as"),
        ('<audio src="a.wav"/>네', "네", "<audio> means nothing here"),
    ],
)
def test_what_is_not_honoured_is_dropped_and_told(written: str, said: str, fault: str) -> None:
    assert " ".join(piece.text for piece in pieces(written, "ko") if isinstance(piece, Words)) == said
    assert any(fault in sentence for sentence in faults(written))


@pytest.mark.parametrize("text", ["3 < 5", "1<2, 2>1", "<안내> 네", "A&B", "R & D", "5 <", "<3", "x<y and y>z", "<>"])
def test_what_is_no_tag_is_text(text: str) -> None:
    assert plain(text) == text
    assert faults(text) == ()
    assert pieces(text, "ko") == ((Words(spoken(text, "ko")),) if spoken(text, "ko") else ())


def test_right_markup_has_no_faults() -> None:
    assert not faults(
        '<speak version="1.1">네 <break strength="weak"/><emphasis level="strong">꼭</emphasis> <prosody rate="-10%" '
        'pitch="+2st"><say-as interpret-as="date" format="ymd">2026-11-22</say-as></prosody></speak>'
    )


def test_entities_of_xml_are_characters() -> None:
    assert plain("R&amp;D &lt;안내&gt; &#44032; &copy;") == "R&D <안내> 가 &copy;"
    assert pieces("3 &lt; 5", "ko") == (Words(spoken("3 < 5", "ko")),)


def test_the_transcript_has_no_markup() -> None:
    text = '<speak>주문번호 <say-as interpret-as="digits">1234</say-as>을 <emphasis>3개</emphasis>.<break/>네.</speak>'
    assert plain(text) == "주문번호 1234을 3개. 네."


def test_sentences_are_never_cut_within_a_pair_of_tags() -> None:
    text = '<speak>안녕하세요. <prosody rate="slow">천천히요. 하나. 둘.</prosody> 네? 끝.</speak>'
    assert sentences(text, "ko") == (
        "안녕하세요.",
        '<prosody rate="slow">천천히요. 하나. 둘.</prosody>',
        "네?",
        "끝.",
    )
    long = f"{'가, ' * 30}<emphasis>{'나 ' * 90}</emphasis> {'다 ' * 90}"
    assert [sentence for sentence in sentences(long, "ko") if "<" in sentence] == [f"<emphasis>{'나 ' * 90}</emphasis>"]


TAGS = st.sampled_from(
    [
        *(
            "<speak>",
            "</speak>",
            "<break/>",
            '<break time="1s"/>',
            "<emphasis>",
            "</emphasis>",
            "<b>",
            "</b>",
            "<break",
        ),
        *(
            '<prosody rate="slow">',
            "</prosody>",
            '<say-as interpret-as="digits">',
            "</say-as>",
            "<!-- no -->",
            "<",
            ">",
        ),
    ]
)


@settings(derandomize=True, deadline=None)
@given(st.lists(TAGS | st.sampled_from(["가나", "3개", "을 ", ". ", "A&amp;B", " "]), max_size=20))
def test_tags_in_any_disorder_lose_no_word(parts: list[str]) -> None:
    text = "".join(parts)
    said = " ".join(piece.text for piece in pieces(text, "ko") if isinstance(piece, Words))
    assert said.count("가나") == parts.count("가나")
    assert not re.search("[A-Za-z<>]", said)
    whole = [one for sentence in sentences(text, "ko") for one in pieces(sentence, "ko") if isinstance(one, Words)]
    assert " ".join(piece.text for piece in whole).count("가나") == parts.count("가나")


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["ko", "en"]))
def test_any_text_gives_pieces(text: str, language: str) -> None:
    for piece in pieces(text, language):
        assert isinstance(piece, Break) or piece.text.strip()
    plain(text)
    faults(text)
