"""Training: what becomes of labels and suggestions, versions that come out the same, and the gate that judges them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.content import write_content
from typer.testing import CliRunner

from voicebot.cli import app, commands  # noqa: F401
from voicebot.dialogue.pack import load_pack
from voicebot.learning.training import Material, Result, Running, register, train
from voicebot.learning.training.choosing import choose, is_held_out
from voicebot.learning.training.gate import LEAST_LABELS
from voicebot.loading import open_dialogue
from voicebot.store.history.database import open_database
from voicebot.store.labels.label import Label
from voicebot.store.mining import Suggestion
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.states import VersionError
from voicebot.trained import find_trained

DAY = datetime(2026, 11, 20, tzinfo=UTC)

PACK = {
    "pack.yaml": "name: {ko: 모퉁이 가게}\nlanguages: [ko]\nbackend: shop_demo\nmenu: [order_status]\n",
    "flows.yaml": """
slots:
  order_number: {type: digits, lengths: [8]}
flows:
  order_status:
    steps:
      - collect: order_number
      - {look_up: order.find, with: {number: order_number}, into: order, not_found: [{reply: unknown}]}
      - reply: order_day
  opening:
    steps: [{reply: hours}]
""",
    "callers.yaml": 'callers:\n  - {order_number: ["20261103"]}\n',
    "ko/intents.yaml": """
intents:
  order_status:
    title: 배송 조회
    templates: [배송 언제 와요, 택배 어디쯤 왔어요, 배송 조회해 주세요, 주문한 게 아직 안 왔어요]
  opening:
    title: 영업시간
    templates: [몇 시에 열어요, 영업시간이 어떻게 되나요, 오늘 문 여나요, 언제까지 해요]
slot_titles: {order_number: 주문번호}
""",
    "ko/replies.yaml": """
replies:
  greeting: 안녕하세요, 모퉁이 가게입니다.
  ask_order_number: 주문번호를 말씀해 주세요.
  order_day: 주문하신 물건은 곧 도착해요.
  unknown: 그 번호의 주문이 없어요.
  hours: 아침 열 시부터 저녁 여덟 시까지 열어요.
""",
    "ko/faq.yaml": """
faq:
  parking: {title: 주차, templates: [주차장 있어요, 차 댈 데 있나요], answer: 건물 뒤에 주차장이 있어요.}
""",
    "ko/tests/calls.yaml": """
tests:
  - name: opening hours
    turns: [{caller: 몇 시에 열어요, bot: 열 시부터}]
