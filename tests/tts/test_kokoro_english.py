"""English in Kokoro's phonemes."""

from __future__ import annotations

import pytest

from voicebot.tts import kokoro_english

pytestmark = pytest.mark.skipif(kokoro_english.library() is None, reason="espeak-ng's library is not installed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, how can I help you today?", "həlˈO, hˌW kæn I hˈɛlp ju tədˈA?"),
        ("Just a little better.", "ʤˈʌst ə lˈɪTᵊl bˈɛTəɹ."),
        ("...", ""),
        ("", ""),
    ],
)
def test_english_is_written_as_kokoro_learnt_it(text: str, said: str) -> None:
    assert kokoro_english.phonemes(text, kokoro_english.espeak()) == said


def test_a_word_in_another_script_leaves_no_marks() -> None:
    assert "(" not in kokoro_english.phonemes("Say 가온 now.", kokoro_english.espeak())
