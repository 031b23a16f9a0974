"""Makes a history for measurements: calls in Korean and English, seeded, as busy support lines have them.

    python -m benchmarks.history_calls --url postgresql://... [--calls 100000] [--var FOLDER]

The numbers follow what callers do: half of the calls come in office hours, a few subjects make most of the calls, one
call in four goes to a person, one in twenty callers is upset. 90 days, ten turns a call on average.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from voicebot.store.history.database import Database, open_database
from voicebot.store.history.decisions import REPEAT_DAYS
from voicebot.store.history.grams import grams
from voicebot.store.history.rollups import count_stale
from voicebot.store.history.rows import HOUR_MS
from voicebot.store.history.tables import (
    call_flows,
    calls,
    flow_steps,
    hand_overs,
    ratings,
    stale_hours,
    turn_words,
    turns,
)

DAYS = 90
END = 1_795_305_600_000
"""2026-11-22 00:00 UTC, in milliseconds: the last call began before."""
_AT_ONCE = 2_000
"""Calls of one transaction."""

_SUBJECTS: dict[str, list[tuple[str, int, tuple[str, ...], tuple[str, ...]]]] = {
    "shop": [
        (
            "order_status",
            40,
            ("order_number",),
            ("{thing} 언제 와요?", "주문한 {thing} 배송 조회해 주세요", "택배가 아직 안 왔어요"),
        ),
        (
            "return_item",
            18,
            ("order_number", "reason"),
            ("{thing} 반품하고 싶어요", "{thing} 환불해 주세요", "사이즈가 안 맞아서 교환할게요"),
        ),
        ("stock", 12, ("product",), ("{thing} 재고 있나요?", "{thing} 다시 들어오나요?")),
        ("change_address", 8, ("order_number", "address"), ("배송지를 바꾸고 싶어요", "{place}로 보내 주세요")),
        ("points", 6, ("member",), ("적립금 얼마나 남았어요?", "포인트로 결제할 수 있나요?")),
    ],
    "bank": [
        ("balance", 34, ("account",), ("잔액 조회해 주세요", "통장에 얼마 있는지 알려 주세요")),
        ("lost_card", 16, ("birth_date", "card"), ("카드를 잃어버렸어요", "체크카드 분실 신고할게요")),
        ("loan_limit", 10, ("income",), ("대출 한도가 얼마예요?", "전세 대출 금리 알려 주세요")),
        ("transfer_limit", 6, ("account",), ("이체 한도를 올리고 싶어요",)),
    ],
    "civic": [
        ("certificate", 26, ("document",), ("주민등록등본 떼려면 뭐가 필요해요?", "가족관계증명서 발급해 주세요")),
        ("office_hours", 14, (), ("{place} 주민센터 몇 시까지 해요?", "토요일에도 문 열어요?")),
        ("passport", 9, ("document",), ("여권 재발급은 얼마나 걸려요?", "여권 신청하려고요")),
    ],
}
_THINGS = (
    "무선 이어폰",
    "겨울 코트",
    "노트북",
    "가습기",
    "운동화",
    "책상",
    "전기 포트",
    "휴대폰 케이스",
    "캠핑 의자",
    "커피 머신",
)
_PLACES = ("강남구", "해운대구", "수원시", "전주시", "제주시", "대전 유성구", "청주시", "춘천시")
_FEELINGS = (("neutral", 0.0, 0.3), ("glad", 0.5, 0.5), ("displeased", -0.4, 0.5), ("angry", -0.8, 0.9))
_REASONS = ("asked", "no_match", "no_input", "flow", "backend")
_AGENTS = tuple(f"agent{number:02}" for number in range(1, 21))
_UNKNOWN = ("저기 그게 그러니까요", "어 잠깐만요 뭐였더라", "옆집 강아지가 시끄러워요", "아니 그거 말고요")
_ENGLISH = ("Where is my order", "I want to send it back", "Is this still available", "I lost my card")


@dataclass
class _Rows:
    calls: list[dict[str, Any]] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    flows: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    hand_overs: list[dict[str, Any]] = field(default_factory=list)
    ratings: list[dict[str, Any]] = field(default_factory=list)


class _Maker:
    """Makes calls one after the other, in the order in which they began."""

    def __init__(self, number: int, first_call: int, first_turn: int, seed: int) -> None:
        self.random = random.Random(seed)
        self._call, self._turn = first_call, first_turn
        days = [self.random.randrange(DAYS) for _ in range(number)]
        hours = self.random.choices(range(24), [1] * 7 + [4, 12] + [14] * 4 + [12] * 5 + [8, 6, 5, 4, 2, 1], k=number)
        self.began = sorted(
            END - (DAYS - day) * 24 * HOUR_MS + ((hour - 9) % 24) * HOUR_MS + self.random.randrange(HOUR_MS)
            for day, hour in zip(days, hours, strict=True)
        )
        self._callers = max(1, number // 3)

    def fill(self, rows: _Rows, began: int) -> None:
        pick = self.random
        pack = pick.choices(("shop", "bank", "civic"), (5, 3, 2))[0]
        english = pick.random() < 0.08
        subjects = _SUBJECTS[pack]
        flow, _, slots, sentences = pick.choices(subjects, [subject[1] for subject in subjects])[0]
        handed, left = pick.random() < 0.25, pick.random() < 0.08
        outcome = "hand_over" if handed else "caller_left" if left else "hang_up"
        resolved = outcome == "hang_up" and pick.random() < 0.93
        feeling = pick.choices(_FEELINGS, (80, 12, 5, 3))[0]
        key, at, exchanges = self._call, 0, pick.choices((2, 3, 4, 5, 6, 8, 11), (6, 14, 24, 24, 16, 10, 6))[0]
        self._call += 1
        counts = {"caller_turns": 0, "understood_turns": 0, "unmatched_turns": 0, "silent_turns": 0, "corrections": 0}
        interruptions = 0
        for exchange in range(exchanges):
            at += 1500 + pick.randrange(4000)
            wait = max(180, round(pick.gauss(620, 180))) if pick.random() < 0.93 else 900 + pick.randrange(2500)
            first = exchange == 0
            roll = pick.random()
            decision = (
                "no_match"
                if roll < 0.07
                else "no_input"
                if roll < 0.1
                else "correction"
                if roll < 0.12
                else "new_subject"
                if first
                else "answer"
            )
            said = pick.choice(
                _ENGLISH if english else _UNKNOWN if decision == "no_match" else sentences if first else _answers(pick)
            )
            said = said.format(thing=pick.choice(_THINGS), place=pick.choice(_PLACES))
            step = f"ask {slots[min(exchange, len(slots) - 1)]}" if slots else ""
            intent = flow if first else pick.choice(("yes", "no", "")) if decision == "answer" else ""
            felt = feeling if pick.random() < 0.5 else _FEELINGS[0]
            silent = decision == "no_input"
            counts["silent_turns" if silent else "caller_turns"] += 1
            if not silent:
                counts["unmatched_turns" if decision == "no_match" else "understood_turns"] += 1
                counts["corrections"] += decision == "correction"
            score = round(pick.uniform(0.3, 0.6) if decision == "no_match" else pick.uniform(0.8, 1.0), 3)
            number = exchange * 2
            self._add(
                rows,
                key,
                began,
                number,
                at,
                "caller",
                "" if silent else said,
                listener=None if silent else "vosk-ko",
                verdict=None if silent else "reject" if score < 0.5 else "accept",
                score=None if silent else score,
                decision=decision,
                intent=intent or None,
                intent_score=score if intent else None,
                margin=round(score - pick.random() * 0.8, 3) if intent else None,
                flow=flow,
                step=step or None,
                valence=felt[1],
                arousal=felt[2],
                feeling=felt[0],
                evidence={"lead": round(pick.random(), 4), "loop": round(pick.random(), 4), "voiced_ms": 900},
            )
            cut = pick.random() < 0.06
            interruptions += cut
            self._add(
                rows,
                key,
                began,
                number + 1,
                at + wait,
                "bot",
                f"말씀하신 내용({said})을 확인해 드릴게요. 잠시만요.",
                flow=flow,
                step=step or None,
                wait_ms=wait,
                heard_share=0.4 if cut else 1.0,
                stages={"listening": wait // 2, "thinking": 5, "speaking": wait - wait // 2 - 5},
            )
            at += wait + 2000
        caller = (
            hashlib.sha256(str(pick.randrange(self._callers)).encode()).hexdigest()[:32]
            if pick.random() < 0.9
            else None
        )
        rating = pick.choices((1, 2, 3, 4, 5), (6, 6, 15, 38, 35))[0] if pick.random() < 0.15 else None
        rows.calls.append(
            {
                "key": key,
                "id": f"CA{key:032x}",
                "pack": pack,
                "version": "1.0",
                "language": "en" if english else "ko",
                "channel": pick.choices(("twilio", "browser", "keypad"), (8, 1, 1))[0],
                "caller": caller,
                "began": began,
                "ended": began + at,
                "duration_ms": at,
                "outcome": outcome,
                "goal": flow,
                "resolved": resolved,
                "reason": pick.choice(_REASONS) if handed else "caller" if left else "goodbye",
                "contained": resolved,
                "queue": "support" if handed else None,
                "interruptions": interruptions,
                "valence": feeling[1] / 2,
                "lowest_valence": min(0.0, feeling[1]),
                "arousal": feeling[2],
                "feeling": feeling[0],
                "csat": rating,
                **counts,
            }
        )
        self._add_outcome(rows, key, began, at, flow, slots, outcome, rating, resolved=resolved)

    def _add_outcome(
        self,
        rows: _Rows,
        key: int,
        began: int,
        at: int,
        flow: str,
        slots: tuple[str, ...],
        outcome: str,
        rating: int | None,
        *,
        resolved: bool,
    ) -> None:
        pick = self.random
        reached = len(slots) if resolved else pick.randrange(len(slots) + 1)
        for place, slot in enumerate(slots[:reached]):
            rows.steps.append(
                {"call_key": key, "flow": flow, "step": f"ask {slot}", "place": place, "at_ms": 3000 * place}
            )
        result = "completed" if resolved else {"hang_up": "dropped"}.get(outcome, outcome)
        rows.flows.append(
            {
                "call_key": key,
                "flow": flow,
                "began_ms": 2000,
                "ended_ms": at,
                "result": result,
                "step": f"ask {slots[reached - 1]}" if reached else None,
                "reason": None if resolved else pick.choice(_REASONS),
            }
        )
        if outcome == "hand_over":
            waited = round(pick.expovariate(1 / 40_000))
            rows.hand_overs.append(
                {
                    "call_key": key,
                    "part": began,
                    "requested": began + at,
                    "reason": "asked",
                    "queue": "support",
                    "summary": "배송 조회; 주문번호 [번호]",
                    "context": None,
                    "accepted": began + at + waited,
                    "accepted_by": pick.choice(_AGENTS),
                    "waited_ms": waited,
                    "ended": began + at + waited + 180_000,
                    "result": "answered",
                    "after_call": "solved",
                }
            )
        if rating is not None:
            rows.ratings.append({"call_key": key, "score": rating, "how": "keys", "at": began + at})

    def _add(
        self, rows: _Rows, key: int, part: int, number: int, at_ms: int, who: str, words: str, **values: Any
    ) -> None:
        turn = self._turn
        self._turn += 1
        rows.turns.append(
            {
                **_NO_TURN,
                "id": turn,
                "call_key": key,
                "part": part,
                "number": number,
                "at_ms": at_ms,
                "who": who,
                **values,
            }
        )
        if words:
            others = [{"text": words[:-1], "meaning": "order_status", "score": 0.3}] if who == "caller" else None
            rows.words.append(
                {
                    "turn_id": turn,
                    "text": words,
                    "grams": grams(words),
                    "alternatives": others,
                    "hypothesis": words if who == "caller" else None,
                    "slots": None,
                }
            )


_NO_TURN = {
    column.name: None for column in turns.c if column.name not in ("id", "call_key", "part", "number", "at_ms", "who")
}


def _answers(pick: random.Random) -> tuple[str, ...]:
    number = f"{pick.randrange(10_000):04}"
    return (
        "네 맞아요",
        f"주문번호는 {number}이에요",
        "아니요 그게 아니라 다음 주요",
        "{thing}요",
        "{place}에 살아요",
        "네 감사합니다",
    )


def generate(database: Database, number: int = 100_000, *, seed: int = 7) -> Iterator[int]:
    """Add so many calls; yields how many are there after each transaction."""
    with database.reading() as connection:
        first_call = (connection.execute(select(func.max(calls.c.key))).scalar() or 0) + 1
        first_turn = (connection.execute(select(func.max(turns.c.id))).scalar() or 0) + 1
    maker = _Maker(number, first_call, first_turn, seed)
    for start in range(0, number, _AT_ONCE):
        rows = _Rows()
        for began in maker.began[start : start + _AT_ONCE]:
            maker.fill(rows, began)
        with database.writing() as connection:
            for table, values in (
                (calls, rows.calls),
                (turns, rows.turns),
                (turn_words, rows.words),
                (call_flows, rows.flows),
                (flow_steps, rows.steps),
                (hand_overs, rows.hand_overs),
                (ratings, rows.ratings),
            ):
                _put(database, connection, table, values)
            for hour in {began // HOUR_MS for began in maker.began[start : start + _AT_ONCE]}:
                connection.execute(database.insert_new(stale_hours).values(hour=hour))
        yield min(start + _AT_ONCE, number)
    _finish(database)


def _put(database: Database, connection: Connection, table: Table, values: list[dict[str, Any]]) -> None:
    if not values:
        return
    if database.is_sqlite:
        connection.execute(insert(table), values)
        return
    from psycopg.types.json import Jsonb

    names = list(values[0])
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in values:
            copy.write_row([Jsonb(value) if isinstance(value := row[name], dict | list) else value for name in names])


def _finish(database: Database) -> None:
    """Who called again, counters of keys, counts by the hour, and what the planner knows."""
    again = text(
        "UPDATE calls SET called_again = (SELECT min(later.began) FROM calls AS later "
        "WHERE later.caller = calls.caller AND later.began > calls.began "
        "AND later.began <= calls.began + :within) WHERE caller IS NOT NULL"
    )
    with database.writing() as connection:
        connection.execute(again, {"within": REPEAT_DAYS * 24 * HOUR_MS})
        if not database.is_sqlite:
            for table, column in (("calls", "key"), ("turns", "id")):
                highest = f"(SELECT max({column}) FROM {table})"
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {highest})"))
    count_stale(database)
    database.tune()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--url", default="")
    parser.add_argument("--var", type=Path, default=Path("var"))
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    database = open_database(arguments.url, arguments.var)
    database.migrate()
    began = time.monotonic()
    for done in generate(database, arguments.calls, seed=arguments.seed):
        if done % 20_000 == 0:
            print(f"{done} calls, {time.monotonic() - began:.0f} s", flush=True)
    print(f"made in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
