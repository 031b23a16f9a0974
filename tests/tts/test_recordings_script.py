"""The recording script: what is to be read, and that what was read is enough."""

from __future__ import annotations

import csv
import functools
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.carriers import carriers
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.dialogue.replies import say_value
from voicebot.nlu.hangul import particle
from voicebot.tts.port import Sound
from voicebot.tts.recordings import Fill, Piece, Recordings
from voicebot.tts.recordings.carrier import Carrier, Gap
from voicebot.tts.recordings.coverage import coverage
from voicebot.tts.recordings.script import Script, write_script
from voicebot.tts.recordings.sheet import sheet

_TONE = (np.sin(np.arange(800) * 0.4) * 8000).astype(np.int16)
_PROMPTS = Path(__file__).parents[2] / "prompts"


def recorded(script: Script) -> Recordings:
    """All of a script, each piece the same short tone."""
    recordings = Recordings()
    for line in script.lines:
        recordings.add(str(line.piece), script.language, Sound(_TONE, 8000))
    return recordings


@functools.cache
def script_of(pack: str, language: str) -> Script:
    return write_script(carriers(content_of(pack), language), language)


@functools.cache
def content_of(pack: str) -> Pack:
    return load_pack(_PROMPTS, pack)


def written(script: Script) -> set[str]:
    return {str(line.piece) for line in script.lines}


def is_joined(recordings: Recordings, sentence: str, language: str) -> bool:
    parts = recordings.compose(sentence, language)
    return parts is not None and not any(isinstance(part, Fill) for part in parts)


def test_a_phrase_without_gaps_is_read_sentence_by_sentence_and_once() -> None:
    script = write_script(
        [
            Carrier("hello", "안녕하세요. 무엇을 도와드릴까요?"),
            Carrier("again", "무엇을 도와드릴까요?"),
            Carrier("price", "3,000원이에요."),
        ],
        "ko",
    )
    assert [str(line.piece) for line in script.lines] == ["안녕하세요.", "무엇을 도와드릴까요?", "삼천 원이에요."]
    assert script.lines[1].used_by == ("hello", "again")


def test_a_carrier_is_cut_at_its_gaps_with_its_unit_and_particle() -> None:
    carrier = Carrier("refund", "반품비 {fee:won}{을} 빼고 돌려드릴까요?", {"fee:won": Gap(kinds=("won",))})
    pieces = written(write_script([carrier], "ko"))
    assert {"반품비…", "…원을 빼고 돌려드릴까요?", "…이천…", "…구백…", "…만…"} <= pieces
    assert "…원…" not in pieces


def test_particles_are_read_with_the_few_words_they_follow() -> None:
    carrier = Carrier("late", "{product}{은} 늦어요.", {"product": Gap(values=("가방", "운동화"))})
    assert written(write_script([carrier], "ko")) == {"…늦어요.", "가방은…", "운동화는…"}


def test_a_name_that_never_changes_is_part_of_the_sentence() -> None:
    carrier = Carrier("greeting", "{name}{이에요}. 말씀하세요.", {"name": Gap(values=("가온몰",))})
    assert written(write_script([carrier], "ko")) == {"가온몰이에요.", "말씀하세요."}


def test_a_line_shows_its_sentence_and_keeps_its_name() -> None:
    carrier = Carrier("late", "죄송해요, {product}{이} 늦어요.", {"product": Gap(values=("가방",) * 1 + ("양말",))})
    lines = {str(line.piece): line for line in write_script([carrier], "ko").lines}
    assert lines["…늦어요."].context == "죄송해요, 가방이 [늦어요.]"
    assert lines["…양말이…"].context == "죄송해요, [양말이] 늦어요."
    other = write_script([Carrier("other", "늦었어요."), carrier], "ko")
    assert {line.id for line in other.lines} >= {line.id for line in lines.values()}


@pytest.mark.parametrize("pack", ["shop", "bank", "civic", "hr"])
def test_every_line_of_a_packs_script_has_a_name_and_a_place_of_its_own(pack: str) -> None:
    for language in ("ko", "en"):
        script = script_of(pack, language)
        assert len({line.id for line in script.lines}) == len(script.lines) > 300
        assert len({(one.piece.key, one.piece.begins, one.piece.ending) for one in script.lines}) == len(script.lines)
        for line in script.lines:
            assert line.used_by
            assert line.seconds(language) < 30
            again = Piece.of(str(line.piece), language)
            assert (again.key, again.begins, again.ending) == (line.piece.key, line.piece.begins, line.piece.ending)


def test_a_script_that_is_read_covers_its_pack() -> None:
    script = script_of("shop", "ko")
    found = coverage(script, recorded(script))
    assert (found.recorded, found.complete, found.missing) == (len(script.lines), len(found.replies), ())


