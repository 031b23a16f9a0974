"""Labels: who may approve what, what contradicts what, what is learnt from, and how far people agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.history import FULL, NOON, a_call, heard, put, said

from voicebot.store.history.callers import forget_caller
from voicebot.store.history.database import Database
from voicebot.store.history.expiry import expire
from voicebot.store.history.records import Forgotten
from voicebot.store.history.tables import milliseconds
from voicebot.store.labels import Judgement, Label, LabelError, Labels, New, Turn
from voicebot.store.labels.agreement import agreement, cohen_kappa, krippendorff_alpha

PART = milliseconds(NOON)


def a_turn(database: Database, call: str, text: str = "환불 해 주세요", number: str = "010", **values: object) -> Turn:
    put(database, a_call(call, [heard(text, **values), said("네.")], number=number))
    return Turn(call, PART, 0)


def meant(intent: str | None, text: str = "환불해 주세요", **slots: str) -> Judgement:
    return Judgement(text, intent, slots)


def states(labels: Labels, turn: Turn) -> list[tuple[str, str]]:
    return [(label.by, label.state) for label in labels.of_turn(turn)]


def test_a_label_holds_the_turn_and_what_was_said_about_it_without_personal_data(database: Database) -> None:
    turn = a_turn(database, "CA1", intent="refund")
    label = Labels(database).add(turn, meant("return_item", "환불해 주세요, 제 번호는 010-1234-5678이에요"), by="kim")
    assert (label.pack, label.language, label.turn, label.caller) == ("shop", "ko", turn, "hash of 010")
    assert (label.understood, label.intent, label.state, label.by) == ("refund", "return_item", "proposed", "kim")
    assert label.transcript == "환불해 주세요, 제 번호는 [전화번호]이에요"


def test_a_label_is_approved_by_right_by_a_second_labeller_or_by_somebody_who_agrees(database: Database) -> None:
    labels = Labels(database)
    by_right, by_two, by_word = (a_turn(database, f"CA{n}", f"환불 {n}") for n in range(3))
    labels.add(by_right, meant("return_item", "가"), by="boss", entitled=True)
    labels.add(by_two, meant("return_item", "나"), by="kim")
    assert states(labels, by_two) == [("kim", "proposed")]
    labels.add(by_two, meant("return_item", "나요"), by="lee")
    seen = labels.add(by_word, meant("return_item", "다"), by="kim")
    assert labels.waiting("shop") == (seen,)
    with pytest.raises(LabelError, match="somebody else"):
        labels.agree([seen.id], "kim")
    labels.agree([seen.id], "lee")
    assert [label.transcript for label in labels.approved("shop")] == ["가", "나", "다"]
    assert labels.waiting("shop") == ()


def test_labels_of_one_turn_that_differ_are_not_learnt_from_until_somebody_decides(database: Database) -> None:
    labels, turn = Labels(database), a_turn(database, "CA1")
    ours = labels.add(turn, meant("return_item"), by="kim", entitled=True)
    theirs = labels.add(turn, meant("cancel_order"), by="lee")
    approved = labels.approved("shop")
    assert [*approved] == []
    assert approved.reasons() == {"contradictory": 2}
    (conflict,) = labels.conflicts("shop")
    assert (conflict.kind, [label.by for label in conflict.labels]) == ("turn", ["kim", "lee"])
    with pytest.raises(LabelError, match="your own"):
        labels.decide([ours.id, theirs.id], theirs.id, "lee")
    labels.decide([ours.id, theirs.id], theirs.id, "park")
    assert states(labels, turn) == [("kim", "refused"), ("lee", "approved")]
    assert labels.conflicts("shop") == ()
    with pytest.raises(LabelError, match="meanwhile"):
        labels.decide([ours.id, theirs.id], ours.id, "park")
    # Somebody who looks later and contradicts opens the question again.
    labels.add(turn, meant("return_item"), by="choi")
    assert len(labels.conflicts("shop")) == 1
    assert [*labels.approved("shop")] == []


def test_the_same_sentence_with_two_intents_is_a_contradiction(database: Database) -> None:
    labels = Labels(database)
    for call, text, intent in (("CA1", "환불 해주세요.", "return_item"), ("CA2", "환불해 주세요", None)):
        labels.add(a_turn(database, call), meant(intent, text), by="kim", entitled=True)
    (conflict,) = labels.conflicts("shop")
    assert conflict.kind == "sentence"
    assert [*labels.approved("shop")] == []
    labels.decide([label.id for label in conflict.labels], None, "lee")
    assert labels.conflicts("shop") == ()
    assert [*labels.approved("shop")] == []


def test_intents_that_are_gone_and_what_one_caller_repeats_are_left_out_and_told(database: Database) -> None:
    labels = Labels(database)
    for n in range(8):
        labels.add(a_turn(database, f"CA{n}"), meant("return_item", f"환불 {n}"), by="kim", entitled=True)
    labels.add(a_turn(database, "CA8"), meant("old_intent", "옛날 것"), by="kim", entitled=True)
    labels.add(a_turn(database, "CA9"), Judgement("", None, intelligible=False), by="kim", entitled=True)
    approved = labels.approved("shop", intents={"ko": ["return_item"]}, most_per_caller=5)
    assert len(approved) == 5
    assert approved.reasons() == {"too many of one caller": 3, "intent is gone": 1, "unintelligible": 1}


def test_somebody_who_changes_their_mind_has_one_label_and_agreement_counts_the_first(database: Database) -> None:
    labels, turn = Labels(database), a_turn(database, "CA1")
    labels.add(turn, meant("return_item"), by="kim")
    labels.add(turn, meant("cancel_order"), by="lee")
    labels.add(turn, meant("cancel_order"), by="kim")
    assert states(labels, turn) == [("kim", "approved"), ("lee", "approved")]
    assert (labels.agreement("shop").turns, labels.agreement("shop").same) == (1, 0)
    labels.withdraw(labels.of_turn(turn)[0].id, "kim")
    assert states(labels, turn) == [("lee", "proposed")]


@pytest.mark.parametrize(
    ("judgement", "says"),
    [
        (Judgement(" ? ", "return_item"), "what was said"),
        (Judgement("가" * 1001, "return_item"), "at most 1000"),
        (Judgement("환불", "a:b"), "intent's name"),
        (Judgement("", "return_item", intelligible=False), "not intelligible"),
    ],
)
def test_what_can_be_no_label_is_refused_and_nothing_of_the_rest_is_kept(
    database: Database, judgement: Judgement, says: str
) -> None:
    labels, turn = Labels(database), a_turn(database, "CA1")
    with pytest.raises(LabelError, match=says) as refused:
        labels.add_all([New(turn, meant("return_item")), New(turn, judgement)], by="kim")
    assert refused.value.place == 1
    assert labels.find("shop") == []
    with pytest.raises(LabelError, match="no caller's turn"):
        labels.add(Turn("CA1", PART, 1), meant("return_item"), by="kim")


def test_a_caller_who_wants_to_be_forgotten_takes_the_labels_along(database: Database) -> None:
    labels = Labels(database)
    for call, number in (("CA1", "010"), ("CA2", "011"), ("CA3", "012")):
        labels.add(a_turn(database, call, number=number), meant("return_item", call), by="kim", entitled=True)
    forget_caller(database, "hash of 010")
    put(database, [Forgotten("CA2", PART)], prepare=FULL)
    assert [label.call for label in labels.find("shop")] == ["CA3"]


def test_words_of_labels_expire_but_for_approved_ones_and_callers_are_unlinked_with_their_calls(
    database: Database,
) -> None:
    labels = Labels(database)
    kept = labels.add(a_turn(database, "CA1"), meant("return_item"), by="kim", entitled=True)
    again = labels.add(a_turn(database, "CA2"), meant("return_item", "환불이요"), by="kim", entitled=True)
    labels.add(a_turn(database, "CA3"), meant("cancel_order", "취소요"), by="kim")
    expire(database, NOON + timedelta(days=40), words_days=30, calls_days=365, audit_days=365)
    assert [(label.transcript, label.intent) for label in labels.find("shop")] == [
        ("환불해 주세요", "return_item"),
        ("환불이요", "return_item"),
        ("", "cancel_order"),
    ]
    expire(database, NOON + timedelta(days=400), words_days=30, calls_days=365, audit_days=365)
    one, other = labels.get(kept.id), labels.get(again.id)
    assert one.caller == other.caller != kept.caller
    assert one.transcript == "환불해 주세요"


def test_kappa_and_alpha_are_those_of_published_examples() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)  # observed 0.7, by chance 0.5
    # Krippendorff (2011), sections A and C.
    two = [*zip("0100000010", "1110010000", strict=True)]
    assert krippendorff_alpha(two) == pytest.approx(0.095, abs=0.0005)
    rows = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    units = [[given for given in column if given != "."] for column in zip(*rows, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)
    assert cohen_kappa([("a", "a")] * 3) is None
    assert krippendorff_alpha([("a", "a")] * 3) is None


def test_agreement_has_an_interval_and_passes_over_turns_of_one_labeller() -> None:
    turns = {n: {"kim": "a" if n % 2 else "b", "lee": "a" if n % 2 or n % 10 == 0 else "b"} for n in range(60)}
    found = agreement({**turns, 99: {"kim": "a"}})
    assert (found.turns, found.same) == (60, 54)
    assert found.alpha is not None
    assert found.alpha.low < found.alpha.value < found.alpha.high
    (pair,) = found.pairs
    assert pair.kappa is not None
    assert pair.kappa.value == pytest.approx(0.8)
    assert agreement(turns) == agreement(turns)
    assert agreement({}).alpha is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=20))
def test_neither_coefficient_exceeds_one_and_both_are_one_only_in_complete_agreement(
    pairs: list[tuple[str, str]],
) -> None:
    for value in (cohen_kappa(pairs), krippendorff_alpha(pairs)):
        if value is not None:
            assert -1 - 1e-9 <= value <= 1 + 1e-9
            assert (value > 1 - 1e-9) == all(one == other for one, other in pairs)


def test_labels_are_told_apart_by_their_meaning() -> None:
    label = Label(1, "shop", "ko", "CA1", 0, 0, "", "네.", None, {}, "", "kim", NOON, "approved")
    assert (label.meaning, label.sentence) == (":out_of_scope", "네")
