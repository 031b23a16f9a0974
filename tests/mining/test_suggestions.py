"""Suggestions are drawn from callers, agents and documents; editors judge them; training reads what was accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.history import NOON, a_call, heard, put, said

from voicebot.dialogue.pack import LanguagePack, load_pack
from voicebot.knowledge.base import KnowledgeBase, import_document
from voicebot.knowledge.store import KnowledgeStore
from voicebot.learning.mining.drafting import Answered, Material, draft, fit, problems
from voicebot.learning.mining.miner import Miner
from voicebot.learning.mining.suggesting import suggest
from voicebot.live.desk_records import DeskRecords, GivenAnswer
from voicebot.store.history.database import Database
from voicebot.store.mining import Draft, Source, Suggestions
from voicebot.store.mining.clusters import Clusters

SINCE, UNTIL = NOON - timedelta(days=7), NOON + timedelta(hours=1)
ASKED = ("사은품은 언제 오나요", "사은품 언제 오나요", "사은품은 언제 와요")
ANSWER = "사은품은 상품과 따로 일주일 안에 보내 드립니다."


@pytest.fixture(scope="module")
def words() -> LanguagePack:
    return load_pack(Path(__file__).parents[2] / "prompts", "shop").languages["ko"]


def material(**values: object) -> Material:
    return replace(Material("shop", "ko", ASKED, ("CA1", "CA2", "CA3"), cluster=7), **values)  # type: ignore[arg-type]


def by_agent(call: str, answer: str, *, kind: str = "typed", source: str = "") -> Answered:
    return Answered(call, f"caller of {call}", "agent", ASKED[0], answer, kind, source)


def test_an_answer_is_what_most_callers_were_told_with_its_calls(words: LanguagePack) -> None:
    answers = (by_agent("CA1", "잘 모르겠습니다."), by_agent("CA2", ANSWER), by_agent("CA3", ANSWER))
    made = draft(material(answers=answers), words, None)
    assert made is not None
    assert (made.kind, made.entry, made.question, made.answer) == ("faq", "asked_7", ASKED[0], ANSWER)
    assert made.sources[0] == Source("agent", calls=("CA2", "CA3"), times=2)
    assert made.sources[1] == Source("calls", calls=("CA1", "CA2", "CA3"), times=3)


def test_an_answer_is_a_passage_with_its_document_and_place(words: LanguagePack, tmp_path: Path) -> None:
    document = tmp_path / "gifts.md"
    document.write_text(
        f"# 사은품\n\n## 사은품은 언제 오나요\n\n{ANSWER}\n\n# 배송\n\n배송은 이틀 걸립니다.\n", "utf-8"
    )
    store = KnowledgeStore(tmp_path)
    import_document(store, "shop", "gifts.md", document, "ko")
    made = draft(material(), words, KnowledgeBase(store, "shop", "ko"))
    assert made is not None
    assert made.answer == ANSWER
    assert (made.sources[0].kind, made.sources[0].document) == ("document", "gifts.md")
    assert made.title == made.sources[0].titles[-1]


def test_without_a_source_there_is_no_answer(words: LanguagePack) -> None:
    made = draft(material(), words, None)
    assert made is not None
    assert made.answer == ""
    assert problems(made, words.titles) == ["answer", "title"]


def test_sentences_near_an_intent_become_wordings_of_it(words: LanguagePack) -> None:
    made = draft(material(nearest="order_status", likeness=0.8), words, None)
    assert made is not None
    assert (made.kind, made.entry, made.answer) == ("wording", "order_status", "")
    assert problems(made, words.titles) == []


def test_what_agents_answered_from_an_entry_becomes_wordings_of_it(words: LanguagePack) -> None:
    answers = tuple(by_agent(f"CA{n}", "배송비는 삼천 원입니다.", kind="faq", source="shipping_fee") for n in range(2))
    made = draft(material(answers=answers), words, None)
    assert made is not None
    assert (made.kind, made.entry) == ("wording", "shipping_fee")


def test_variants_hold_no_personal_data_no_syntax_and_nothing_known(words: LanguagePack) -> None:
    known = words.sentences["order_status"][0].text
    texts = [
        "제 번호는 공일공 일이삼사 오육칠팔이에요",
        "[이름] 앞으로 왔나요",
        "선물(포장)",
        "길" * 90,
        known,
        "네 2026103이요",
    ]
    assert fit([*texts, *ASKED, ASKED[0]], "ko", words) == ASKED
    assert draft(material(texts=tuple(texts)), words, None) is None


def test_a_new_entry_needs_a_name_of_its_own(words: LanguagePack) -> None:
    made = Draft("shop", "ko", "faq", "shipping_fee", "사은품", ASKED[0], ASKED, ANSWER, ())
    assert problems(made, words.titles) == ["taken"]
    assert problems(replace(made, entry="사은품"), words.titles) == ["name"]
    assert problems(replace(made, entry="gift", variants=("사은품 {이름}",)), words.titles) == ["syntax"]
    assert (
        problems(replace(made, entry="gift", variants=("{order_number} 사은품",)), words.titles, ["order_number"]) == []
    )


def test_editors_judge_and_training_reads_what_they_accepted(database: Database) -> None:
    store = Suggestions(database, now=lambda: NOON)
    made = Draft(
        "shop", "ko", "faq", "gift", "사은품", ASKED[0], ASKED, ANSWER, (Source("agent", calls=("CA1",), times=1),)
    )
    first, second = store.add(made), store.add(made)
    assert store.accepted("shop") == []
    assert store.change(first, replace(made, answer="곧 보내 드립니다."), "editor")
    assert store.judge(first, "accepted", "editor")
    assert store.judge(second, "refused", "editor")
    assert not store.judge(second, "accepted", "other")
    (accepted,) = store.accepted("shop")
    assert (accepted.id, accepted.answer, accepted.by, accepted.sources) == (
        first,
        "곧 보내 드립니다.",
        "editor",
        made.sources,
    )
    assert store.accepted("bank") == []
    assert store.withdraw(first, "editor")
    assert store.accepted("shop") == []


def test_drafts_that_nobody_touched_are_deleted_in_time(database: Database) -> None:
    made = Draft("shop", "ko", "faq", "gift", "사은품", ASKED[0], ASKED, ANSWER, ())
    old, new = Suggestions(database, now=lambda: NOON), Suggestions(database, now=lambda: UNTIL)
    accepted, _ = old.add(made), old.add(made)
    old.judge(accepted, "accepted", "editor")
    kept = new.add(made)
    assert new.forget_drafts(NOON + timedelta(minutes=1)) == 1
    assert {one.id for one in new.find_all()} == {accepted, kept}


def handed_over(database: Database, call: str, question: str) -> None:
    """A call in which an agent answered."""
    entries = [heard(question, "no_match", ""), said("상담원에게 연결해 드릴게요.")]
    put(database, a_call(call, entries, number=call, outcome="hand_over"))
    records = DeskRecords(database, lambda text, _: text, tries=0)
    records.close(call, "answered", answers=[GivenAnswer(question, ANSWER, "typed")])


def test_what_several_callers_asked_agents_is_suggested_once(
    database: Database, tmp_path: Path, words: LanguagePack
) -> None:
    for n, question in enumerate(ASKED):
        handed_over(database, f"CA{n}", question)
    miner = Miner(database, lambda _: None, None, tmp_path)
    (number,) = miner.run(SINCE, UNTIL)[0].drafts
    made = Suggestions(database).find(number)
    assert made is not None
    assert (made.answer, set(made.variants), made.cluster) == (ANSWER, set(ASKED), None)
    Suggestions(database).judge(number, "refused", "editor")
    mined = miner.run(SINCE, UNTIL)[0]
    assert mined.drafts == ()
    cluster = Clusters(database).find(mined.clusters[0])
    assert cluster is not None
    of_cluster = suggest(database, cluster, words, None)
    assert of_cluster is not None
    assert (of_cluster.answer, of_cluster.sources[0].times) == (ANSWER, 3)
