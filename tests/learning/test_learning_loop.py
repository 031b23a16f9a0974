"""The way from calls to a version, walked to its end: with what callers lack, with poison, and with versions broken."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.content import write_content
from support.history import NOON, a_call, heard, put

from benchmarks.learning_loop import BROKEN, break_content
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.learning.mining.miner import Miner
from voicebot.learning.training import Material, Result, Running, gather, register, train
from voicebot.loading import open_dialogue
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.tables import milliseconds
from voicebot.store.labels.label import Judgement, Turn
from voicebot.store.labels.labels import Labels, New
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.states import VersionError

NONSENSE = "보라색 코끼리 노래해 줘"
PACK = {
    "pack.yaml": "name: {ko: 모퉁이 가게}\nlanguages: [ko]\nbackend: shop_demo\nmenu: [delivery]\n",
    "flows.yaml": """
flows:
  delivery: {steps: [{reply: day}]}
  opening: {steps: [{reply: hours}]}
""",
    "callers.yaml": "callers:\n  - {}\n",
    "ko/intents.yaml": """
intents:
  delivery: {title: 배송 조회, templates: [배송 언제 와요, 택배 어디쯤 왔어요, 배송 조회해 주세요]}
  opening: {title: 영업시간, templates: [몇 시에 열어요, 영업시간이 어떻게 되나요, 오늘 문 여나요]}
""",
    "ko/replies.yaml": """
replies:
  greeting: 안녕하세요, 모퉁이 가게입니다.
  day: 주문하신 물건은 곧 도착해요.
  hours: 아침 열 시부터 저녁 여덟 시까지 열어요.
""",
    "ko/faq.yaml": """
faq:
  parking: {title: 주차, templates: [주차장 있어요, 차 댈 데 있나요], answer: 건물 뒤에 주차장이 있어요.}
  gift: {title: 선물 포장, templates: [선물 포장 되나요, 포장해 주시나요], answer: 네 무료로 해 드려요.}
  refund: {title: 환불, templates: [환불 되나요, 돈으로 돌려주세요], answer: 이레 안에 돼요.}
  coupon: {title: 쿠폰, templates: [쿠폰 쓸 수 있나요, 할인권 있는데요], answer: 계산대에서 써요.}
""",
    "ko/tests/calls.yaml": """
tests:
  - name: opening hours
    turns: [{caller: 몇 시에 열어요, bot: 열 시부터}]
  - name: parking
    turns: [{caller: 주차장 있어요, bot: 건물 뒤}]
""",
}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_content(tmp_path_factory.mktemp("content"), "corner", PACK)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = open_database("", tmp_path)
    database.migrate()
    return database


def made(content: Path, material: Material, var: Path, running: Running | None = None) -> Result:
    return train(
        content, "corner", material, into=var / "made", var=var, author="kim", reason="", calls=20, running=running
    )


def meanings(pack: Pack, var: Path) -> dict[str, str | None]:
    """What the pack makes of all that it was written with."""
    understander = open_dialogue(pack, var).understander("ko")
    texts = [one.text for those in pack.languages["ko"].sentences.values() for one in those if not one.source]
    return {text: understander.understand(text, ()).intent for text in texts}


def missed(call: str, text: str, number: str) -> tuple[object, ...]:
    entries = (heard(text, "no_match", ""),)
    return tuple(a_call(call, entries, pack="corner", number=number, outcome="hand_over", flow=""))


def test_poison_goes_through_mining_labelling_and_training_and_changes_nothing(
    content: Path, database: Database, tmp_path: Path
) -> None:
    pack, versions = load_pack(content, "corner"), Versions(database, tmp_path)
    other = {
        "C1": ("가게 불 언제 켜지나", "opening"),
        "C2": ("가게 불 언제 켜지나", "parking"),  # contradicts the one before
        "G1": ("상품권 되나요", "vouchers"),  # there is no such intent
        "T1": ("셔터 몇 시에 올라가나", "opening"),  # three examples only
        "T2": ("문 닫는 시각 좀 일러 줘", "opening"),
        "T3": ("소포가 감감무소식이네", "delivery"),
    }
    calls = [missed(f"N{n}", NONSENSE, "1") for n in range(1000)]
    calls += [missed(call, text, call) for call, (text, _) in other.items()]
    put(database, *calls)  # type: ignore[arg-type]

    mined = Miner(database, lambda _: pack, None, tmp_path).run(NOON - timedelta(days=7), NOON + timedelta(hours=1))[0]
    assert not mined.clusters
    assert not mined.drafts
    left_out = {one["why"]: one["turns"] for one in mined.run.left_out}
    assert left_out["one_caller"] >= 970
    assert sum(left_out.values()) == 1006

    labels, part = Labels(database), milliseconds(NOON)
    labels.add_all([New(Turn(f"N{n}", part, 0), Judgement(NONSENSE, None)) for n in range(1000)], by="lee")
    labels.add_all([New(Turn(call, part, 0), Judgement(*meant)) for call, meant in other.items()], by="lee")
    labels.agree([label.id for label in labels.waiting("corner")], "park")
    assert [{one.call for one in conflict.labels} for conflict in labels.conflicts("corner")] == [{"C1", "C2"}]

    result = made(content, gather(database, "corner"), tmp_path)
    counts = result.evaluation["data"]["counts"]
    assert counts["set_aside"] == {"contradictory": 2, "intent is gone": 1, "too many of one caller": 995}
    learnt = load_pack(result.folder / "content", "corner")
    assert len(learnt.languages["ko"].outside) <= 1
    assert sum(bool(one.source) for those in learnt.languages["ko"].sentences.values() for one in those) <= 3
    assert meanings(learnt, tmp_path) == meanings(pack, tmp_path)

    assert not result.passed
    assert "are needed" in "; ".join(result.evaluation["gate"]["reasons"])
    assert "too many of one caller" in (result.folder / "model_card.md").read_text(encoding="utf-8")
    register(result, versions, "kim")
    with pytest.raises(VersionError, match="did not pass the gate"):
        versions.approve(result.id, "park")
    assert versions.serving("corner").active is None


@pytest.mark.parametrize("how", BROKEN)
def test_a_version_broken_on_purpose_is_stopped_at_the_gate(
    how: str, content: Path, database: Database, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(content, broken)
    break_content(broken, "corner", how)
    result = made(broken, Material(), tmp_path, Running("0" * 12, _as_bundle(content, tmp_path)))
    told = "; ".join(result.evaluation["gate"]["reasons"])
    expected = {
        "two intents swapped": "test dialogues fail that did not: ko/calls.yaml: opening hours",
        "half of the FAQ broken": "test dialogues fail that did not: ko/calls.yaml: parking",
        "thresholds absurd": "the content has errors: corner/pack.yaml: accept is 0.999",
    }
    assert expected[how] in told
    versions = Versions(database, tmp_path)
    register(result, versions, "kim")
    with pytest.raises(VersionError, match="did not pass the gate"):
        versions.approve(result.id, "park")


def _as_bundle(content: Path, tmp_path: Path) -> Path:
    shutil.copytree(content, tmp_path / "running/content")
    return tmp_path / "running"
