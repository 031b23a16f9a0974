"""Questions answered out of imported documents."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.files import HANDBOOK, HELP_PAGE
from voicebot.knowledge.base import KnowledgeBase, import_document
from voicebot.knowledge.passage import KnowledgeError, Passage, Source
from voicebot.knowledge.search import Search
from voicebot.knowledge.store import FILE, KnowledgeStore
from voicebot.nlu.encoder import Embeddings

WELFARE = Path(__file__).parents[2] / "../shared/nlu/welfareqa/QA_total.csv"


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path / "var")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "hr.md").write_text(HANDBOOK, encoding="utf-8")
    (tmp_path / "it.html").write_text(HELP_PAGE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def handbook(store: KnowledgeStore, documents: Path) -> KnowledgeBase:
    import_document(store, "hr", "hr.md", documents / "hr.md", "ko")
    return KnowledgeBase(store, "hr", "ko")


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("연차 휴가가 며칠 생겨요?", "입사하고 1년이 지나면 연차 휴가가 15일 생깁니다."),
        ("급여명세서 어디서 봐요", "급여 명세서는 매달 25일에"),
        ("경력증명서 수수료 얼마예요", "경력증명서, 수수료 1,000원, 처리 시간 하루입니다."),
        ("연차 휴가 필요한 서류", "필요한 서류: 휴가 신청서, 진단서 (병가만)입니다."),
    ],
)
def test_an_answer_begins_where_the_document_answers(question: str, begins: str, handbook: KnowledgeBase) -> None:
    answer = handbook.answer(question)
    assert answer is not None
    assert answer.text.startswith(begins)
    assert answer.sure
    assert answer.source.document == "hr.md"


def test_an_answer_is_two_sentences_and_the_rest_is_offered(handbook: KnowledgeBase) -> None:
    answer = handbook.answer("연차 휴가가 며칠 생겨요?")
    assert answer is not None
    assert answer.text == "입사하고 1년이 지나면 연차 휴가가 15일 생깁니다. 2년마다 하루씩 늘어나며 최대 25일입니다."
    assert answer.more == (
        "신청은 사내 포털에서 3일 전까지 하셔야 합니다. 자세한 것은 홈페이지를 참고하세요.",
        "필요한 서류: 휴가 신청서, 진단서 (병가만)입니다.",
    )


@pytest.mark.parametrize("question", ["오늘 날씨 어때요", "심심한데 노래 불러 줘", "내일 부산 가는 기차 있어요?"])
def test_what_no_document_answers_is_not_answered_surely(question: str, handbook: KnowledgeBase) -> None:
    answer = handbook.answer(question)
    assert answer is None or not answer.sure


@pytest.mark.parametrize("question", ["", "?!", "xyz qqq", "ㅋ" * 5000, "\0\ud800"])
def test_odd_questions_are_not_answered(question: str, handbook: KnowledgeBase) -> None:
    answer = handbook.answer(question)
    assert answer is None or not answer.sure


def test_without_documents_there_are_no_answers(store: KnowledgeStore) -> None:
    assert KnowledgeBase(store, "hr", "ko").answer("연차") is None
    assert store.documents("hr") == []


def test_languages_and_packs_are_kept_apart(store: KnowledgeStore, documents: Path) -> None:
    import_document(store, "hr", "hr.md", documents / "hr.md", "ko")
    import_document(store, "hr", "it.html", documents / "it.html", "en")
    english = KnowledgeBase(store, "hr", "en")
    answer = english.answer("How do I reset my password?")
    assert answer is not None
    assert answer.text == (
        "To reset your password, open the self-service page and choose Forgot password. "
        "You will get a code by text message."
    )
    assert answer.sure
    assert len(KnowledgeBase(store, "shop", "ko")) == 0


def test_importing_again_replaces_and_removing_forgets(store: KnowledgeStore, documents: Path) -> None:
    path = documents / "hr.md"
    assert import_document(store, "hr", "hr.md", path, "ko").changed
    assert not import_document(store, "hr", "hr.md", path, "ko").changed
    path.write_text("# 새 규정\n연차 휴가는 20일입니다.", encoding="utf-8")
    assert import_document(store, "hr", "hr.md", path, "ko").passages == 1
    answer = KnowledgeBase(store, "hr", "ko").answer("연차 휴가 며칠")
    assert answer is not None
    assert answer.text == "연차 휴가는 20일입니다."
    assert store.remove("hr", "hr.md")
    assert not store.remove("hr", "hr.md")
    assert len(KnowledgeBase(store, "hr", "ko")) == 0


def test_a_document_that_can_not_be_read_leaves_the_old_one(store: KnowledgeStore, documents: Path) -> None:
    path = documents / "hr.md"
    import_document(store, "hr", "hr.md", path, "ko")
    path.write_bytes(b"")
    with pytest.raises(KnowledgeError):
        import_document(store, "hr", "hr.md", path, "ko")
    assert store.documents("hr")[0].passages > 1


def test_a_damaged_store_is_named(store: KnowledgeStore, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(KnowledgeError, match="import again"):
        store.documents("hr")


class Meanings:
    """An encoder that knows which words mean the same, and counts what it embeds."""

    name = "meanings"

    def __init__(self) -> None:
        self.embedded = 0
        self._meanings = (("월급", "급여"), ("쉬", "휴가"), ("증명서",))

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.embedded += len(texts)
        rows = [[0.1] + [float(any(word in text for word in words)) for words in self._meanings] for text in texts]
        matrix = np.array(rows, np.float32)
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_meaning_finds_what_words_do_not(store: KnowledgeStore, documents: Path) -> None:
    encoder = Meanings()
    import_document(store, "hr", "hr.md", documents / "hr.md", "ko", encoder=encoder)
    found = KnowledgeBase(store, "hr", "ko", encoder).search("월급").found
    assert found[0].passage.question == "급여 명세서는 어디서 보나요?"


def test_nothing_is_embedded_twice(store: KnowledgeStore, documents: Path) -> None:
    encoder = Meanings()
    import_document(store, "hr", "hr.md", documents / "hr.md", "ko", encoder=encoder)
    before = encoder.embedded
    KnowledgeBase(store, "hr", "ko", encoder)
    (documents / "hr.md").write_text(HANDBOOK + "\n## 주차\n주차는 무료입니다.\n", encoding="utf-8")
    import_document(store, "hr", "hr.md", documents / "hr.md", "ko", encoder=encoder)
    assert encoder.embedded == before + 1


@pytest.mark.skipif(not WELFARE.exists(), reason="needs ../shared/nlu/welfareqa")
def test_words_alone_find_the_right_one_of_a_hundred_services() -> None:
    with WELFARE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    services = sorted({row["Documents"] for row in rows}, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    rows = [row for row in rows if row["Documents"] in set(services[:100])]
    held = [row for row in rows if hashlib.sha256(row["Question"].encode()).digest()[0] % 5 == 0]
    search = Search(
        [
            Passage((row["Documents"],), row["Question"], row["Answer"], Source("welfare.csv"))
            for row in rows
            if row not in held
        ]
    )
    right = sum(
        row["Documents"] in [found.passage.titles[0] for found in search(row["Question"]).found] for row in held
    )
    assert right / len(held) >= 0.85
