"""Sentence templates: choices, lists, rules, particles, sampling, errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.nlu.hangul import final_consonant
from voicebot.nlu.templates import Expansion, TemplateError, check, expand, fill


def texts(template: str, **kwargs: object) -> list[str]:
    return [e.text for e in expand(template, **kwargs)]  # type: ignore[arg-type]


def test_choices_and_optional_words_give_every_sentence_once() -> None:
    assert texts("[혹시] (배송|택배) 언제 (와요|도착하나요)") == [
        "혹시 배송 언제 와요",
        "혹시 배송 언제 도착하나요",
        "혹시 택배 언제 와요",
        "혹시 택배 언제 도착하나요",
        "배송 언제 와요",
        "배송 언제 도착하나요",
        "택배 언제 와요",
        "택배 언제 도착하나요",
    ]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("(배송|택배){이} 언제 와요", ["배송이 언제 와요", "택배가 언제 와요"]),
        ("(배송|택배){가} 언제 와요", ["배송이 언제 와요", "택배가 언제 와요"]),
        ("(배송|택배) [{이}] 언제", ["배송이 언제", "배송 언제", "택배가 언제", "택배 언제"]),
        ("(서울|부산|제주){으로} 보내 주세요", ["서울로 보내 주세요", "부산으로 보내 주세요", "제주로 보내 주세요"]),
        ("(운동화|가방){이에요}", ["운동화예요", "가방이에요"]),
        ("3{이랑} 5{을}", ["3이랑 5를"]),
    ],
)
def test_a_particle_agrees_with_the_word_before_it(template: str, expected: list[str]) -> None:
    assert texts(template) == expected


def test_list_values_become_slots() -> None:
    found = expand("{상품}{을} {상품:다른상품}{으로} 바꿔 주세요", {"상품": ["운동화", "가방"]})
    assert found[1] == Expansion("운동화를 가방으로 바꿔 주세요", {"상품": "운동화", "다른상품": "가방"})
    assert len(found) == 4


def test_a_slot_said_twice_has_one_value() -> None:
    assert texts("{상품} 그 {상품}", lists={"상품": ["가방", "신발"]}) == ["가방 그 가방", "신발 그 신발"]


def test_rules_are_templates_that_may_use_rules_and_lists() -> None:
    rules = {"물건": "(내|제) {상품}", "공손": "[좀] 알려 주세요"}
    found = texts("<물건>{이} 어디 있는지 <공손>", lists={"상품": ["가방"]}, rules=rules)
    assert found[0] == "내 가방이 어디 있는지 좀 알려 주세요"
    assert len(found) == 4


def test_any_order() -> None:
    assert texts("(내일;서울에서) 만나요") == ["내일 서울에서 만나요", "서울에서 내일 만나요"]


def test_escaped_brackets_are_text() -> None:
    assert texts(r"1\+1 \(행사\) 상품") == ["1+1 (행사) 상품"]


def test_a_slot_kept_open_is_filled_later_and_its_particle_with_it() -> None:
    (expansion,) = expand("주문번호 {주문번호}{을} 취소해 주세요", keep=["주문번호"])
    assert expansion == Expansion("주문번호 {주문번호}{을} 취소해 주세요")
    assert fill(expansion.text, {"주문번호": "삼"}) == "주문번호 삼을 취소해 주세요"
    assert fill(expansion.text, {"주문번호": "이"}) == "주문번호 이를 취소해 주세요"


def test_check_returns_the_slots_of_a_template_and_of_its_rules() -> None:
    assert check("{상품:다른상품} <물건>", ["상품", "색"], {"물건": "{색} 것"}) == {"다른상품", "색"}


def test_an_exploding_template_is_sampled_deterministically_and_every_branch_appears() -> None:
    template = " ".join(f"(가{i}|나{i}|다{i})" for i in range(12)) + " {상품}"
    lists = {"상품": [f"상품{i}" for i in range(20)]}
    first = texts(template, lists=lists, limit=40, seed=3)
    assert len(first) == len(set(first)) == 40
    assert first == texts(template, lists=lists, limit=40, seed=3)
    assert first != texts(template, lists=lists, limit=40, seed=4)
    said = " ".join(first).split()
    assert set(lists["상품"]) <= set(said)
    assert {f"{c}{i}" for c in "가나다" for i in range(12)} <= set(said)


@pytest.mark.parametrize(
    ("template", "position", "words"),
    [
        ("(배송|택배 언제", 0, 'add ")"'),
        ("배송) 언제", 2, "without opening"),
        ("(배송|택배] 언제", 6, 'close it with ")"'),
        ("배송 {} 언제", 3, 'empty "{}"'),
        ("배송 {상품 이름}", 3, "without spaces"),
        ("배송 {없는것}", 3, "known names are 빈목록, 상품"),
        ("배송 <없는규칙>", 3, "known rules are 돌기"),
        ("<돌기>", 2, "take it out"),
        ("{빈목록} 주세요", 0, "add a value"),
        ("(" * 30 + "가" + ")" * 30, 20, "use a rule"),
        ("가 " * 1500, 2000, "split it"),
        ("  ", 0, "is empty"),
    ],
)
def test_an_error_names_the_template_the_place_and_the_remedy(template: str, position: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        expand(template, {"상품": ["가방"], "빈목록": []}, {"돌기": "또 <돌기>"})
    assert words in str(caught.value)
    assert caught.value.position == position
    assert str(caught.value).count("\n") == 0


@given(st.text(alphabet="가나 ()[]{}<>|;\\:이", max_size=14))
def test_any_text_expands_or_is_refused_with_a_template_error(template: str) -> None:
    try:
        found = expand(template, {"가": ["하나"]}, {"나": "둘"}, limit=10)
    except TemplateError:
        return
    assert len(found) <= 10
    assert all(e.text == " ".join(e.text.split()) for e in found)


@given(st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=5))
def test_subject_particle_always_agrees(word: str) -> None:
    (text,) = texts(f"{word}{{이}} 없어요")
    assert text == f"{word}{'이' if final_consonant(word) else '가'} 없어요"
