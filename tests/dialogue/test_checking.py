"""What `voicebot check` finds in packs: each defect is put into a small pack that has none."""

from __future__ import annotations

import json
import shutil
import textwrap
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


PACK = {
    "pack.yaml": """
        name: {ko: 모퉁이 가게, en: Corner Shop}
        languages: [ko, en]
        backend: shop_demo
        queue: support
        menu: [stock]
        """,
    "flows.yaml": """
        slots:
          order_number:
            type: digits
            lengths: [8]
          product:
            type: list
            values:
              shoes: {ko: [운동화], en: [shoes]}
              bag: {ko: [가방], en: [bag]}
        flows:
          order_status:
            steps:
              - collect: order_number
              - look_up: order.find
                with: {number: order_number}
                into: order
                not_found: [{reply: stock_unknown}, {again: true}]
              - reply: order_day
          cancel_order:
            steps:
              - collect: order_number
              - {look_up: order.cancel, with: {number: order_number}, into: cancelled}
          stock:
            steps:
              - collect: product
              - look_up: stock.find
                with: {product: product}
                into: item
                not_found: [{reply: stock_unknown}]
        """,
    "ko/intents.yaml": """
        intents:
          order_status: {title: 배송 조회, templates: [배송 언제 와요, 택배 어디쯤 왔어요]}
          cancel_order: {title: 주문 취소, templates: [주문을 취소할게요]}
          stock: {title: 재고, templates: [재고 확인, "{product}{이} 있어요"]}
        slot_titles: {order_number: 주문번호, product: 상품}
        answers:
          product: ["{product}"]
        """,
    "en/intents.yaml": """
        intents:
          order_status: {title: order status, templates: [where is my parcel]}
          cancel_order: {title: cancel, templates: [cancel my order]}
          stock: {title: stock, templates: ["do you have {product}"]}
        slot_titles: {order_number: order number, product: product}
        answers:
          product: ["{product}"]
        """,
    "ko/replies.yaml": """
        replies:
          greeting: 안녕하세요, {name}입니다.
          ask_order_number: 주문번호를 알려 주세요.
          ask_product: 어떤 상품인가요?
          order_day: "{order.eta:date}에 도착해요. {order.price:won}이에요."
          stock_unknown: 그 상품은 없어요.
        """,
    "en/replies.yaml": """
        replies:
          greeting: Hello, this is {name}.
          ask_order_number: What is your order number?
          ask_product: Which product?
          order_day: It arrives on {order.eta:date}.
          stock_unknown: We don't have that.
        """,
    "ko/faq.yaml": """
        faq:
          gift_wrap: {title: 선물 포장, templates: [선물 포장 되나요], answer: 네}
        """,
    "en/faq.yaml": """
        faq:
          gift_wrap: {title: gift wrapping, templates: [do you wrap gifts], answer: Yes.}
        """,
    "ko/tests/stock.yaml": """
        tests:
          - name: stock
            turns:
              - caller: 재고 확인
        """,
}


class Shop:
    """A small pack without a fault, which may be broken."""

    def __init__(self, folder: Path) -> None:
        self.content = folder / "prompts"
        shutil.copytree(ROOT / "prompts" / "common", self.content / "common")
        for file, text in PACK.items():
            path = self.content / "shop" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip(), "utf-8")

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


def test_a_pack_without_a_fault_has_no_findings(shop: Shop) -> None:
    assert not [found for found in shop.findings() if "common" not in found.path]


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
    shop.append("ko/tests/stock.yaml", "  - name: unknown key\n    turns:\n      - {caller: 네, answers: 네}\n")
    files = {Path(found.path).relative_to(shop.content / "shop").as_posix() for found in shop.findings("loading")}
    assert files == {"ko/replies.yaml", "en/faq.yaml", "pack.yaml", "ko/tests/stock.yaml"}


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
        ("ko/intents.yaml", "  order_number: ['번호는 {order_number}']\n"),
    ],
)
def test_what_is_in_one_language_only_is_found(shop: Shop, file: str, text: str) -> None:
    shop.append(file, text)
    assert shop.findings("translation")


def test_a_value_without_a_name_in_a_language_is_an_error(shop: Shop) -> None:
    shop.replace("flows.yaml", "bag: {ko: [가방], en: [bag]}", "bag: {ko: [가방]}")
    assert shop.only("translation").level == "error"


def test_a_reply_that_takes_too_long_is_found_and_a_short_one_is_not(shop: Shop) -> None:
    assert not shop.findings("long-reply")
    shop.replace("ko/replies.yaml", "  stock_unknown: ", "  stock_unknown: " + "정말 죄송합니다만 " * 6)
    assert shop.only("long-reply").line == line_of(shop, "ko/replies.yaml", "stock_unknown")


def test_markup_that_is_not_honoured_is_found_and_the_rest_is_not(shop: Shop) -> None:
    assert not shop.findings("markup")
    shop.replace("ko/replies.yaml", "  stock_unknown: ", '  stock_unknown: <break time="300ms"/><b>')
    found = shop.only("markup")
    assert found.line == line_of(shop, "ko/replies.yaml", "stock_unknown")
    assert found.level == "warning"


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
        "en/faq.yaml",
        "  guarantee: {title: guarantee, templates: [how long does the guarantee last], answer: Two years.}\n"
        "  guaranteed: {title: past, templates: [how long did the guarantee last], answer: Two years.}\n",
    )
    assert "guarantee last" in shop.only("alike").what


def test_a_particle_that_goes_wrong_behind_a_vowel_is_found(shop: Shop) -> None:
    shop.replace("ko/intents.yaml", '["{product}"]', '["{product}{이}에요"]')
    assert '"{이}에요"' in [found for found in shop.findings("particle") if "shop" in found.path][-1].what


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
    assert (status, told["errors"]) == (1, 1)
    [error] = [found for found in told["findings"] if found["level"] == "error"]
    assert error["check"] == "unknown-flow"


@pytest.mark.parametrize(
    ("verification", "what"),
    [
        ("{accept: 0.999}", "believe next to nothing"),
        ("{accept: 0.01, confirm: 0.05}", "believe next to everything"),
        ("{accept: 0.4, confirm: 0.5}", "is above accept"),
    ],
)
def test_thresholds_that_no_caller_could_live_with_are_found(shop: Shop, verification: str, what: str) -> None:
    shop.append("pack.yaml", f"verification: {verification}\n")
    found = shop.only("thresholds")
    assert found.level == "error"
    assert what in found.what


def test_a_threshold_that_there_is_not_keeps_a_pack_from_being_loaded(shop: Shop) -> None:
    shop.append("pack.yaml", "verification: {acept: 0.5}\n")
    assert "acept" in shop.only("loading").what


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