""",
}

FRESH = {
    "order_status": [
        "물건이 어디까지 굴러왔으려나",
        "내 꾸러미 소식 있나",
        "소포가 감감무소식이네",
        "보따리 행방이 궁금하네",
    ],
    "opening": ["가게 불 언제 켜지나", "셔터 몇 시에 올라가나", "장사 몇 시부터 시작하슈", "문 닫는 시각 좀 일러 줘"],
    "parking": [
        "자가용 세울 공간 되나",
        "타고 온 승용차 어디 두나",
        "차고 같은 거 딸려 있나",
        "자동차 놓을 터 마련됐나",
    ],
}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_content(tmp_path_factory.mktemp("content"), "corner", PACK)


def label(number: int, text: str, intent: str | None, caller: str, **further: object) -> Label:
    made = Label(number, "corner", "ko", f"call{number}", 0, 0, text, text, intent, {}, caller, "kim", DAY, "approved")
    return replace(made, **further)  # type: ignore[arg-type]


def suggestion(number: int, entry: str, *questions: str, answer: str = "", **further: object) -> Suggestion:
    kind = "faq" if answer else "wording"
    made = Suggestion(
        "corner", "ko", kind, entry, "", questions[0], questions, answer, (), None, number, "accepted", "lee", DAY, DAY
    )
    return replace(made, **further)  # type: ignore[arg-type]


def learners(count: int, *, held_out: bool = False) -> list[str]:
    """Callers whose labels are learnt from, or are held out."""
    return [c for n in range(50 * count) if is_held_out(c := f"caller{n}") == held_out][:count]


def of_fresh(each: int = 12) -> list[Label]:
    """Labels of phrasings that the content lacks: of callers to learn from, and of others to judge by."""
    labels = []
    for callers in (learners(each), learners(each, held_out=True)):
        for caller in callers:
            for intent, texts in FRESH.items():
                for text in texts[:2]:
                    labels.append(label(len(labels) + 1, text, intent, f"{caller}"))
    return labels


Make = Callable[..., Result]


@pytest.fixture(scope="module")
def make(content: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("versions")

    def made(labels: Sequence[Label] = (), suggestions: Sequence[Suggestion] = (), **options: object) -> Result:
        usual: dict[str, object] = {"into": folder, "var": folder, "author": "kim", "reason": "", "calls": 20}
        return train(content, "corner", Material(labels, suggestions), **{**usual, **options})  # type: ignore[arg-type]

    return made


@pytest.fixture(scope="module")
def good(make: Make) -> Result:
    return make(of_fresh())


@pytest.fixture(scope="module")
def three(make: Make) -> Result:
    caller = learners(3)
    return make([label(n + 1, FRESH["opening"][n], "opening", caller[n]) for n in range(3)])


def reasons(found: Result) -> str:
    return "; ".join(found.evaluation["gate"]["reasons"])


def test_a_version_understands_what_it_learnt_and_passes_when_held_out_callers_agree(good: Result) -> None:
    found = good
    assert found.passed, reasons(found)
    labels = found.evaluation["labels"]
    assert labels["after"]["value"] > labels["before"]["value"]
    assert labels["interval"][0] > 0
    assert labels["after"]["of"] >= LEAST_LABELS
    assert set(found.evaluation["groups"]) == {"language: ko", "scope: in scope", "chosen: chosen"}
    pack = load_pack(found.folder / "content", "corner")
    assert find_trained(pack) is not None
    understander = open_dialogue(pack, found.folder).understander("ko")
    assert understander.understand(FRESH["opening"][0]).intent == "opening"
    assert not list(found.folder.rglob("embeddings"))
    for card, word in (("model_card.md", "Intended use"), ("model_card.ko.md", "용도")):
        assert word in (found.folder / card).read_text(encoding="utf-8")


def test_the_same_inputs_and_seed_give_the_same_version(make: Make, good: Result, tmp_path: Path) -> None:
    again = make(list(reversed(of_fresh())), into=tmp_path)
    assert again.id == good.id
    for path in good.folder.rglob("*"):
        if path.is_file():
            assert (again.folder / path.relative_to(good.folder)).read_bytes() == path.read_bytes()


def test_a_caller_is_on_one_side_only_and_in_every_version(content: Path) -> None:
    pack = load_pack(content, "corner")
    labels = of_fresh()
    chosen = choose(pack, labels, [])
    learnt_from = {one.caller for one in labels if one.id in chosen.labels}
    held_out = {one.caller for one in chosen.held_out}
    assert learnt_from
    assert held_out
    assert not learnt_from & held_out
    assert {one.caller for one in choose(pack, labels[::2], []).held_out} <= held_out
    share = sum(is_held_out(f"somebody {n}") for n in range(4000)) / 4000
    assert share == pytest.approx(0.2, abs=0.02)


def test_suggestions_become_wordings_and_entries_with_their_source(make: Make) -> None:
    found = make(
        [],
        [
            suggestion(4, "opening", "가게 불 언제 켜지나", "셔터 몇 시에 올라가나"),
            suggestion(
                5, "gift", "선물 포장 되나요", "포장해 주시나요", answer="네, 무료로 포장해 드려요.", title="포장"
            ),
        ],
    )
    assert found.passed, reasons(found)
    words = load_pack(found.folder / "content", "corner").languages["ko"]
    assert words.titles["gift"] == "포장"
    assert {one.source for one in words.sentences["gift"]} == {"suggestion:5"}
    assert {one.text for one in words.sentences["opening"] if one.source} == {
        "가게 불 언제 켜지나",
        "셔터 몇 시에 올라가나",
    }


def test_three_examples_are_trained_on_but_nobody_can_approve_that(three: Result) -> None:
    found = three
    assert not found.passed
    assert "3 sentences of labels were learnt, but only 0 labels" in reasons(found)
    assert any("what callers would notice" in one for one in found.evaluation["gate"]["unknown"])
    assert load_pack(found.folder / "content", "corner").languages["ko"].sentences["opening"][-1].source == "label:3"


def test_contradictory_labels_and_those_for_what_is_gone_are_told_and_have_no_effect(make: Make, content: Path) -> None:
    one, other = learners(2)
    labels = [
        label(1, "가게 불 언제 켜지나", "opening", one),
        label(2, "가게 불 언제 켜지나.", "parking", other),
        label(3, "배송 언제 와요", "opening", one),
        label(4, "몇 시에 열어요", None, other),
        label(5, "쿠폰 쓰고 싶어요", "coupons", one),
    ]
    found = make(labels, [suggestion(2, "vouchers", "상품권 되나요")])
    aside = {(each["source"], each["why"]) for each in found.evaluation["data"]["set_aside"]}
    assert aside == {
        ("label:1", "contradictory"),
        ("label:2", "contradictory"),
        ("label:3", "contradicts the content"),
        ("label:4", "contradicts the content"),
        ("label:5", "intent is gone"),
        ("suggestion:2", "intent is gone"),
    }
    assert load_pack(found.folder / "content", "corner").version == load_pack(content, "corner").version
    assert not found.passed
    assert "nothing differs" in reasons(found)


@pytest.mark.parametrize("caller", ["caller1", ""])
def test_a_thousand_labels_of_one_caller_count_a_few_times(content: Path, caller: str) -> None:
    nonsense = [label(n + 1, f"블라블라 {n} 뭐시기", "opening", caller) for n in range(1000)]
    chosen = choose(load_pack(content, "corner"), nonsense, [])
    assert chosen.reasons()["too many of one caller"] >= 980
    assert len(chosen.labels) + len(chosen.held_out) <= 20
    same = [label(n + 1, "블라블라 뭐시기", "opening", f"caller{n}") for n in range(200)]
    assert len(choose(load_pack(content, "corner"), same, []).learned["ko"].sentences["opening"]) == 1


def test_words_that_name_a_person_are_not_learnt_but_a_number_becomes_its_slot(content: Path) -> None:
    one, other = learners(2)
    labels = [
        label(1, "[번호] 그거 아직 길바닥인가", "order_status", one, slots={"order_number": "[번호]"}),
        label(2, "저 [이름]인데 [전화번호]로 전화 줘요", "opening", other),
    ]
    chosen = choose(load_pack(content, "corner"), labels, [])
    assert [one.text for one in chosen.learned["ko"].sentences["order_status"]] == [
        "{order_number} 그거 아직 길바닥인가"
    ]
    assert [(each.source, each.why) for each in chosen.set_aside] == [("label:2", "names personal data")]


def test_since_leaves_out_older_labels_but_judges_by_all(content: Path) -> None:
    pack, labels = load_pack(content, "corner"), of_fresh(4)
    labels[0] = replace(labels[0], at=DAY - timedelta(days=9))
    all_of_them = choose(pack, labels, [])
    newer = choose(pack, labels, [], since=DAY - timedelta(days=1))
    assert set(all_of_them.labels) - set(newer.labels) == {labels[0].id}
    assert newer.held_out == all_of_them.held_out


def test_a_version_that_is_worse_is_stopped(good: Result, content: Path, tmp_path: Path) -> None:
    worse = tmp_path / "worse"
    shutil.copytree(content, worse)
    path = worse / "corner/ko/intents.yaml"
    written = path.read_text(encoding="utf-8")
    path.write_text(
        written.replace("몇 시에 열어요, 영업시간이 어떻게 되나요, 오늘 문 여나요, 언제까지 해요", "문의드려요"),
        encoding="utf-8",
    )
    bad = train(
        worse,
        "corner",
        Material(of_fresh(), ()),
        into=tmp_path / "bad",
        var=tmp_path,
        author="kim",
        reason="",
        running=Running(good.id, good.folder),
        since=DAY + timedelta(days=1),
        calls=40,
    )
    assert not bad.passed
    told = reasons(bad)
    assert "test dialogues fail that did not: ko/calls.yaml: opening hours" in told
    assert "it understands the held-out labels worse" in told
    assert "fewer simulated callers" in told
    assert bad.bundle.manifest.parent == good.id


def test_the_registry_takes_it_once_and_refuses_to_approve_what_did_not_pass(three: Result, tmp_path: Path) -> None:
    database = open_database("", tmp_path / "db")
    database.migrate()
    versions = Versions(database, tmp_path / "db")
    found = three
    known = register(found, versions, "kim")
    assert known.state == "evaluated"
    assert known.evaluation is not None
    assert "understanding_after" in known.evaluation["measured"]
    with pytest.raises(VersionError, match="did not pass the gate"):
        versions.approve(known.id, "lee")
    with pytest.raises(VersionError, match="there already"):
        register(found, versions, "kim")


def test_a_dry_run_of_the_command_tells_and_keeps_nothing(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_CONTENT", str(content))
    tried = CliRunner().invoke(
        app, ["train", "--pack", "corner", "--calls", "20", "--as", "kim", "--encoder", "none", "--json", "--dry-run"]
    )
    assert tried.exit_code == 0, tried.output
    found = json.loads(tried.stdout)
    assert found["state"] == "dry run"
    assert found["evaluation"]["gate"]["passed"] is False
    assert not list((tmp_path / "var/training").iterdir())
    assert not (tmp_path / "var/versions").exists()
