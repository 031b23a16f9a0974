"""Korean in the phonemes of Kokoro, which was trained on other languages.

Kokoro-82M speaks nine languages through one inventory of IPA symbols; Korean is not among them, but its sounds are: the
aspirated stops are Mandarin's, the voiced ones between vowels Japanese's, the vowels Japanese's and English's. Which
symbol stands for a sound was chosen by how much of it the second listener understands (docs/decisions/korean-voice.md).
"""

from __future__ import annotations

from voicebot.tts.korean_phones import Syllable, spoken_phrases

_VOWELS = {
    **{"ㅏ": "a", "ㅐ": "e", "ㅓ": "ʌ", "ㅔ": "e", "ㅗ": "o", "ㅜ": "u", "ㅡ": "ɯ", "ㅣ": "i"},
    **{"ㅑ": "ja", "ㅒ": "je", "ㅕ": "jʌ", "ㅖ": "je", "ㅛ": "jo", "ㅠ": "ju", "ㅢ": "ɰi"},
    **{"ㅘ": "wa", "ㅙ": "we", "ㅚ": "we", "ㅝ": "wʌ", "ㅞ": "we", "ㅟ": "wi"},
}
_INITIALS = {
    **{"ㄱ": "k", "ㄷ": "t", "ㅂ": "p", "ㅅ": "s", "ㅈ": "ʨ", "ㅎ": "h", "ㄴ": "n", "ㄹ": "ɾ", "ㅁ": "m"},
    **{"ㄲ": "kk", "ㄸ": "tt", "ㅃ": "pp", "ㅆ": "ss", "ㅉ": "ʨʨ", "ㅋ": "kʰ", "ㅌ": "tʰ", "ㅍ": "pʰ", "ㅊ": "ʨʰ"},
}
_VOICED = {"ㄱ": "ɡ", "ㄷ": "d", "ㅂ": "b", "ㅈ": "ʥ"}
"""Plain consonants between voiced sounds within a word. With a voice at its beginning they are misheard as nasals."""
_FINALS = {"ㄱ": "k", "ㄴ": "n", "ㄷ": "t", "ㄹ": "l", "ㅁ": "m", "ㅂ": "p", "ㅇ": "ŋ"}
_PALATAL_VOWELS = "ㅣㅑㅕㅛㅠㅖㅒㅟ"
_VOICED_FINALS = ("", *"ㄴㄹㅁㅇ")


def phonemes(text: str) -> str:
    """`text`, in Korean words, as Kokoro's phonemes, words apart and marks behind phrases."""
    written: list[str] = []
    for phrase in spoken_phrases(text):
        before: Syllable | None = None
        word = ""
        for syllable in phrase.syllables:
            if syllable.begins_word and before is not None:
                written.append(word)
                word = ""
            word += _initial(syllable, before) + _VOWELS[syllable.vowel] + _FINALS.get(syllable.final, "")
            before = syllable
        written.append(word + phrase.end)
    return " ".join(written)


def _initial(syllable: Syllable, before: Syllable | None) -> str:
    symbol = _INITIALS.get(syllable.initial, "")
    if before is not None and before.final in _VOICED_FINALS and not syllable.begins_word:
        symbol = _VOICED.get(syllable.initial, symbol)
    if before is not None and before.final == "ㄹ" and syllable.initial == "ㄹ":
        return "l"
    return symbol.replace("s", "ɕ") if syllable.vowel in _PALATAL_VOWELS else symbol
