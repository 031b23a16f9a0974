"""What a pack says, as carriers for the recording script: which values its gaps may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import ConfigDict, RootModel

from voicebot.dialogue.pack import LanguagePack, Pack
from voicebot.nlu.hangul import PARTICLES
from voicebot.tts.recordings.carrier import KINDS, Carrier, Gap
from voicebot.yaml_file import YamlFile

VALUES = "values.yaml"
"""Beside the index of the recordings: what a back end may put into a gap, by what stands in the braces. A list of
values (`order.product.ko: [운동화, 가방]`), or their kind (`item.count: count`)."""

_ITEMS = frozenset(("keypad_item", "keypad_next", "keypad_person"))
"""Replies that are said inside an enumeration."""
_INTENT_TITLE = frozenset(("confirm_intent", "resuming", "next_subject", "predict_intent", "which_one"))
"""Replies whose title, first and second are those of intents; elsewhere a title is a slot's."""
_KIND_OF_SLOT = {"digits": "digits", "phone": "digits", "date": "date", "amount": "won", "number": "count"}


class _Values(RootModel[dict[str, list[str] | Literal["digits", "won", "count", "date", "time"]]]):
    model_config = ConfigDict(frozen=True)


def carriers(pack: Pack, language: str) -> tuple[Carrier, ...]:
    """All that `pack` says in `language`, answers to questions last. Raises ContentError."""
    words = pack.languages[language]
    path = pack.folder / language / "recordings" / VALUES
    known = YamlFile(path).read(_Values).root if path.exists() else {}
    makers = _Gaps(pack, words, known)
    return tuple(
        Carrier(name, variant.text, makers.of(name, variant.text), is_item=name in _ITEMS)
        for name, variants in sorted(words.replies.items(), key=lambda reply: reply[0] in pack.faq)
        for variant in dict.fromkeys(variants)
    )


class _Gaps:
    """What may stand in the gaps of one language's replies."""

    def __init__(self, pack: Pack, words: LanguagePack, known: Mapping[str, list[str] | str]) -> None:
        self._pack, self._words, self._known = pack, words, known
        language = words.language
        self._lists = {
            name: tuple(dict.fromkeys(names[language][0] for names in slot.values.values() if names.get(language)))
            for name, slot in pack.slots.items()
            if slot.type == "list" and not slot.secret
        }

    def of(self, reply: str, text: str) -> dict[str, Gap]:
        """The gaps of a reply's text, by what stands in their braces."""
        inside = (part for part in re.findall(r"\{([^{}]*)\}", text) if part not in PARTICLES)
        return {part: self._gap(reply, *part.partition(":")[::2]) for part in inside}

    def _gap(self, reply: str, path: str, form: str) -> Gap:
        if (known := self._known.get(path)) is not None:
            return Gap(kinds=(known,)) if isinstance(known, str) else Gap(values=tuple(known))
        if form:
            return Gap(kinds=(form,)) if form in KINDS else Gap()
        match path:
            case "name":
                return Gap(values=(self._words.name,))
            case "address":
                return Gap(values=(self._pack.brand.address.get(self._words.language, ""),))
            case "first" | "last" | "key" if reply.startswith("keypad_"):
                return Gap(values=tuple(map(str, range(1, 10))))
            case "title" | "first" | "second" if reply in _INTENT_TITLE:
                titles = (title for intent, title in self._words.titles.items() if intent not in ("yes", "no"))
                return Gap(values=_unique(titles), section="title")
            case "title":
                return Gap(values=self._titles(reply))
            case "value":
                return self._any_value()
            case "count" if lengths := {str(max(s.lengths)) for s in self._pack.slots.values() if s.type == "digits"}:
                return Gap(values=tuple(sorted(lengths)))
            case "items":
                return Gap(values=tuple(variant.text for variant in self._words.replies["keypad_person"]))
        named = [part for part in path.split(".") if part in self._lists]
        if named:
            return Gap(values=self._lists[named[-1]])
        slot = self._pack.slots.get(path)
        return Gap(kinds=(_KIND_OF_SLOT[slot.type],)) if slot and slot.type in _KIND_OF_SLOT else Gap()

    def _titles(self, reply: str) -> tuple[str, ...]:
        if reply == "keypad_item":
            menu = (self._words.titles[flow] for flow in self._pack.menu if flow in self._words.titles)
            return _unique((*menu, *(value for values in self._lists.values() if len(values) <= 9 for value in values)))
        return _unique(
            self._words.slot_titles.get(name, name) for name, slot in self._pack.slots.items() if not slot.secret
        )

    def _any_value(self) -> Gap:
        """A slot's value, whichever slot it is."""
        spoken = [slot for slot in self._pack.slots.values() if not slot.secret]
        kinds = _unique(_KIND_OF_SLOT[slot.type] for slot in spoken if slot.type in _KIND_OF_SLOT)
        return Gap(kinds=kinds, values=_unique(value for values in self._lists.values() for value in values))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
