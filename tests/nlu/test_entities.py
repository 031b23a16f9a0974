"""What callers say is read as they mean it, in Korean and in English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from voicebot.nlu.entities import Expected, find_entities
from voicebot.nlu.understanding import Entity

TODAY = date(2026, 11, 19)
"""A Thursday."""


def _read(name: str) -> Any:
    return YAML(typ="safe").load((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _table(language: str) -> list[dict[str, Any]]:
    return [
        {
            "language": language,
            "type": group["type"],
            "expect": [
                Expected(**{**one, "lengths": tuple(one.get("lengths", ()))}) for one in group.get("expect", ())
            ],
            "among": group.get("among", False),
            "text": case[0],
            "value": case[1] if len(case) > 1 else None,
            "span": case[2] if len(case) > 2 else case[0],
        }
        for group in _read(f"entities_{language}.yaml")
        for case in group["cases"]
    ]


KOREAN, ENGLISH = _table("ko"), _table("en")


def _found(case: dict[str, Any]) -> tuple[Entity, ...]:
    return find_entities(case["text"], case["language"], today=TODAY, expect=case["expect"])


def _right(case: dict[str, Any], found: tuple[Entity, ...]) -> bool:
    if case["type"] is None:
        return not found
    wanted = (case["type"], case["value"], case["span"])
    of_type = [one for one in found if one.type == case["type"]]
    first = (of_type or found)[:1]
    return [(one.type, one.value, one.text) for one in first] == [wanted] and (
        case["among"] or len(found) == 1 or (case["expect"] and len(of_type) == 1)
    )


@pytest.mark.parametrize("kind", sorted({str(case["type"]) for case in KOREAN + ENGLISH}))
def test_what_callers_say_is_found_with_its_value_and_span(kind: str) -> None:
    cases = [case for case in KOREAN + ENGLISH if str(case["type"]) == kind]
    wrong = [
        (case["text"], case["value"], case["span"], _found(case)) for case in cases if not _right(case, _found(case))
    ]
    assert not wrong


@pytest.mark.parametrize(("table", "least"), [(KOREAN, 600), (ENGLISH, 300)], ids=["ko", "en"])
def test_the_table_is_as_large_as_promised_and_repeats_nothing(table: list[dict[str, Any]], least: int) -> None:
    distinct = {(case["text"], str(case["type"]), str(case["expect"])) for case in table}
    assert len(distinct) == len(table) >= least


def _values(found: Iterable[Entity], negated: bool) -> list[dict[str, Any]]:
    return [{one.type: one.value} for one in found if one.negated is negated]


@pytest.mark.parametrize(
    "group", _read("entities_callers.yaml"), ids=lambda group: f"{group['language']}-{group['pack']}"
)
def test_whole_sentences_yield_all_their_values_and_no_others(group: dict[str, Any]) -> None:
    wrong = []
    for case in group["cases"]:
        asked = case.get("expect")
        expect = [Expected(asked["type"], tuple(asked.get("lengths", ())))] if asked else []
        found = find_entities(case["said"], group["language"], today=TODAY, expect=expect)
        if (_values(found, False), _values(found, True)) != (case["values"], case.get("negated", [])):
            wrong.append((case["said"], found))
    assert not wrong


def test_ten_thousand_that_begins_another_word_is_no_number() -> None:
    found = find_entities("짜 오 고 만나오", "ko", today=date(2026, 11, 22), expect=[Expected("digits", (8,))])
    assert all(entity.text.strip() for entity in found)
