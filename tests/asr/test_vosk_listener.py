from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.asr.speech import Hear, clips
from voicebot.asr.port import Domain, Sentence, Verdict
from voicebot.asr.verification import Thresholds
from voicebot.asr.vocabulary import ModelError
from voicebot.asr.vosk_listener import VoskRecogniser

pytestmark = pytest.mark.model

GENERATOR = np.random.default_rng(0)


def noise(seconds: float, loudness: float) -> bytes:
    return (GENERATOR.standard_normal(int(8000 * seconds)) * loudness).clip(-32768, 32767).astype(np.int16).tobytes()


def sentence(text: str, folder: str = "mbrola_hn1") -> np.ndarray:
    return next(pcm for said, pcm in clips(folder) if said == text)


@pytest.mark.speech
def test_sentences_of_the_domain_are_found(hear: Hear, support_line: Domain) -> None:
    texts = {one.text for one in support_line.sentences}
    spoken = [(text, pcm) for text, pcm in clips("mbrola_hn1/hn1_m120_") if text in texts]
    heard = [(text, hear(pcm.tobytes(), support_line)) for text, pcm in spoken]
    assert sum(one.text == text for text, one in heard) >= len(spoken) - 1
    assert sum(one.verdict is Verdict.ACCEPT and one.text == text for text, one in heard) >= 0.8 * len(spoken)
    assert all(one.candidates[0].meaning == one.text for _, one in heard)


@pytest.mark.speech
def test_people_who_say_something_else_are_rejected(hear: Hear, support_line: Domain) -> None:
    heard = [hear(pcm.tobytes(), support_line) for _, pcm in clips("zeroth_korean")[:3] + clips("picovoice/")]
    assert [one.verdict for one in heard] == [Verdict.REJECT] * len(heard)


@pytest.mark.speech
def test_a_human_sentence_is_accepted_when_it_is_expected(hear: Hear, support_line: Domain) -> None:
    text, pcm = clips("picovoice/")[0]
    domain = Domain("with", "ko", (*support_line.sentences, Sentence(text, "walk")))
    heard = hear(pcm.tobytes(), domain)
    assert (heard.text, heard.verdict, heard.candidates[0].meaning) == (text, Verdict.ACCEPT, "walk")
    assert {"ratio", "gap", "lead", "seconds"} <= set(heard.evidence)
    assert heard.cpu_seconds > 0


@pytest.mark.speech
def test_a_packs_thresholds_are_kept(korean_model: Path, support_line: Domain) -> None:
    strict = VoskRecogniser({"ko": korean_model}, thresholds=Thresholds(accept=1.1, confirm=0.2))
    utterance = strict.listen(support_line)
    utterance.feed(sentence("비밀번호를 잊어버렸어요").tobytes())
    assert utterance.finish().verdict is Verdict.CONFIRM


@pytest.mark.speech
def test_a_partial_result_says_when_the_sentence_is_whole(recogniser: VoskRecogniser, support_line: Domain) -> None:
    utterance = recogniser.listen(support_line)
    sound = sentence("비밀번호를 잊어버렸어요").tobytes() + bytes(16000)
    partials = [utterance.feed(sound[start : start + 320]) for start in range(0, len(sound), 320)]
    assert not partials[0].complete
    assert partials[-1].complete
    utterance.finish()


@pytest.mark.speech
@pytest.mark.parametrize("gain", [0.03, 6.0])
def test_whispered_and_clipped_sentences_are_still_found(hear: Hear, support_line: Domain, gain: float) -> None:
    loud = (sentence("영업시간이 어떻게 되나요").astype(np.float64) * gain).clip(-32768, 32767).astype(np.int16)
    assert hear(loud.tobytes(), support_line).text == "영업시간이 어떻게 되나요"


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x01", id="half a sample"),
        pytest.param(bytes(200), id="12 ms"),
        pytest.param(bytes(32000), id="digital silence"),
        pytest.param(noise(3, 30), id="quiet noise"),
        pytest.param(noise(3, 6000), id="loud noise"),
        pytest.param(noise(1, 1e6), id="clipped noise"),
    ],
)
def test_what_is_no_speech_is_not_accepted(hear: Hear, support_line: Domain, sound: bytes) -> None:
    assert hear(sound, support_line).verdict is not Verdict.ACCEPT


