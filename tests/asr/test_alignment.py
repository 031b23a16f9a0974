from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.asr.speech import clips
from voicebot.asr.acoustic_model import AcousticModel
from voicebot.asr.alignment import Choices, Lineup, Word, align, compile_row, compile_sentence
from voicebot.asr.kaldi_files import Matrix
from voicebot.asr.phone_loop import PhoneLoop
from voicebot.asr.phones import PhoneSet

pytestmark = [pytest.mark.model, pytest.mark.speech]


@pytest.fixture(scope="module")
def acoustics(korean_model: Path) -> AcousticModel:
    return AcousticModel(korean_model)


@pytest.fixture(scope="module")
def phones(acoustics: AcousticModel) -> PhoneSet:
    return PhoneSet(acoustics)


@pytest.fixture(scope="module")
def likelihoods(acoustics: AcousticModel) -> Matrix:
    """Of 상담원 연결해 주세요."""
    return acoustics.likelihoods(next(pcm for text, pcm in clips("mbrola_hn1") if text == "상담원 연결해 주세요"))


def words(text: str) -> list[Word]:
    return [Word(word, (word,)) for word in text.split()]


def test_what_was_said_scores_best(phones: PhoneSet, likelihoods: Matrix) -> None:
    texts = ["배송 언제 와요", "상담원 연결해 주세요", "상담원 바꿔 주세요", "네"]
    scores = Lineup([compile_sentence(words(text), phones) for text in texts]).scores(likelihoods)
    assert scores.argmax() == 1


def test_a_sentence_scores_the_same_alone_and_among_others(phones: PhoneSet, likelihoods: Matrix) -> None:
    models = [compile_sentence(words(text), phones) for text in ("네", "상담원 연결해 주세요", "주문 취소")]
    together = Lineup(models).scores(likelihoods)
    alone = [Lineup([model]).scores(likelihoods)[0] for model in models]
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_no_sentence_is_better_than_any_row_of_sounds(phones: PhoneSet, likelihoods: Matrix) -> None:
    best = Lineup([compile_sentence(words("상담원 연결해 주세요"), phones)]).scores(likelihoods)[0]
    assert best <= likelihoods.max(axis=1).sum()
    assert best <= PhoneLoop(phones).score(likelihoods) + 20  # the loop knows sounds only within words


def test_the_best_path_has_the_score_and_says_the_words_in_order(phones: PhoneSet, likelihoods: Matrix) -> None:
    model = compile_sentence(words("상담원 연결해 주세요"), phones)
    path = align(model, likelihoods)
    enters = np.diff(path, prepend=-1) != 0
    emitted = likelihoods[np.arange(len(path)), np.where(enters, model.first[path], model.further[path])]
    score = Lineup([model]).scores(likelihoods)[0]
    assert emitted.sum() - model.cost[path[enters]].sum() == pytest.approx(score, rel=1e-4)
    said = [place for place in dict.fromkeys(model.place[path].tolist()) if place >= 0]
    assert said == [0, 1, 2]


def test_every_choice_of_a_row_has_its_best_path(phones: PhoneSet, likelihoods: Matrix) -> None:
    row = compile_row([words("배송 상담원"), words("연결해 취소해"), words("주세요")], (3,), phones)
    through = Choices(row).best_through(likelihoods)
    whole = Lineup([row]).scores(likelihoods)[0]
    for first, second in ((0, 0), (0, 1), (1, 0), (1, 1)):
        text = f"{('배송', '상담원')[first]} {('연결해', '취소해')[second]} 주세요"
        alone = Lineup([compile_sentence(words(text), phones)]).scores(likelihoods)[0]
        assert alone <= min(through[0, first], through[1, second]) + 1e-2
    assert through[0, 1] == pytest.approx(whole, rel=1e-4)
    assert through[1, 0] == pytest.approx(whole, rel=1e-4)
    assert through[0, 0] < whole


def test_a_word_that_is_not_hangul_is_refused(phones: PhoneSet) -> None:
    with pytest.raises(ValueError, match="not a Hangul syllable"):
        compile_sentence(words("sms 주세요"), phones)


def test_almost_no_sound_has_no_frames(acoustics: AcousticModel) -> None:
    assert len(acoustics.likelihoods(np.zeros(0, np.int16))) == 0
    assert len(acoustics.likelihoods(np.zeros(100, np.int16))) == 0
    assert len(acoustics.likelihoods(np.zeros(240, np.int16))) == 1