_KINDS = ("won", "count", "digits", "date", "time")
_SENTENCES = {
    "ko": {
        "won": "모두 {v:won}{을} 빼고 돌려드려요. 모두 {v:won} 주문이에요. 값은 {v:won}이에요. 값이 {v:won}인가요?",
        "count": "지금 {v:count}개 남았어요. 지금 {v:count}포인트예요. 이제 {v:count}명이 기다려요.",
        "digits": "번호 {v:digits}{으로} 된 주문이 없네요. 번호는 {v:digits}{이에요}.",
        "date": "{v:date}에 도착해요. 도착은 {v:date}{이에요}. 언제나 {v:date}까지예요.",
        "time": "평일 {v:time}부터 열어요. 언제나 {v:time}까지예요.",
    },
    "en": {
        "won": "You get {v:won} back. It costs {v:won}. Is it {v:won}?",
        "count": "There are {v:count} left. You have {v:count}.",
        "digits": "There is no order {v:digits}. Is {v:digits} right?",
        "date": "It comes on {v:date}. On {v:date}, it comes. Is it {v:date}?",
        "time": "We open at {v:time} today. We close at {v:time}.",
    },
}
_STOCKS = {
    (language, kind): recorded(
        write_script([Carrier(kind, _SENTENCES[language][kind], {f"v:{kind}": Gap(kinds=(kind,))})], language)
    )
    for language in ("ko", "en")
    for kind in _KINDS
}
_VALUES = st.one_of(
    st.tuples(st.just("won"), st.integers(0, 9_999_999)),
    st.tuples(st.just("count"), st.integers(1, 99)),
    st.tuples(st.just("digits"), st.from_regex(r"[0-9]{4,12}", fullmatch=True)),
    st.tuples(st.just("date"), st.integers(0, 11_000).map(lambda day: str(date(2020, 1, 1) + timedelta(day)))),
    st.tuples(st.just("time"), st.builds(lambda h, m: f"{h:02}:{m * 5:02}", st.integers(0, 23), st.integers(0, 11))),
)


@settings(max_examples=150, deadline=None)
@given(value=_VALUES, language=st.sampled_from(["ko", "en"]))
def test_any_value_is_joined_from_the_scripts_pieces_alone(value: tuple[str, object], language: str) -> None:
    kind, what = value
    said = say_value(what, kind, language)
    for template in _SENTENCES[language][kind].split(". "):
        sentence = template.replace(f"{{v:{kind}}}", said)
        for form in ("을", "으로", "이에요"):
            sentence = sentence.replace(f"{{{form}}}", particle(said, form))
        sentence += "" if sentence.endswith(("?", ".")) else "."
        for one in sentence.replace("? ", "?|").split("|"):
            assert is_joined(_STOCKS[language, kind], one, language), one


def test_numbers_up_to_the_largest_amount_are_in_the_script() -> None:
    carrier = Carrier("balance", "잔액은 {v:won}입니다.", {"v:won": Gap(kinds=("won",))})
    script = write_script([carrier], "ko", largest=999_999_999)
    assert is_joined(recorded(script), "잔액은 318,456,789원입니다.", "ko")
    assert not is_joined(recorded(write_script([carrier], "ko")), "잔액은 318,456,789원입니다.", "ko")


def test_coverage_tells_the_worst_replies_and_what_to_record_first() -> None:
    carrier = Carrier("late", "{product}{은} 내일 도착해요.", {"product": Gap(values=("가방", "양말"))})
    script = write_script([carrier, Carrier("hello", "안녕하세요."), Carrier("open", "{x} 말인가요?")], "ko")
    recordings = Recordings()
    for text in ("가방은…", "안녕하세요."):
        recordings.add(text, "ko", Sound(_TONE, 8000))
    found = coverage(script, recordings)
    assert [(reply.name, reply.recorded, reply.needed) for reply in found.replies] == [
        ("open", 0, 1),
        ("late", 1, 3),
        ("hello", 1, 1),
    ]
    assert (found.recorded, found.lines, found.complete) == (2, 5, 1)
    assert found.replies[0].is_open
    assert {str(line.piece) for line in found.missing} == {"…내일 도착해요.", "양말은…", "…말인가요?"}


def test_sheets_have_every_line_and_escape_what_is_markup() -> None:
    script = write_script([Carrier("a", 'Say "A & B" <now>.'), Carrier("b", "Go.")], "en")
    rows = list(csv.reader(sheet(script, "csv").splitlines()))
    assert [row[1] for row in rows[1:]] == [f"{line.id}.wav" for line in script.lines]
    page = sheet(script, "html")
    assert "<now>" not in page
    for line in script.lines:
        assert line.id in page
        assert line.id in sheet(script, "text")
