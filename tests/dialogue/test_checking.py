"""What `voicebot check` finds in packs, each defect put into a copy of the shop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voicebot.asr.segmentation import Segmenter
from voicebot.cli import app, commands  # noqa: F401
from voicebot.dialogue.checking import Finding, check_pack
from voicebot.dialogue.checking_schema import SCHEMAS, text_of
from voicebot.dialogue.checking_speech import seconds_of
from voicebot.dialogue.pack import find_packs
from voicebot.yaml_file import YamlFile

ROOT = Path(__file__).parents[2]


class Shop:
    """A copy of the shop pack that may be broken."""

    def __init__(self, folder: Path) -> None:
        self.content = folder / "prompts"
        for name in ("common", "shop"):
            shutil.copytree(ROOT / "prompts" / name, self.content / name)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.content / "shop" / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    def append(self, file: str, text: str) -> None:
        path = self.content / "shop" / file
        path.write_text(path.read_text("utf-8") + text, "utf-8")

    def findings(self, check: str = "") -> list[Finding]:
        return [found for found in check_pack(self.content, "shop") if check in ("", found.check)]

    def only(self, check: str) -> Finding:
        [found] = self.findings(check)
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def line_of(shop: Shop, file: str, text: str) -> int:
    lines = (shop.content / "shop" / file).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


@pytest.mark.parametrize("name", find_packs(ROOT / "prompts"))
def test_the_packs_that_ship_have_no_errors(name: str) -> None:
    assert not [found for found in check_pack(ROOT / "prompts", name) if found.level == "error"]


def test_a_broken_file_does_not_hide_what_is_wrong_with_another(shop: Shop) -> None:
    shop.append("ko/replies.yaml", "\nsayings: {}\n")
    shop.append("en/faq.yaml", "\n  broken: [\n")
    shop.replace("pack.yaml", "queue: support", "queue: Support Line")
    shop.append("ko/tests/delivery.yaml", "  - name: unknown key\n    turns:\n      - {caller: 네, answers: 네}\n")
    files = {Path(found.path).relative_to(shop.content / "shop").as_posix() for found in shop.findings("loading")}
    assert files == {"ko/replies.yaml", "en/faq.yaml", "pack.yaml", "ko/tests/delivery.yaml"}


def test_an_error_names_its_line_and_the_remedy(shop: Shop) -> None:
    shop.append("ko/replies.yaml", "\nsayings: {}\n")
    found = shop.only("loading")
    assert found.line == line_of(shop, "ko/replies.yaml", "sayings")
    assert found.what == "`sayings` is not known here"
    assert "remove it" in found.remedy


def test_a_step_behind_the_end_of_a_flow_is_unreachable(shop: Shop) -> None:
    shop.append("flows.yaml", "      - hand_over: support\n      - reply: stock_unknown\n")
    found = shop.only("unreachable")
    assert (found.level, found.line) == ("error", len((shop.content / "shop/flows.yaml").read_text().splitlines()))


def test_a_step_behind_a_question_whose_answers_both_end_is_unreachable(shop: Shop) -> None:
    shop.append(
        "flows.yaml",
        "      - confirm: ask_product\n        yes: [{finish: true}]\n        no: [{hand_over: support}]\n"
        "      - reply: stock_unknown\n",
    )
    assert shop.only("unreachable").what.startswith("this step is never reached")


def test_a_case_that_a_slot_never_has_is_unreachable(shop: Shop) -> None:
    shop.append("flows.yaml", "      - branch: product\n        cases: {boots: [{reply: stock_unknown}]}\n")
    assert "shoes, bag" in shop.only("unreachable").remedy


def test_flows_without_a_way_in_are_found(shop: Shop) -> None:
    shop.append(
        "flows.yaml",
        "  lonely:\n    internal: true\n    steps: [{reply: stock_unknown}]\n"
        "  unasked:\n    steps: [{reply: stock_unknown}]\n",
    )
    levels = {found.what.split()[2]: found.level for found in shop.findings("no-way-in") if "internal" in found.what}
    assert levels == {"lonely": "warning"}
    assert any("no intent unasked" in found.what for found in shop.findings("no-way-in"))


def test_a_flow_that_calls_itself_is_found(shop: Shop) -> None:
    shop.append("flows.yaml", "      - call: stock\n")
    assert shop.only("endless-call").level == "error"


def test_names_that_nothing_sets_are_found_wherever_they_are_read(shop: Shop) -> None:
    shop.append(
        "flows.yaml",
        "      - when: basket.total > 3\n        then: [{reply: stock_unknown}]\n"
        "      - branch: weather\n        cases: {rain: [{reply: stock_unknown}]}\n"
        "      - {look_up: stock.find, with: {product: colour}, into: item}\n",
    )
    assert {found.what.split(":")[0] for found in shop.findings("unset-value")} == {
        "nothing sets basket",
        "nothing sets weather",
        "nothing sets colour",
    }


def test_slots_that_are_never_filled_or_never_used_are_found(shop: Shop) -> None:
    shop.replace("flows.yaml", "  product:\n", "  colour: {type: number}\n  size: {type: number}\n  product:\n")
    shop.append("flows.yaml", "      - when: size > 3\n        then: [{reply: stock_unknown}]\n")
    assert "size" in shop.only("unfilled-slot").what
    assert "colour" in shop.only("unused-slot").what


def test_a_slot_that_is_asked_for_in_vain_is_found(shop: Shop) -> None:
    shop.replace("flows.yaml", "        with: {product: product}", "        with: {}")
    assert "nothing uses it" in shop.only("unused-slot").what


def test_all_missing_replies_are_found_at_once(shop: Shop) -> None:
    shop.append("flows.yaml", "      - reply: praise\n      - reply: thanks\n")
    missing = [found.what for found in shop.findings("missing-reply")]
    assert len(missing) == 4  # two replies, two languages


def test_a_reply_that_nobody_says_is_found(shop: Shop) -> None:
    shop.append("ko/replies.yaml", "  praise: 잘하셨어요.\n")
    assert shop.only("unused-reply").line == line_of(shop, "ko/replies.yaml", "praise")
    assert "en" in shop.only("translation").remedy


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("ko/faq.yaml", "  parking: {title: 주차, templates: [주차할 수 있나요], answer: 네.}\n"),
        ("ko/intents.yaml", "  weather:\n    - 비가 와요\n"),
    ],
)
def test_what_is_in_one_language_only_is_found(shop: Shop, file: str, text: str) -> None:
    if "intents" in file:
        shop.replace("flows.yaml", "  product:\n", "  weather: {type: number}\n  product:\n")
    shop.append(file, text)
    assert shop.findings("translation")


def test_a_value_without_a_name_in_a_language_is_an_error(shop: Shop) -> None:
    shop.replace("flows.yaml", "coat: {ko: [겨울 코트, 코트, 외투], en: [winter coat, coat]}", "coat: {ko: [코트]}")
    assert shop.only("translation").level == "error"


def test_a_reply_that_takes_too_long_is_found_and_a_short_one_is_not(shop: Shop) -> None:
    assert not shop.findings("long-reply")
    shop.replace("ko/replies.yaml", "  stock_unknown: ", "  stock_unknown: " + "정말 죄송합니다만 " * 6)
    assert shop.only("long-reply").line == line_of(shop, "ko/replies.yaml", "stock_unknown")


def test_numbers_take_as_long_as_they_are_said() -> None:
    assert seconds_of("45,000원", "ko") == pytest.approx(seconds_of("사만오천 원", "ko"))
    assert seconds_of("one two three", "en") == pytest.approx(3 * 60 / 155)


def test_a_sentence_of_two_intents_is_an_error_once_a_template(shop: Shop) -> None:
    shop.append("ko/faq.yaml", "  parking: {title: 주차, templates: [재고 확인], answer: 네.}\n")
    found = shop.only("same-sentence")
    assert found.level == "error"
    assert "stock" in found.what


def test_intents_worded_nearly_alike_are_found_without_an_encoder(shop: Shop) -> None:
    shop.append(
        "en/faq.yaml", "  parcel_day: {title: day, templates: [when will my parcel arrive today], answer: Soon.}\n"
    )
    assert any("parcel_day" in found.what for found in shop.findings("alike"))


def test_words_that_the_recogniser_cannot_hear_are_found_with_what_to_write(shop: Shop) -> None:
    shop.append("ko/faq.yaml", "  help_desk: {title: 문의, templates: [qr 코드], answer: 네.}\n")
    syllables = {chr(code) for code in range(0xAC00, 0xD7A4)}
    found = [
        each
        for each in check_pack(shop.content, "shop", segmenters={"ko": Segmenter(syllables, "ko")})
        if each.check == "unsayable"
    ]
    assert [each.remedy for each in found] == ['write it as it sounds, such as "큐알"']


def test_a_misspelt_file_name_is_found(shop: Shop) -> None:
    shop.append("ko/replies.yaml", "")
    (shop.content / "shop/ko/reply.yaml").write_text("replies: {}\n")
    assert shop.only("unread-file").path.endswith("reply.yaml")


def test_look_ups_are_compared_with_what_the_pack_declares(shop: Shop) -> None:
    (shop.content / "shop/backend.yaml").write_text(
        "kind: rest\nbase_url: https://orders.example.com\noperations:\n"
        "  order.find: {path: '/orders/{number}/{day}', result: {status: status}}\n"
        "  stock.find: {path: '/stock/{name}', result: {count: count}}\n"
    )
    what = {found.what for found in shop.findings("unknown-look-up")}
    assert what == {
        "backend.yaml declares no operation order.cancel",
        "backend.yaml declares no operation return.request",
        "the operation order.find needs the argument day",
        "the operation stock.find has no argument product",
        "the operation stock.find needs the argument name",
    }


def test_a_template_that_cannot_be_read_is_found_with_others(shop: Shop) -> None:
    shop.append("ko/faq.yaml", "  parking: {title: 주차, templates: ['(주차|', '<모름> 주차'], answer: '{x'}\n")
    assert len(shop.findings("template")) == 3


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_ENCODER", "")
    monkeypatch.setattr("asr_models.resolver.find", lambda *_: None)

    def check(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["check", *arguments])
        return result.exit_code, result.output

    return check


def test_the_command_exits_with_1_where_anything_is_an_error(shop: Shop, run: Callable[..., tuple[int, str]]) -> None:
    assert run()[0] == 0
    assert run("shop")[0] == 0
    shop.append("flows.yaml", "      - call: nowhere\n")
    for arguments in ((), ("prompts",), ("prompts/shop",)):
        status, output = run(*arguments)
        assert status == 1
        assert "there is no flow called nowhere" in output
    status, output = run("shop", "--json")
    told = json.loads(output)
    assert (status, told["errors"], told["findings"][0]["level"]) == (1, 1, "error")


def test_schemas_are_up_to_date() -> None:
    for name in SCHEMAS:
        path = ROOT / "prompts" / "schema" / f"{name}.json"
        assert path.read_text("utf-8") == text_of(name), f"run: voicebot check --schema {path.parent.name}"


def test_every_file_of_the_packs_fits_its_schema_as_it_is_written() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for name in SCHEMAS:
        validator = jsonschema.Draft202012Validator(json.loads(text_of(name)))
        pattern = "*/*/tests/*.yaml" if name == "tests" else f"**/{name}.yaml"
        for path in (ROOT / "prompts").glob(pattern):
            plain = json.loads(json.dumps(_plain(path)))
            assert not [error.message for error in validator.iter_errors(plain)], path


def _plain(path: Path) -> object:
    from ruamel.yaml import YAML

    YamlFile(path)
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    return yaml.load(path)
