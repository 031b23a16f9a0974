from __future__ import annotations

import json

from voicebot.asr.domain_graph import compile_domain, key_of, spoken_digits
from voicebot.asr.port import Domain, Sentence
from voicebot.asr.segmentation import Segmenter

SEGMENTER = Segmenter(frozenset(["배송", "언제", "와요", "네", "공", "일", "이", "삼", "입니다"]), "ko")


def domain(*sentences: tuple[str, str], digits: tuple[int, ...] = ()) -> Domain:
    return Domain("d", "ko", tuple(Sentence(text, meaning) for text, meaning in sentences), digits)


def test_the_grammar_has_the_sentences_in_the_models_words() -> None:
    graph = compile_domain(domain(("배송 언제와요", "delivery")), SEGMENTER)
    assert json.loads(graph.grammar) == ["배송 언제 와요"]


def test_digits_may_follow_each_other_in_any_order() -> None:
    grammar = json.loads(compile_domain(domain(digits=(8,)), SEGMENTER).grammar)
    assert {"공 일", "일 공", "삼 삼", "이 입니다"} <= set(grammar)


def test_a_sentence_that_can_not_be_heard_is_left_out_and_reported() -> None:
    graph = compile_domain(domain(("배송 5", "a"), ("네", "yes")), SEGMENTER)
    assert [sentence.text for sentence in graph.sentences] == ["네"]
    assert graph.unsayable[0].word == "5"


def test_a_sentence_is_whole_unless_another_meaning_goes_on_from_it() -> None:
    graph = compile_domain(domain(("배송", "a"), ("배송 언제", "b"), ("배송 언제 와요", "b")), SEGMENTER)
    assert key_of("배송") not in graph.wholes
    assert key_of("배송 언제") in graph.wholes


def test_an_empty_domain_has_no_grammar() -> None:
    assert compile_domain(domain(), SEGMENTER).grammar == ""


def test_spoken_digits_are_read_with_what_is_said_around_them() -> None:
    assert spoken_digits("공 하나 삼 입니다", "ko") == "013"
    assert spoken_digits("공 일 배송", "ko") == ""
    assert spoken_digits("one oh five", "en") == "105"
