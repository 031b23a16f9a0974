"""Every engine that is here keeps the port's contract; which of them speaks is decided by measure or by setting."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from voicebot.config import Configuration, ConfigurationError
from voicebot.tts import measured
from voicebot.tts.engines import KINDS, engines, installed
from voicebot.tts.kokoro_engine import KokoroEngine
from voicebot.tts.piper_engine import PiperEngine
from voicebot.tts.port import NORMAL, Engine, EngineError, Style
from voicebot.tts.supertonic_engine import SupertonicEngine

SHORT = {"ko": "네, 맞습니다.", "en": "Yes, it is."}
NEURAL = [known for known in KINDS if known.name not in ("command", "pyttsx3")]


@pytest.fixture(autouse=True)
def _no_voice_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOICEBOT_VOICES", raising=False)


def configured(tmp_path: Path, **settings: object) -> Configuration:
    return Configuration.model_validate({"var": tmp_path} | settings)


@pytest.fixture(scope="module", params=NEURAL, ids=[known.name for known in NEURAL])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A real one. Models that the tests' environment names are found: VOICEBOT_MODEL_PATHS."""
    settings = {"var": tmp_path_factory.mktemp("var")}
    found = request.param.open(Configuration.model_validate(settings))
    if found is None:
        pytest.skip(f"{request.param.name} is not installed: {request.param.install}")
    yield found
    found.close()


def test_it_speaks_its_languages_at_the_speed_and_pitch_asked_for(engine: Engine) -> None:
    for language in sorted(engine.languages):

        def seconds(style: Style, language: str = language) -> float:
            sound = engine.synthesise(SHORT[language], language, style)
            assert sound.pcm.dtype == np.int16
            assert np.abs(sound.pcm.astype(int)).max() > 1000
            return len(sound.pcm) / sound.rate

        usual = seconds(NORMAL)
        assert 0.4 < usual < 4
        assert seconds(Style(rate=0.7)) > 1.15 * usual
        assert seconds(Style(pitch=1.2)) == pytest.approx(usual, rel=0.25)


def test_odd_texts_do_no_harm(engine: Engine) -> None:
    language = sorted(engine.languages)[0]
    for text in ("", "...", "😀", "\x00\x1b[0m", "𝔄ß日本", "ㅋㅋ"):
        engine.synthesise(text, language, NORMAL)
    assert len(engine.synthesise(SHORT[language], language, NORMAL).pcm)


def test_another_language_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match="no voice for 'xx'"):
        engine.synthesise("Hallo", "xx", NORMAL)


def test_it_says_how_much_it_does_at_once(engine: Engine) -> None:
    assert engine.concurrency >= 1
    assert engine.name
    assert engine.fingerprint.startswith(engine.name)


Made = Callable[[tuple[str, ...]], Engine]


@pytest.mark.parametrize(
    "make",
    [
        lambda command: KokoroEngine(Path("var"), command=command),
        lambda command: PiperEngine(Path("absent"), language="ko", command=command),
        lambda command: SupertonicEngine(Path("absent"), command=command),
    ],
    ids=["kokoro", "piper", "supertonic"],
)
def test_a_model_that_is_missing_is_one_clear_error(make: Made) -> None:
    answer = """print('{"error": "FileNotFoundError: x", "missing": true}'); sys.stdout.flush()"""
    speaking = make((sys.executable, "-c", f"import sys\nfor line in sys.stdin: {answer}"))
    with pytest.raises(EngineError, match="install what it needs: pip install 'voicebot"):
        speaking.synthesise("네", "ko", NORMAL)
    speaking.close()


def test_a_real_worker_without_its_model_says_so(tmp_path: Path) -> None:
    pytest.importorskip("supertonic")
    engine = SupertonicEngine(tmp_path, workers=1)
    with pytest.raises(EngineError, match="ONNX model files not found"):
        engine.synthesise("네", "ko", NORMAL)
    engine.close()


@pytest.fixture
def two_voices(tmp_path: Path) -> Configuration:
    """pyttsx3 and a command for both languages, and perhaps more."""
    return configured(tmp_path, voice_command=f"{sys.executable} -c pass")


def order(configuration: Configuration, language: str) -> list[str]:
    return [engine.name for engine in engines(configuration) if language in engine.languages]


def test_what_was_understood_best_here_speaks_first_in_each_language(two_voices: Configuration) -> None:
    figures = []
    for engine in installed(two_voices):
        for language in engine.languages:
            rate = {("pyttsx3", "ko"): 0.01, ("command", "ko"): 0.02, ("command", "en"): 0.001}
            figures.append(measured.figure_of(engine, language, rate.get((engine.name, language), 0.5), 20))
    measured.keep(two_voices.var, tuple(figures))
    assert order(two_voices, "ko")[:2] == ["pyttsx3", "command"]
    assert order(two_voices, "en")[0] == "command"


def test_a_figure_of_another_sound_counts_no_more(two_voices: Configuration) -> None:
    engine = next(engine for engine in installed(two_voices) if engine.name == "pyttsx3")
    before = measured.figure_of(engine, "ko", 0.0, 20)
    measured.keep(two_voices.var, (measured.Figure(**(vars(before) | {"fingerprint": "an older one"})),))
    assert order(two_voices, "ko")[-1] == "pyttsx3"


def test_the_configured_engine_comes_first_and_the_others_stand_by(two_voices: Configuration) -> None:
    chosen = two_voices.model_copy(update={"voices": {"ko": "pyttsx3"}})
    assert order(chosen, "ko")[0] == "pyttsx3"
    assert "command" in order(chosen, "ko")
    assert order(chosen, "en")[0] == "command"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"voices": {"ko": "hal"}}, "no voice engine called 'hal'; the engines are: command, supertonic"),
        ({"voices": {"ko": "piper"}}, "voices.ko = 'piper': it does not speak that language"),
        ({"voices": {"ko": "command"}}, "voices.ko = 'command' is not installed here"),
        ({"voice_command": "say 'it"}, "voice_command"),
    ],
)
def test_a_setting_that_can_not_be_is_refused(tmp_path: Path, settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        engines(configured(tmp_path, **settings))


def test_figures_that_can_not_be_read_count_as_none(tmp_path: Path) -> None:
    (tmp_path / measured.FILE).write_text('{"voices": [{"engine": 1}]}')
    assert measured.load(tmp_path) == ()
    assert order(configured(tmp_path), "ko")[-1] == "pyttsx3"


def test_every_language_has_its_own_place_for_an_engine(tmp_path: Path) -> None:
    for engine in engines(configured(tmp_path)):
        assert len(engine.languages) == 1


def test_the_environment_can_name_voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_VOICES", '{"en": "pyttsx3"}')
    assert order(configured(tmp_path), "en")[0] == "pyttsx3"
