"""Evaluation of understanding: figures and the page."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.nlu.evaluation import Answer, Proportion, confusion_matrix, evaluate
from voicebot.nlu.evaluation_report import report_html

ANSWERS = [
    Answer("환불해 주세요", "refund", "refund", 0.9),
    Answer("환불 <b>좀</b>", "refund", "order", 0.8),
    Answer("주문할게요", "order", "order", 0.7),
    Answer("날씨 어때", None, None, 0.95),
    Answer("점심 뭐 먹지", None, "order", 0.3),
]


def test_figures() -> None:
    found = evaluate(ANSWERS)
    assert (found.accuracy.hits, found.accuracy.total) == (3, 5)
    assert found.in_scope.value == pytest.approx(2 / 3)
    assert found.out_of_scope_recall.value == 0.5
    assert found.confusions == (("(out of scope)", "order", 1), ("refund", "order", 1))
    assert [a.text for a in found.errors] == ["환불 <b>좀</b>", "점심 뭐 먹지"]
    assert found.calibration_error == pytest.approx((0.1 + 0.8 + 0.3 + 0.05 + 0.3) / 5, abs=0.08)
    by_name = {f.intent: f for f in found.intents}
    assert (by_name["order"].recall.value, by_name["order"].precision.value) == (1.0, pytest.approx(1 / 3))


def test_wilson_interval_against_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert Proportion(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert Proportion(0, 20).interval == pytest.approx((0.0, 0.1611), abs=5e-4)


def test_confusion_matrix_counts_every_answer_once() -> None:
    names, counts = confusion_matrix(ANSWERS)
    assert names == ["(out of scope)", "order", "refund"]
    assert counts == [[1, 1, 0], [0, 1, 0], [0, 1, 1]]


def test_no_answers_are_no_error() -> None:
    assert evaluate([]).accuracy.value == 0
    assert "None." in report_html(evaluate([]))


def test_json_is_plain_data() -> None:
    assert json.loads(json.dumps(evaluate(ANSWERS).to_json()))["accuracy"]["hits"] == 3


def test_the_page_escapes_texts_and_loads_nothing_from_elsewhere() -> None:
    page = report_html(evaluate(ANSWERS), title="상점 <pack>")
    assert "<b>좀</b>" not in page
    assert "상점 &lt;pack&gt;" in page
    assert not re.search(r"https?://|src=|url\(|<script|@import", page)


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_value(hits: int, more: int) -> None:
    share = Proportion(hits, hits + more)
    low, high = share.interval
    assert 0 <= low <= share.value <= high <= 1
