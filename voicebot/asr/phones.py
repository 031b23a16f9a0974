"""The Korean model's phones, and the pdfs that a sound has after another.

The model's `phones.txt` belongs to another language; the names here were found by comparing the ways through its graph
with the words on them: 46 sounds, each in four forms for its place in a word.
"""

from __future__ import annotations

from types import MappingProxyType

from voicebot.asr.acoustic_model import AcousticModel
from voicebot.asr.vocabulary import ModelError

_SOUNDS = (
    "ㅍ ㅂ ㅂ. ㅡ ㅝ ㅞ ㅌ ㅜ ㅈ ㅠ ㅟ ㅕ ㄸ ㅉ ㄷ ㄷ. ㅘ ㅣ ㅇ. ㅁ ㅁ. ㅏ ㅋ "
    "ㅐ ㄹ ㄹ. ㅑ ㅖ ㅗ ㅎ ㅙ ㄴ ㄴ. ㅚ ㄱ ㄱ. ㅊ ㅛ ㄲ ㅒ ㅓ ㅢ ㅃ ㅆ ㅅ ㅔ"
)
NAMES = tuple(_SOUNDS.split())
"""The sounds in the order of the model's phones, named as in `pronunciation`."""
_NUMBERS = MappingProxyType({name: number for number, name in enumerate(NAMES)})

SILENCE = 1
"""The phone of silence."""
_FIRST = 11
_BEGIN, _END, _INSIDE, _ALONE = range(4)


class PhoneSet:
    """Phones by name and place, and their pdfs in context."""

    def __init__(self, model: AcousticModel) -> None:
        """Raises ModelError for a model with other phones."""
        self._tuples = model.tuples
        self._contexts = model.contexts
        if int(model.tuples[:, 0].max()) != _FIRST - 1 + 4 * len(NAMES):
            raise ModelError("this Korean model has other phones than the one in the catalogue; use that one.")
        self._known: dict[tuple[int, int], tuple[int, int]] = {}

    def phone(self, name: str, *, begins: bool, ends: bool) -> int:
        """The phone of a sound that begins or ends a word of the model, or neither, or both."""
        place = _ALONE if begins and ends else _BEGIN if begins else _END if ends else _INSIDE
        return _FIRST + 4 * _NUMBERS[name] + place

    def pdfs(self, before: int, phone: int) -> tuple[int, int]:
        """Columns of the likelihoods for the first frame of a phone and for those that follow."""
        key = (before, phone)
        if key not in self._known:
            _, _, first, further = self._tuples[self._tuple(before, phone)]
            self._known[key] = int(first), int(further)
        return self._known[key]

    def follows(self, before: int, phone: int) -> bool:
        """Whether the model has ever seen a phone after another, in whatever places."""
        if SILENCE in (before, phone):
            return True
        return any(self._contexts[left, form] >= 0 for left in self._forms(before) for form in self._forms(phone))

    def _tuple(self, before: int, phone: int) -> int:
        if phone == SILENCE:
            return 0
        # Where a pair was never seen: the same sounds in other places, then any sound before.
        befores = self._forms(before)
        for form in self._forms(phone):
            for left in befores:
                if self._contexts[left, form] >= 0:
                    return int(self._contexts[left, form])
        column = self._contexts[:, phone]
        return int(column[column >= 0][0])

    @staticmethod
    def _forms(phone: int) -> tuple[int, ...]:
        if phone < _FIRST:
            return (phone,)
        first = phone - (phone - _FIRST) % 4
        return (phone, *(form for form in range(first, first + 4) if form != phone))
