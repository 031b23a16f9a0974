from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.segmentation import Segmenter, spoken_words

_WORDS = "배송 언제 도착 하나요 도 착 하 나 요 주 문 주문 에스엠에스 에스 엠 를 을 뱅"
WORDS = frozenset(_WORDS.split())


def test_words_split_into_the_fewest_pieces() -> None:
    split = Segmenter(WORDS, "ko").sentence("배송 언제 도착하나요?")
    assert split.pieces == ("배송", "언제", "도착", "하나요")
    assert not split.unsayable


def test_one_long_and_one_short_piece_lose_to_one_piece() -> None:
    assert Segmenter(WORDS, "ko").sentence("주문을").pieces == ("주문", "을")


def test_letters_are_spelt_out_and_reported() -> None:
    split = Segmenter(WORDS, "ko").sentence("SMS를")
    assert split.pieces == ("에스엠에스", "를")
    assert [(one.word, one.suggestion) for one in split.unsayable] == [("sms를", "에스엠에스를")]


def test_a_syllable_that_the_model_lacks_is_replaced_by_a_near_one() -> None:
    split = Segmenter(WORDS, "ko").sentence("뱋")
    assert split.pieces == ("뱅",)
    assert split.unsayable[0].suggestion == "뱅"


def test_a_sentence_with_a_figure_can_not_be_said() -> None:
    split = Segmenter(WORDS, "ko").sentence("주문 3")
    assert split.pieces == ()
    assert [(one.word, one.suggestion) for one in split.unsayable] == [("3", "")]


def test_decomposed_hangul_and_punctuation_are_normalised() -> None:
    assert spoken_words(unicodedata.normalize("NFD", "배송, 언제?!")) == ["배송", "언제"]


def test_english_words_are_whole() -> None:
    segmenter = Segmenter(frozenset(["where's", "my", "parcel"]), "en")
    assert segmenter.sentence("Where's my parcel?").pieces == ("where's", "my", "parcel")
    assert segmenter.sentence("my parzel").unsayable[0].word == "parzel"


@given(st.text(max_size=40))
def test_any_text_is_split_or_reported(text: str) -> None:
    split = Segmenter(WORDS, "ko").sentence(text)
    assert split.pieces or split.unsayable or not spoken_words(text)
