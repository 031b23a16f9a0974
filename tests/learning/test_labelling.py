"""Which turns are labelled next, what fits the content, and labels as lines."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.history import NOON, a_call, heard, put, said
from typer.testing import CliRunner

from voicebot.cli import app, commands  # noqa: F401
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.learning.labelling.accuracy import understood_rightly
from voicebot.learning.labelling.checking import UnfitError, check, values_only
from voicebot.learning.labelling.lines import line_of, read_lines
from voicebot.learning.labelling.order import ordered
from voicebot.learning.labelling.queue import LabellingQueue
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.tables import milliseconds
from voicebot.store.labels import Judgement, Labels, Turn
from voicebot.store.labels.candidates import candidates

PART = milliseconds(NOON)
PROMPTS = Path(__file__).parents[2] / "prompts"
SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture
def history(tmp_path: Path) -> Database:
    database = open_database("", tmp_path)
    database.migrate()
    return database


@pytest.fixture(scope="module")
def content() -> Dialogue:
    return values_only(load_pack(PROMPTS, "shop"))


def call(database: Database, name: str, text: str, **values: object) -> Turn:
    number = str(values.pop("number", name))
    put(database, a_call(name, [heard(text, **values), said("네.")], number=number))
    return Turn(name, PART, 0)


def test_what_was_not_understood_comes_before_what_was_nearly_so_before_what_was_clear(history: Database) -> None:
    call(history, "clear", "배송 언제 와요", margin=0.95)
    call(history, "close", "주소를 바꾸고 싶은데요", intent="change_address", margin=0.05)
    call(history, "unknown", "옆집 강아지가 시끄러워요", decision="no_match", intent="")
    put(history, a_call("answer", [heard("12345678", "answer", "")]))
    assert [one.turn.call for one in ordered(candidates(history, "shop"))] == ["unknown", "close", "clear"]


def test_twenty_of_a_kind_do_not_come_one_after_the_other(history: Database) -> None:
    for number in range(20):
        call(history, f"same{number}", "영수증 다시 뽑아 주세요" + "요" * (number % 3), decision="no_match", intent="")
    for number, text in enumerate(("선물 포장 되나요", "매장이 어디예요", "포인트 얼마 남았어요")):
        call(history, f"other{number}", text, intent="stock", margin=0.3)
    first = [one.turn.call[:4] for one in ordered(candidates(history, "shop"), most=6)]
    assert sorted(first[:4]) == ["othe", "othe", "othe", "same"]


def test_one_caller_who_repeats_something_makes_it_no_more_telling(history: Database) -> None:
    for number in range(9):
        call(history, f"loud{number}", "아무 말이나 합니다", decision="no_match", intent="", number="one caller")
    for number in range(3):
        call(history, f"many{number}", "세금 계산서 주세요", decision="no_match", intent="")
    assert ordered(candidates(history, "shop"))[0].heard == "세금 계산서 주세요"


def test_where_the_readings_differ_a_turn_is_doubtful(history: Database) -> None:
    for name, text in (("one", "배송 언제 와요"), ("two", "환불은 어떻게 하나요")):
        call(history, name, text, margin=0.9)
    found = candidates(history, "shop")
    for name in ("one", "two"):
        assert ordered(found, disagree=lambda one, name=name: one.turn.call == name)[0].turn.call == name  # type: ignore[misc]


def test_a_share_of_what_is_labelled_was_chosen_by_chance_and_some_of_it_twice(history: Database) -> None:
    for number in range(60):
        call(history, f"CA{number}", f"물어볼 것 {number}", decision="no_match", intent="")
    labels = Labels(history)
    queue = LabellingQueue(history, random_share=0.25, double_share=0.5)
    samples = []
    for _ in range(24):
        (item,) = queue.next("shop", "kim")
        samples.append(item.sample)
        assert item.sample == queue.sample(item.candidate.turn)
        labels.add(item.candidate.turn, Judgement(item.candidate.heard, None), by="kim", sample=item.sample)
    assert 5 <= samples.count("random") <= 7
    second = queue.next("shop", "lee", 30)
    doubled = [item for item in second if item.second]
    assert doubled
    assert all(queue.doubled(item.candidate.turn) for item in doubled)
    assert not any(item.second for item in queue.next("shop", "kim", 30))


def test_two_who_label_at_once_get_different_turns_and_what_is_put_off_is_left_out(history: Database) -> None:
    for number in range(6):
        call(history, f"CA{number}", f"물어볼 것 {number}", decision="no_match", intent="")
    queue = LabellingQueue(history, random_share=0.2, double_share=0)
    mine = [item.candidate.turn for item in queue.next("shop", "kim", 3)]
    theirs = [item.candidate.turn for item in queue.next("shop", "lee", 5)]
    assert len(set(mine + theirs)) == 6
    assert queue.next("shop", "kim", 5, skip=mine) == []


def test_only_random_turns_tell_how_often_the_bot_is_right(history: Database) -> None:
    labels = Labels(history)
    for number, (intent, sample) in enumerate(
        [("order_status", "random"), ("stock", "random"), (None, "random"), ("stock", "informative")]
    ):
        turn = call(history, f"CA{number}", f"물어볼 것 {number}", intent="order_status" if number < 2 else "")
        judgement = Judgement(f"물어볼 것 {number}", intent)
        labels.add(turn, judgement, by="kim", entitled=True, sample=sample)  # type: ignore[arg-type]
    found = understood_rightly(labels.find("shop"))
    assert (found.hits, found.total) == (2, 3)


@pytest.mark.parametrize(
    ("intent", "slots", "says"),
    [
        ("no_such", {}, "no intent"),
        ("order_status", {"colour": "red"}, "no slot"),
        ("order_status", {"order_number": "몰라요"}, "digits"),
        (None, {"order_number": "12345678"}, "no slots"),
    ],
)
def test_what_does_not_fit_the_content_is_told(
    content: Dialogue, intent: str | None, slots: dict[str, str], says: str
) -> None:
    with pytest.raises(UnfitError, match=says):
        check(content, Judgement("배송이요", intent, slots), "ko", "2026-11-20")


def test_labels_go_out_as_lines_and_come_in_again(history: Database, content: Dialogue) -> None:
    turn = call(history, "CA1", "배송 언제 와요")
    labels = Labels(history)
    label = labels.add(turn, Judgement("배송 언제 와요", "order_status"), by="kim")
    read = read_lines(line_of(label) + "\n\n", "f", content, history, SEOUL)
    assert not read.problems
    labels.withdraw(label.id, "kim")
    labels.add_all(read.new, by="somebody")
    (again,) = labels.find("shop")
    assert (again.by, again.meaning, again.sample) == ("kim", "order_status", "imported")


def test_each_wrong_line_is_told_in_one_sentence(history: Database, content: Dialogue) -> None:
    call(history, "CA1", "배송 언제 와요")
    right = {"call": "CA1", "part": PART, "number": 0, "transcript": "배송이요", "intent": "order_status"}
    lines = [
        "{",
        json.dumps({"call": "CA1"}),
        json.dumps({**right, "intend": "x"}),
        json.dumps({**right, "part": "1"}),
        json.dumps({**right, "call": "CA9"}),
        json.dumps({**right, "intent": "gone"}),
        json.dumps(right),
        json.dumps(right),
    ]
    read = read_lines("\n".join(lines), "f.jsonl", content, history, SEOUL)
    assert len(read.new) == 1
    for number, (problem, says) in enumerate(
        zip(
            read.problems,
            ("no JSON", "part is missing", "'intend'", "whole number", "no caller's turn", "'gone'", "in line 7"),
            strict=True,
        ),
        1,
    ):
        place = number if number < 7 else 8
        assert problem.startswith(f"f.jsonl, line {place}: ")
        assert says in problem


def test_the_command_line_takes_all_or_nothing(
    history: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEBOT_VAR", str(tmp_path))
    call(history, "CA1", "배송 언제 와요")
    right = {"call": "CA1", "part": PART, "number": 0, "transcript": "배송이요", "intent": "order_status"}
    file = tmp_path / "labels.jsonl"
    file.write_text(json.dumps(right) + "\n" + json.dumps({**right, "intent": "gone", "by": "lee"}))
    run = CliRunner().invoke
    refused = run(app, ["labels", "import", str(file), "--by", "kim"])
    assert refused.exit_code != 0
    assert Labels(history).find("shop") == []
    file.write_text(json.dumps(right))
    taken = run(app, ["labels", "import", str(file), "--by", "kim", "--approved", "--json"])
    assert json.loads(taken.stdout) == {"labels": 1, "approved": 1, "proposed": 0}
    listed = json.loads(run(app, ["labels", "list", "--json"]).stdout)
    assert (listed["labels"], listed["for_training"], listed["items"][0]["transcript"]) == (1, 1, "배송이요")
