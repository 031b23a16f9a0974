"""What a pack learnt from calls stands in learned.yaml, and counts wherever written sentences do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from voicebot.dialogue.checking import check_pack
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.loading import open_dialogue
from voicebot.simulation.wording import part
from voicebot.yaml_file import ContentError

PROMPTS = Path(__file__).parents[2] / "prompts"

LEARNED = """\
sentences:
  order_status:
    - {text: 물건이 어디까지 굴러왔으려나, source: "label:1"}
    - {text: "{order_number} 그거 아직 길바닥인가", source: "label:2"}
faq:
  gift_note:
    title: 선물 쪽지
    questions: [쪽지 하나 같이 넣을 수 있을까요, 손편지 동봉도 되나요]
    answer: 네, 주문하실 때 요청 사항에 적어 주시면 쪽지를 넣어 드려요.
    source: suggestion:7
outside:
  - {text: 거기 아르바이트 뽑나요, source: "label:3"}
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for name in ("common", "shop"):
        shutil.copytree(PROMPTS / name, tmp_path / name)
    return tmp_path


def with_learned(content: Path, text: str) -> Pack:
    (content / "shop/ko/learned.yaml").write_text(text, encoding="utf-8")
    return load_pack(content, "shop")


def test_learned_sentences_are_understood_exactly_heard_and_answered(content: Path) -> None:
    before = load_pack(content, "shop")
    pack = with_learned(content, LEARNED)
    assert pack.version != before.version
    dialogue = open_dialogue(pack, Path("/nonexistent"))
    understander = dialogue.understander("ko")
    assert understander.understand("물건이 어디까지 굴러왔으려나").intent == "order_status"
    assert understander.understand("손편지 동봉도 되나요").intent == "gift_note"
    assert understander.understand("거기, 아르바이트 뽑나요?").intent is None
    assert "gift_note" in pack.faq
    assert "쪽지를 넣어" in pack.languages["ko"].replies["gift_note"][0].text
    heard = {sentence.text: sentence.meaning for sentence in PackDomains(pack).domain("open", "ko").sentences}
    assert heard["물건이 어디까지 굴러왔으려나"] == "order_status"
    assert heard["쪽지 하나 같이 넣을 수 있을까요"] == "gift_note"
    assert pack.languages["ko"].outside == ("거기 아르바이트 뽑나요",)
    sources = {one.text: one.source for one in pack.languages["ko"].sentences["order_status"]}
    assert sources["물건이 어디까지 굴러왔으려나"] == "label:1"
    assert sum(bool(source) for source in sources.values()) == 2


def test_a_pack_with_many_templates_still_hears_and_learns_every_sentence_of_calls(content: Path) -> None:
    said = [f"그 소포 말인데 {n}번 창고에서 꼼짝을 안 하네" for n in range(30)]
    rows = "".join(f'    - {{text: {text}, source: "label:{n}"}}\n' for n, text in enumerate(said))
    pack = with_learned(content, f"sentences:\n  order_status:\n{rows}")
    heard = {sentence.text for sentence in PackDomains(pack).domain("open", "ko").sentences}
    assert heard.issuperset(said)


def test_simulated_callers_withhold_the_same_templates_with_and_without_what_was_learned(content: Path) -> None:
    before = part(load_pack(content, "shop"), 3)
    after = part(with_learned(content, LEARNED), 3)
    for intent, kept in before.languages["ko"].sentences.items():
        assert [one for one in after.languages["ko"].sentences[intent] if not one.source] == list(kept)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("sentences:\n  gone_intent:\n    - {text: 안녕, source: 'label:1'}\n", 2, "no intent and no FAQ entry"),
        ("sentences:\n  order_status:\n    - {text: '{oder} 어디', source: 'label:1'}\n", 3, "is no slot"),
        ("sentences:\n  order_status:\n    - {text: '{product} 어디', source: 'label:1'}\n", 3, "is no slot"),
        ("sentences:\n  order_status:\n    - {text: '어디 {', source: 'label:1'}\n", 3, "brace"),
        ("sentences:\n  order_status:\n    - {text: 어디}\n", 3, "source"),
        ("outside:\n  - {text: 어디, source: 'nobody'}\n", 2, "source"),
        (
            "faq:\n  order_status: {title: 가, questions: [나], answer: 다, source: 'suggestion:1'}\n",
            2,
            "already",
        ),
        ("faq:\n  new_one: {title: 가, questions: [나], answer: '{', source: 'suggestion:1'}\n", 2, ""),
    ],
)
def test_errors_name_the_line(content: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ContentError, match=rf"ko/learned.yaml, line {line}: .*{message}"):
        with_learned(content, text)


def test_a_learned_sentence_that_stands_for_another_intent_is_found_where_it_stands(content: Path) -> None:
    other = load_pack(content, "shop").languages["ko"].sentences["cancel_order"][0].text
    with_learned(content, f"sentences:\n  order_status:\n    - {{text: {other}, source: 'label:1'}}\n")
    found = [one for one in check_pack(content, "shop") if one.path.endswith("learned.yaml")]
    assert [(one.level, one.check, one.line) for one in found if one.level == "error"] == [
        ("error", "same-sentence", 3)
    ]
