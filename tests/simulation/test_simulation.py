"""Simulated callers: the truth about a wish, wordings, the model of listening, and whole calls."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voicebot.backends.port import Backend
from voicebot.backends.registry import open_backend
from voicebot.cli import app
from voicebot.cli import commands as _commands  # noqa: F401  (registers the commands)
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import COMMANDS, Pack, find_packs, load_pack
from voicebot.loading import open_dialogue
from voicebot.simulation.calls import TODAY, Figures, Simulator
from voicebot.simulation.listening import ModelledListeners
from voicebot.simulation.people import read_people
from voicebot.simulation.speech_levels import at_level
from voicebot.simulation.truth import NoTruthError, effects, truth_of
from voicebot.simulation.wording import Said, Wording, part
from voicebot.yaml_file import ContentError

PROMPTS = Path(__file__).parents[2] / "prompts"


@lru_cache(maxsize=4)
def pack_of(name: str) -> Pack:
    return load_pack(PROMPTS, name)


@lru_cache(maxsize=2)
def taught(name: str) -> Dialogue:
    return open_dialogue(part(pack_of(name), 0), Path("/nonexistent"))


def backend_of(pack: Pack) -> Backend:
    return open_backend(pack.backend, pack.folder, today=lambda: TODAY)


def simulator(name: str, language: str, cer: float) -> Simulator:
    pack = pack_of(name)
    return Simulator(pack, taught(name), language, lambda: backend_of(pack), cer=cer)


def test_the_truth_of_a_cancellation_is_what_the_back_end_must_be_asked() -> None:
    shop = pack_of("shop")
    known = {"caller": "", "today": TODAY.isoformat()}
    values = {"order_number": "20261103"}
    cancelled = truth_of(shop, "cancel_order", values, backend_of(shop), lambda _reply: True, known)
    assert {name for name, _ in cancelled.operations} == {"order.find", "order.cancel"}
    assert cancelled.asked == {"order_number"}
    assert cancelled.decisions == {"confirm_cancel": True}
    kept = truth_of(shop, "cancel_order", values, backend_of(shop), lambda _reply: False, known)
    assert {name for name, _ in kept.operations} == {"order.find"}
    assert "cancel_kept" in kept.replies


def test_a_wish_with_values_that_nobody_knows_has_no_truth() -> None:
    shop = pack_of("shop")
    known = {"caller": "", "today": TODAY.isoformat()}
    with pytest.raises(NoTruthError):
        truth_of(shop, "order_status", {"order_number": "00000000"}, backend_of(shop), lambda _reply: True, known)
    with pytest.raises(NoTruthError):
        truth_of(shop, "order_status", {}, backend_of(shop), lambda _reply: True, known)


def test_what_flows_do_only_behind_a_yes_is_told_apart() -> None:
    found = effects(pack_of("shop"))
    assert {"order.cancel", "return.request", "exchange.request", "order.change_address"} <= found
    assert not {"order.find", "stock.find", "points.find"} & found
    assert {"card.block", "card.reissue"} <= effects(pack_of("bank"))
    assert not effects(pack_of("civic"))


@pytest.mark.parametrize("name", find_packs(PROMPTS))
def test_every_pack_names_people_who_can_be_simulated(name: str) -> None:
    pack = pack_of(name)
    people = read_people(pack)
    assert len(people) > 1
    for person in people:
        for slot, values in person.values.items():
            lengths = pack.slots[slot].lengths
            assert all(len(value) in lengths for value in values)


def test_a_slot_that_does_not_exist_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "callers.yaml").write_text('callers:\n  - order_nummer: ["12345678"]\n')
    with pytest.raises(ContentError, match="line 2: there is no slot called order_nummer"):
        read_people(replace(pack_of("shop"), folder=tmp_path))


def test_a_quarter_of_the_templates_is_withheld_and_commands_stay() -> None:
    shop = pack_of("shop")
    known = part(shop, 0)
    for language, words in shop.languages.items():
        for intent, expansions in words.sentences.items():
            every = {one.template for one in expansions}
            kept = {one.template for one in known.languages[language].sentences[intent]}
            if intent in COMMANDS:
                assert kept == every
            else:
                assert len(every) - len(kept) == (max(1, round(len(every) / 4)) if len(every) > 1 else 0)
    assert part(shop, 0) == known
    assert part(shop, 1) != known


def test_wordings_name_no_other_value_than_the_callers() -> None:
    shop = pack_of("shop")
    wording = Wording(shop, part(shop, 0), "ko")
    chance = random.Random(1)
    for _ in range(200):
        said = wording.wish(chance, "return_item", {"reason": "faulty"}, unseen=False, slots=("order_number", "reason"))
        assert "사이즈" not in said.text
        assert "{" not in said.text


def test_numbers_are_said_digit_by_digit() -> None:
    shop = pack_of("shop")
    chance = random.Random(1)
    said = Wording(shop, shop, "ko").answer(chance, "order_number", "20261103")
    assert said.digits in said.text
    assert said.digits.replace("영", "공") == "이공이육일일공삼"
    assert Wording(shop, shop, "en").answer(chance, "order_number", "20261103").digits.startswith("two ")


@pytest.mark.parametrize(
    ("level", "text"),
    [("polite", "배송 조회 해 주세요"), ("formal", "배송 조회 해 주십시오"), ("familiar", "배송 조회 해 줘")],
)
def test_speech_levels(level: str, text: str) -> None:
    assert at_level("배송 조회 해 주세요", level, "ko") == text  # type: ignore[arg-type]


def test_what_comes_through_is_accepted_and_what_does_not_is_judged() -> None:
    shop = pack_of("shop")
    chance = random.Random(3)
    clear = ModelledListeners(shop, 0.0)
    assert clear.hear(Said("배송 조회 해 주세요"), "open", "ko", chance).verdict == "accept"
    number = clear.hear(
        Said("주문번호는 이공이육일일공삼입니다", "이공이육일일공삼"), "slot:order_number", "ko", chance
    )
    assert (number.text, number.verdict) == ("20261103", "accept")
    unknown = Said("저녁에 무엇을 먹으면 좋을지 정말 모르겠네요")
    assert clear.hear(unknown, "open", "ko", chance).verdict == "confirm"
    alone = ModelledListeners(shop, 0.0, second=False)
    assert Counter(alone.hear(unknown, "open", "ko", chance).verdict for _ in range(100))["reject"] > 90
    noisy = ModelledListeners(shop, 0.3)
    verdicts = Counter(noisy.hear(Said("배송 조회 해 주세요"), "open", "ko", chance).verdict for _ in range(200))
    assert verdicts["accept"] < 150
    assert verdicts["accept"] + verdicts["confirm"] > 100


@pytest.mark.parametrize(("name", "language"), [("shop", "ko"), ("bank", "en")])
def test_the_same_seed_gives_the_same_calls(name: str, language: str) -> None:
    first = list(simulator(name, language, 0.2).calls(12, seed=5))
    assert list(simulator(name, language, 0.2).calls(12, seed=5)) == first
    assert simulator(name, language, 0.2).call(7, seed=5) == first[7]
    assert list(simulator(name, language, 0.2).calls(12, seed=6)) != first


def test_most_callers_get_what_they_want_and_noise_costs() -> None:
    clear = Figures.of(list(simulator("shop", "ko", 0.0).calls(60)))
    noisy = Figures.of(list(simulator("shop", "ko", 0.3).calls(60)))
    assert clear.success.value >= 0.93
    assert clear.success.value >= noisy.success.value
    assert clear.turns < noisy.turns


def test_calls_for_a_person_end_with_one() -> None:
    calls = list(simulator("shop", "ko", 0.0).calls(150))
    for call in calls:
        if call.intents == ("agent",) and call.success:
            assert call.handed_over == "asked"
    assert any(call.intents == ("agent",) for call in calls)


def test_the_command_prints_figures_and_the_calls_that_failed() -> None:
    ran = CliRunner().invoke(app, ["simulate", "shop", "--calls", "15", "--cer", "0.3", "--language", "en", "--json"])
    assert ran.exit_code == 0
    result = json.loads(ran.stdout)
    assert result["calls"] == 15
    assert 0 <= result["success"] <= 1
    assert len(result["failed"]) == 15 - round(15 * result["success"])
