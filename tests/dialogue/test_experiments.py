"""Variants of replies and flows: what is read, what is wrong with it, what callers hear, and where it is put down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.analytics.experiments.assignment import variant_of
from voicebot.analytics.experiments.runs import GUARD, Run, Runs
from voicebot.backends.registry import open_backend
from voicebot.call.chronicle import Chronicle
from voicebot.call.keyed import KeyedCalls, KeyedConversation
from voicebot.channel import Caller
from voicebot.dialogue.actions import HandOver, Say
from voicebot.dialogue.assigning import assign
from voicebot.dialogue.checking import check_pack
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Heard
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.dialogue.progress import place
from voicebot.dialogue.state import State
from voicebot.loading import open_dialogue
from voicebot.running_experiments import RunningExperiments
from voicebot.speaking_ahead import phrases
from voicebot.store.history.database import open_database
from voicebot.store.history.records import Begun, Record
from voicebot.store.history.tables import calls
from voicebot.yaml_file import ContentError

PROMPTS = Path(__file__).parents[2] / "prompts"

EXPERIMENTS = """
experiments:
  greeting:
    hypothesis: {ko: 짧으면 좋다., en: Short is good.}
    metric: duration
    effect: 10
    variants:
      control: {weight: 3}
      short:
        replies:
          ko: {greeting: "네, {name}입니다."}
          en: {greeting: "{name}."}
  straight_on:
    hypothesis: {ko: 바로 넘기면 좋다., en: Handing over at once is good.}
    metric: csat
    effect: 0.3
    targeting: {languages: [ko], channels: [twilio]}
    variants:
      control: {}
      person:
        replies: {ko: {one_moment: 담당자에게 바로 연결해 드릴게요.}, en: {one_moment: I'll put you through.}}
        flows:
          order_status:
            steps: [{reply: one_moment}, {hand_over: support}]
      as_delivery:
        flows: {order_status: {like: cancel_order}}
"""

Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content") / "prompts"
    shutil.copytree(PROMPTS / "common", folder / "common")
    shutil.copytree(PROMPTS / "shop", folder / "shop")
    (folder / "shop" / "experiments.yaml").write_text(EXPERIMENTS, "utf-8")
    return folder


@pytest.fixture(scope="module")
def pack(folder: Path) -> Pack:
    return load_pack(folder, "shop")


@pytest.fixture(scope="module")
def dialogue(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return open_dialogue(pack, tmp_path_factory.mktemp("var"))


def begun(dialogue: Dialogue, language: str = "ko", **variants: str) -> tuple[State, str]:
    state, actions = dialogue.turn(dialogue.begin(language, variants=variants), CallStarted(language, "2026-11-22"))
    return state, " ".join(action.text for action in actions if isinstance(action, Say))


def test_callers_hear_their_variant_and_the_others_what_they_always_heard(dialogue: Dialogue) -> None:
    name = dialogue.pack.languages["ko"].name
    usual = begun(dialogue)[1]
    assert begun(dialogue, greeting="short")[1] == f"네, {name}입니다."
    assert begun(dialogue, "en", greeting="short")[1] == dialogue.pack.languages["en"].name + "."
    assert begun(dialogue, greeting="control")[1] == begun(dialogue, greeting="gone", other="x")[1] == usual


def test_steps_of_a_variant_are_done_instead_and_the_state_tells_where_they_are(dialogue: Dialogue) -> None:
    state, _ = begun(dialogue, straight_on="person")
    # What another worker reads is the same.
    asks = next(one.text for one in dialogue.pack.languages["ko"].sentences["order_status"] if "{" not in one.text)
    after, actions = dialogue.turn(State.from_json(state.to_json()), Heard(asks))
    assert next(action.text for action in actions if isinstance(action, Say)) == "담당자에게 바로 연결해 드릴게요."
    assert any(isinstance(action, HandOver) for action in actions)
    assert after.variants == {"straight_on": "person"}
    usual, _ = dialogue.turn(begun(dialogue)[0], Heard(asks))
    assert place(dialogue.pack, usual).step == "ask order_number"


def test_the_history_is_told_of_the_variants(pack: Pack, dialogue: Dialogue) -> None:
    told: list[Record] = []
    state, _ = begun(dialogue, greeting="short")
    Chronicle(told.append, pack, Caller("CA1")).begin(state)
    [first] = told
    assert isinstance(first, Begun)
    assert first.variants == {"greeting": "short"}


def test_callers_by_keys_get_variants_too(pack: Pack, dialogue: Dialogue) -> None:
    asked: list[tuple[str, str]] = []

    def variants(_pack: Pack, caller: Caller, language: str) -> dict[str, str]:
        asked.append((caller.call_id, language))
        return {"greeting": "short"}

    with ThreadPoolExecutor(1) as pool:
        backend = open_backend(pack.backend, pack.folder, today=lambda: date(2026, 11, 22))
        shared = KeyedConversation(dialogue, backend, pool, pool, variants=variants)
        turn = KeyedCalls(lambda *_: shared, today=lambda: "2026-11-22").begin(Caller("CA1"), "full", "ko")
    assert asked == [("CA1", "ko")]
    assert turn.state.variants == {"greeting": "short"}
    assert f"네, {pack.languages['ko'].name}입니다." in " ".join(said.text for said in turn.says)


def test_what_does_harm_is_stopped_by_itself(pack: Pack, tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    database.migrate()
    design = replace(pack.experiments["greeting"].design, metric="containment", effect=0.05)
    run = Runs(database, lambda: datetime(2026, 11, 22, tzinfo=UTC)).start(design, "lee", 4000)
    rows = []
    for number in range(800):
        variant = variant_of(run.salt, "greeting", f"caller {number}", design.weights)
        began = run.started + timedelta(seconds=number)
        row = {"id": f"CA{number}", "pack": "shop", "version": "1", "language": "ko", "channel": "twilio"}
        row |= {"caller": f"caller {number}", "variants": {"greeting": variant}, "caller_turns": 1}
        rows.append(row | {"began": began, "ended": began, "contained": variant == "control" or number % 2 == 0})
    with database.writing() as connection:
        connection.execute(calls.insert(), rows)
    experiments = RunningExperiments(database)
    experiments.look()
    experiments.guard()
    latest = Runs(database).latest("shop", "greeting")
    assert latest is not None
    assert (latest.state, latest.ended_by, latest.reason) == ("stopped", GUARD, "harm: short, containment")
    assert not Runs(database).running()


def test_phrases_of_variants_are_spoken_ahead(pack: Pack) -> None:
    ahead = {phrase.text for phrase in phrases(pack, "ko")}
    assert {f"네, {pack.languages['ko'].name}입니다.", "I'll put you through."} <= ahead


def test_variants_go_to_those_who_are_meant_while_an_experiment_runs(pack: Pack, tmp_path: Path) -> None:
    database = open_database("", tmp_path)
    database.migrate()
    experiments, runs = RunningExperiments(database), Runs(database)
    assert experiments.assign(pack, "caller", language="ko", channel="twilio") == {}
    for one in pack.experiments.values():
        runs.start(one.design, "lee", 1000)
    experiments.look()
    both = experiments.assign(pack, "caller", language="ko", channel="twilio")
    assert both.keys() == {"greeting", "straight_on"}
    assert both == experiments.assign(pack, "caller", language="ko", channel="twilio")
    assert experiments.assign(pack, "caller", language="ko", channel="keypad").keys() == {"greeting"}
    assert experiments.assign(pack, "caller", language="en", channel="twilio").keys() == {"greeting"}
    # Edited since: what its variants are now is not what is being measured.
    [run] = [run for run in runs.running() if run.design.name == "greeting"]
    edited: Run = replace(run, design=replace(run.design, fingerprint="another"))
    assert assign(pack, [edited], "caller", language="ko", channel="twilio") == {}
    runs.stop(run, "kim")
    experiments.look()
    assert experiments.assign(pack, "caller", language="en", channel="twilio") == {}


@given(
    st.dictionaries(
        st.sampled_from(["greeting", "straight_on", "gone"]), st.sampled_from(["control", "short", "person"])
    )
)
def test_any_variants_make_a_pack_that_has_everything(pack: Pack, variants: dict[str, str]) -> None:
    varied = pack.varied(variants)
    assert varied is pack.varied(dict(reversed(variants.items())))
    assert varied.flows.keys() == pack.flows.keys()
    assert all(pack.languages[name].replies.keys() <= words.replies.keys() for name, words in varied.languages.items())


HEAD = (
    "experiments:\n  x:\n    hypothesis: {ko: 가., en: A.}\n    metric: containment\n    effect: 0.05\n    variants:\n"
)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (HEAD + "      a: {replies: {ko: {greeting: 네}, en: {greeting: Hi}}}\n      b: {flows: {}}\n", 2, "control"),
        (HEAD + "      control: {}\n      a:\n        weight: 0\n", 9, "weight"),
        (HEAD + "      control: {}\n      a: {}\n", 2, "a changes nothing"),
        (HEAD + "      control: {}\n      a:\n        replies:\n          ko: {greeting: 네}\n", 9, "missing in en"),
        (
            HEAD
            + "      control: {}\n      a:\n        replies:\n          ko: {oops: 네}\n          en: {oops: Hi}\n",
            10,
            "oops",
        ),
        (
            HEAD + "      control: {}\n      a:\n        replies:\n"
            "          ko:\n            greeting: '{order.x} 네'\n          en: {greeting: Hi}\n",
            11,
            "order.x",
        ),
        (
            HEAD
            + "      control: {}\n      a:\n        replies:\n          ko: {filler: 음}\n          en: {filler: Er}\n",
            10,
            "filler",
        ),
        (
            HEAD + "      control: {}\n      a:\n        flows:\n          nothing: {steps: [{finish: true}]}\n",
            10,
            "nothing",
        ),
        (
            HEAD + "      control: {}\n      a:\n        flows:\n          order_status:\n            steps:\n"
            "              - collect: order_number\n              - reply: nobody_has_it\n",
            13,
            "nobody_has_it",
        ),
        (
            HEAD + "      control: {}\n      a:\n        flows:\n          order_status:\n"
            "            steps: [{call: order_status}]\n",
            10,
            "calls itself",
        ),
        (
            HEAD.replace("0.05", "5") + "      control: {}\n      a: {flows: {order_status: {like: cancel_order}}}\n",
            2,
            "share",
        ),
    ],
)
def test_what_is_wrong_is_told_by_line(folder: Path, text: str, line: int, told: str) -> None:
    path = folder / "shop" / "experiments.yaml"
    path.write_text(text, "utf-8")
    try:
        with pytest.raises(ContentError, match=rf"experiments\.yaml, line {line}: .*{told}"):
            load_pack(folder, "shop")
    finally:
        path.write_text(EXPERIMENTS, "utf-8")


def test_two_experiments_on_the_same_reply_are_refused(folder: Path) -> None:
    path = folder / "shop" / "experiments.yaml"
    again = EXPERIMENTS + EXPERIMENTS.split("experiments:")[1].split("  straight_on")[0].replace(
        "greeting:\n", "twice:\n", 1
    )
    path.write_text(again, "utf-8")
    try:
        with pytest.raises(ContentError, match="both change greeting"):
            load_pack(folder, "shop")
    finally:
        path.write_text(EXPERIMENTS, "utf-8")


def test_the_check_finds_what_loading_does_not(folder: Path) -> None:
    path = folder / "shop" / "experiments.yaml"
    path.write_text(
        EXPERIMENTS.replace("짧으면 좋다.", "짧으면 좋다. ")
        .replace("effect: 10", "effect: 0.5")
        .replace("{reply: one_moment}, {hand_over: support}", "{hand_over: support}, {reply: one_moment}"),
        "utf-8",
    )
    try:
        found = [(one.check, one.level) for one in check_pack(folder, "shop") if one.path == str(path)]
    finally:
        path.write_text(EXPERIMENTS, "utf-8")
    assert found == [("long-experiment", "warning"), ("unreachable", "error")]
