"""What callers say that goes wrong is found, put together, ranked by its cost, and known again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, func, select
from support.history import NOON, a_call, heard, put, said

from voicebot.dialogue.pack import Pack, load_pack
from voicebot.learning.mining.cost import cost_of
from voicebot.learning.mining.failures import MOST_OF_CALLER, collect
from voicebot.learning.mining.likeness import RememberedEncoder
from voicebot.learning.mining.miner import Mined, Miner
from voicebot.learning.mining.suggesting import suggest
from voicebot.nlu.encoder import Embeddings
from voicebot.store import mined_embeddings
from voicebot.store.history.database import Database
from voicebot.store.history.records import Record
from voicebot.store.history.tables import calls, turn_words
from voicebot.store.mining.clusters import Cluster, Clusters
from voicebot.store.mining.tables import failure_turns

WEEK = timedelta(days=7)
SINCE, UNTIL = NOON - WEEK, NOON + timedelta(hours=1)
ABROAD = ("해외로도 보내 주시나요", "해외로도 보내주나요", "해외로 보내 주시나요", "해외도 보내 주시나요")


@pytest.fixture(scope="module")
def shop() -> Pack:
    return load_pack(Path(__file__).parents[2] / "prompts", "shop")


def missed(call: str, text: str, number: str, **about: object) -> list[Record]:
    """A call in which something was not understood."""
    entries = [
        heard(text, "no_match", ""),
        said("다시 말씀해 주세요."),
        heard("배송 조회해 줘"),
        said("배송 중입니다."),
    ]
    return a_call(call, entries, number=number, **about)  # type: ignore[arg-type]


def mine(database: Database, tmp_path: Path, pack: Pack | None = None) -> Mined:
    return Miner(database, lambda _: pack, None, tmp_path, now=lambda: NOON).run(SINCE, UNTIL)[0]


def ranked(database: Database) -> list[Cluster]:
    return Clusters(database).ranked()


def kinds(database: Database, *entries: object, outcome: str = "hang_up") -> list[tuple[str, str]]:
    put(database, a_call("CA1", entries, number="1", outcome=outcome))  # type: ignore[arg-type]
    return [(one.kind, one.text) for one in collect(database, "shop", "ko", SINCE, UNTIL).failures]


def test_what_was_not_understood_is_a_failure_and_what_was_is_none(database: Database) -> None:
    assert kinds(database, heard("해외로 보내나요", "no_match", ""), heard("배송 조회해 줘")) == [
        ("no_match", "해외로 보내나요")
    ]


def test_what_the_caller_took_back_or_denied_is_a_failure(database: Database) -> None:
    entries = (
        heard("이어폰이요", "answer"),
        heard("아니 이어폰 말고 헤드폰이요", "correction"),
        heard("교환하고 싶어요", flow="", intent="return_item", intent_score=0.4),
        heard("아니요", "answer", "no"),
    )
    assert [kind for kind, _ in kinds(database, *entries)] == ["corrected", "corrected"]


def test_two_meanings_close_together_are_a_failure(database: Database) -> None:
    assert kinds(database, heard("환불이요", margin=0.05)) == [("doubtful", "환불이요")]


def test_the_turns_before_a_person_took_over_are_failures_but_not_the_wish_for_one(database: Database) -> None:
    entries = (heard("배송 조회해 줘"), heard("사은품이 안 왔어요"), heard("상담원 바꿔 주세요", "urgent", "agent"))
    found = kinds(database, *entries, outcome="hand_over")
    assert found == [("handed_over", "배송 조회해 줘"), ("handed_over", "사은품이 안 왔어요")]


def test_an_angry_turn_is_a_failure(database: Database) -> None:
    angry = heard("도대체 왜 안 와요", feeling={"name": "angry", "valence": -0.9, "arousal": 0.9})
    assert kinds(database, angry) == [("angry", "도대체 왜 안 와요")]


def test_values_are_not_compared_and_mere_values_are_left_out(database: Database) -> None:
    entries = (heard("주문번호 [번호] 취소해 줘", "no_match", ""), heard("[번호]이에요", "no_match", ""))
    assert kinds(database, *entries) == [("no_match", "주문번호 취소해 줘")]


def test_like_sentences_make_a_cluster_named_by_the_most_typical_one(
    database: Database, tmp_path: Path, shop: Pack
) -> None:
    put(database, *(missed(f"A{n}", text, str(n)) for n, text in enumerate((*ABROAD, ABROAD[0]))))
    put(database, *(missed(f"B{n}", text, str(n)) for n, text in enumerate(["반품하면 배송비 내요"] * 3)))
    mined = mine(database, tmp_path, shop)
    first, second = ranked(database)
    assert (first.typical, first.calls, first.callers, first.rank) == (ABROAD[0], 5, 5, 1)
    assert (second.typical, second.calls, second.nearest) == ("반품하면 배송비 내요", 3, "return_fee")
    assert second.likeness is not None
    assert first.likeness is not None
    assert second.likeness > first.likeness
    assert mined.clusters == (first.id, second.id)
    assert mine(database, tmp_path, shop).clusters == mined.clusters
    assert [one.call for one in Clusters(database).sayings(second.id)] == ["B0", "B1", "B2"]


def test_a_caller_who_repeats_nonsense_a_thousand_times_makes_no_cluster_and_moves_none(
    database: Database, tmp_path: Path
) -> None:
    put(database, *(missed(f"A{n}", text, str(n)) for n, text in enumerate(ABROAD)))
    mine(database, tmp_path)
    before = ranked(database)
    nonsense = [heard("보라색 코끼리 노래해 줘", "no_match", "") for _ in range(10)]
    flood = [
        a_call(f"N{n}", [*nonsense], number="n", outcome="hand_over", at=NOON - timedelta(hours=1)) for n in range(100)
    ]
    put(database, *flood)
    mined = mine(database, tmp_path)
    assert [replace(one, rank=0) for one in ranked(database)] == [replace(one, rank=0) for one in before]
    left = {one["why"]: one["turns"] for one in mined.run.left_out}
    assert left == {"one_caller": 1000 - MOST_OF_CALLER, "few_callers": MOST_OF_CALLER}


def test_calls_without_a_number_count_as_one_caller(database: Database, tmp_path: Path) -> None:
    put(database, *(missed(f"A{n}", ABROAD[0], "") for n in range(20)))
    assert mine(database, tmp_path).clusters == ()


def test_only_a_few_calls_of_a_caller_count(database: Database) -> None:
    put(database, *(missed(f"A{n}", ABROAD[0], "often") for n in range(9)), missed("B", ABROAD[0], "once"))
    cost = cost_of(collect(database, "shop", "ko", SINCE, UNTIL).failures)
    assert (cost.calls, cost.callers, cost.lost_ms) == (4, 2, 4 * 2000)
    assert cost.seconds == 4 * 15 + 8


def test_what_goes_to_people_ranks_before_what_only_takes_time(database: Database, tmp_path: Path) -> None:
    put(database, *(missed(f"A{n}", ABROAD[0], str(n)) for n in range(5)))
    lost = [heard("사은품이 안 왔어요", "no_match", "")]
    put(database, *(a_call(f"B{n}", [*lost], number=str(n), outcome="hand_over") for n in range(3)))
    mine(database, tmp_path)
    assert [(one.typical, one.hand_overs) for one in ranked(database)] == [("사은품이 안 왔어요", 3), (ABROAD[0], 0)]


def test_a_decision_holds_for_the_same_thing_in_later_calls(database: Database, tmp_path: Path) -> None:
    put(database, *(missed(f"A{n}", text, str(n), at=NOON - WEEK) for n, text in enumerate(ABROAD)))
    first = Miner(database, lambda _: None, None, tmp_path).run(SINCE - WEEK, NOON - WEEK + timedelta(days=1))[0]
    Clusters(database).decide(first.clusters[0], "ignored", "editor")
    put(database, *(missed(f"B{n}", text, str(n)) for n, text in enumerate((*ABROAD[1:], "해외로도 보내 주시나"))))
    later = Miner(database, lambda _: None, None, tmp_path).run(NOON - timedelta(days=1), UNTIL)[0]
    assert later.clusters == first.clusters
    assert [(one.state, one.decided_by) for one in ranked(database)] == [("ignored", "editor")]
    assert Clusters(database).ranked(state="open") == []


def test_a_cluster_tells_how_often_it_came_in_the_period_before(database: Database, tmp_path: Path) -> None:
    put(database, *(missed(f"A{n}", ABROAD[n % 4], str(n), at=NOON - timedelta(days=9)) for n in range(2)))
    put(database, *(missed(f"B{n}", ABROAD[n % 4], str(n)) for n in range(5)))
    mine(database, tmp_path)
    assert [(one.calls, one.previous_calls) for one in ranked(database)] == [(5, 2)]


class Ones:
    """An encoder to which everything means the same."""

    name = "ones"

    def embed(self, texts: Sequence[str]) -> Embeddings:
        return np.ones((len(texts), 4), np.float32)


def test_embeddings_of_sentences_go_when_a_run_finds_none_and_by_age(tmp_path: Path) -> None:
    file = mined_embeddings.file_under(tmp_path)
    file.parent.mkdir()
    file.touch()
    assert not mined_embeddings.expire(tmp_path, datetime.now(UTC) - timedelta(days=30))
    assert mined_embeddings.expire(tmp_path, datetime.now(UTC) + timedelta(days=1))
    assert not file.exists()
    file.touch()
    remembered = RememberedEncoder(Ones(), file)
    remembered(["배송 언제 와요"])
    remembered.keep()
    assert file.stat().st_size, "kept for the next run"
    RememberedEncoder(Ones(), file).keep()
    assert not file.exists()


def test_deleted_words_are_in_no_cluster_any_more(database: Database, tmp_path: Path) -> None:
    put(database, *(missed(f"A{n}", ABROAD[0], str(n)) for n in range(3)))
    mine(database, tmp_path)
    with database.writing() as connection:
        connection.execute(delete(turn_words))
        assert connection.execute(select(func.count()).select_from(failure_turns)).scalar_one() == 0
    assert [one.typical for one in ranked(database)] == [""]


def texts(found: Sequence[Cluster]) -> list[str]:
    return [one.typical for one in found]


def test_packs_and_languages_are_mined_apart(database: Database, tmp_path: Path) -> None:
    put(database, *(missed(f"A{n}", ABROAD[0], str(n)) for n in range(3)))
    put(database, *(missed(f"B{n}", "do you ship abroad", str(n), language="en") for n in range(3)))
    found = Miner(database, lambda _: None, None, tmp_path).run(SINCE, UNTIL)
    assert [(one.run.pack, one.run.language) for one in found] == [("shop", "en"), ("shop", "ko")]
    assert texts(Clusters(database).ranked(language="en")) == ["do you ship abroad"]
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(calls)).scalar_one() == 6


def test_what_is_said_after_few_points_is_collected_with_its_words_without_personal_data(database: Database) -> None:
    entries = (
        heard("배송 조회해 줘", flow="order_status"),
        heard("아니요", "answer", "no"),
        heard("이점이요", "rating", ""),
        heard("안내가 너무 길고 010-1234-5678로 문자도 안 왔어요", "remark", ""),
    )
    assert kinds(database, *entries) == [("remark", "안내가 너무 길고 로 문자도 안 왔어요")]


def test_remarks_name_a_cluster_but_are_no_wording_of_anything(database: Database, tmp_path: Path, shop: Pack) -> None:
    for n in range(4):
        entries = [heard("배송 조회해 줘"), heard("1점이요", "rating", ""), heard("안내가 너무 길어요", "remark", "")]
        put(database, a_call(f"R{n}", entries, number=str(n)))
    mine(database, tmp_path, shop)
    (found,) = ranked(database)
    assert (found.typical, found.kinds) == ("안내가 너무 길어요", {"remark": 4})
    assert suggest(database, found, shop.languages["ko"], None) is None


def test_a_cluster_is_named_by_a_sentence_without_a_long_number(database: Database, tmp_path: Path, shop: Pack) -> None:
    texts = ("주문번호 2026 1104 영수증 보내 줘", "영수증 좀 메일로 보내 줘", "주문번호 2026 1105 영수증 보내 줘")
    put(database, *(missed(f"N{n}", text, str(n)) for n, text in enumerate(texts)))
    mine(database, tmp_path, shop)
    assert ranked(database)[0].typical == "영수증 좀 메일로 보내 줘"


def test_where_every_sentence_has_a_long_number_it_is_not_shown(database: Database, tmp_path: Path, shop: Pack) -> None:
    put(database, *(missed(f"N{n}", "주문번호 이공이육일일공사 영수증 보내 줘", str(n)) for n in range(3)))
    mine(database, tmp_path, shop)
    assert "이공이육" not in ranked(database)[0].typical