def test_music_is_not_accepted(hear: Hear, support_line: Domain) -> None:
    time = np.arange(4 * 8000) / 8000
    notes = np.repeat([261.6, 329.6, 392.0, 523.3, 440.0, 349.2, 293.7, 246.9], 4000)
    sound = sum(np.sin(2 * np.pi * notes * part * time) / part for part in (1, 2, 3)) * 4000
    assert hear(sound.astype(np.int16).tobytes(), support_line).verdict is not Verdict.ACCEPT


@pytest.mark.speech
def test_a_minute_of_talk_is_rejected_without_decoding_all_of_it(hear: Hear, support_line: Domain) -> None:
    minute = np.concatenate([pcm for _, pcm in clips("zeroth_korean")])[: 60 * 8000]
    heard = hear(minute.tobytes(), support_line)
    assert heard.verdict is Verdict.REJECT
    assert heard.evidence["seconds"] == 30


@pytest.mark.speech
def test_an_open_question_takes_commands_and_leaves_the_rest_unsure(hear: Hear, support_line: Domain) -> None:
    anything = Domain("anything", "ko", support_line.sentences, open_question=True)
    command = hear(sentence("비밀번호를 잊어버렸어요").tobytes(), anything)
    assert (command.text, command.verdict) == ("비밀번호를 잊어버렸어요", Verdict.ACCEPT)
    talk = hear(clips("picovoice/")[0][1].tobytes(), anything)
    assert talk.verdict is Verdict.CONFIRM
    assert talk.text == talk.hypothesis


@pytest.mark.speech
def test_a_string_of_digits_does_not_take_a_sentences_place(hear: Hear, support_line: Domain) -> None:
    domain = Domain("number", "ko", support_line.sentences, digits=(8,))
    assert hear(sentence("영업시간이 어떻게 되나요").tobytes(), domain).text == "영업시간이 어떻게 되나요"


@pytest.mark.speech
def test_digits_are_heard_as_so_many_digits(hear: Hear) -> None:
    said = next(pcm for text, pcm in clips("mbrola_hn1/hn1_m140fast_10"))
    heard = hear(said.tobytes(), Domain("phone", "ko", (), digits=(11,)))
    assert len(heard.text.split()) == 11
    assert heard.candidates[0].meaning == "digits"


@pytest.mark.speech
def test_calls_at_the_same_time_hear_what_they_would_alone(hear: Hear, support_line: Domain) -> None:
    sounds = [pcm.tobytes() for _, pcm in clips("mbrola_hn1/hn1_m120_")[:6]]
    alone = [hear(sound, support_line) for sound in sounds]
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(lambda sound: hear(sound, support_line), sounds))
    # Not the hypotheses: Vosk puts random noise under the sound.
    assert [(one.text, one.score) for one in together] == [(one.text, one.score) for one in alone]


def test_a_language_without_a_model_is_one_sentence(recogniser: VoskRecogniser) -> None:
    with pytest.raises(ModelError, match=r"no speech model for the language 'en' is loaded"):
        recogniser.listen(Domain("english", "en", ()))


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no Vosk model that takes a grammar"):
        VoskRecogniser({"ko": tmp_path})


def test_words_that_can_not_be_heard_are_reported(recogniser: VoskRecogniser) -> None:
    domain = Domain("unsayable", "ko", (Sentence("VIP 등급이에요", "a"), Sentence("24시간이에요", "b")))
    assert [(one.word, one.suggestion) for one in recogniser.prepare(domain)] == [
        ("vip", "브이아이피"),
        ("24시간이에요", ""),
    ]
