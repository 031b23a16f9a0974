"""Checks of what a pack says and hears as it is written: particles, translations, length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from voicebot.dialogue import content, learned
from voicebot.dialogue.checking_flows import all_steps
from voicebot.dialogue.checking_sources import Finding, Part, Place, Sources, Words
from voicebot.dialogue.checking_speech import LONGEST_S, seconds
from voicebot.dialogue.replies import ReplyTemplate
from voicebot.tts.markup import faults

Written = (
    Part[content.IntentsFile]
    | Part[content.FaqFile]
    | Part[content.RepliesFile]
    | Part[learned.LearnedFile]
    | Part[content.ExperimentsFile]
)

_COPULA = re.compile(r"\{(이|가)\}(에요|예요|시|신|세|었|라고|고|면|라서|며|란|니까|네요|군요|죠|지요)")


def check_particles(sources: Sources) -> Iterator[Finding]:
    """The subject's particle where "to be" is meant: behind a vowel it becomes 가, as in "구두가에요"."""
    for words in (sources.words.get("ko"), sources.common.get("ko")):
        for part, place, text in _korean(words) if words else ():
            yield from particle_fault(part, place, text)


def particle_fault(part: Written, place: Place, text: str) -> Iterator[Finding]:
    """The same of one Korean text."""
    if found := _COPULA.search(text):
        yield part.warning(
            "particle",
            place,
            f'"{found[0]}" becomes "가{found[2]}" behind a vowel',
            "write {이에요}, {이시}, {이고}, {이면} or {이라고} in one pair of braces, or 인 without any",
        )


def _korean(words: Words) -> Iterator[tuple[Written, Place, str]]:
    if words.intents:
        for intent, body in words.intents.content.intents.items():
            for index, text in enumerate(body.templates):
                yield words.intents, ("intents", intent, "templates", index), text
        for slot, templates in words.intents.content.answers.items():
            for index, text in enumerate(templates):
                yield words.intents, ("answers", slot, index), text
    if words.replies:
        for name, variants in words.replies.content.replies.items():
            for index, variant in enumerate(variants):
                yield words.replies, ("replies", name, index), variant.text
    if words.faq:
        for name, entry in words.faq.content.faq.items():
            for index, text in enumerate(entry.templates):
                yield words.faq, ("faq", name, "templates", index), text
            for index, variant in enumerate(entry.answer):
                yield words.faq, ("faq", name, "answer", index), variant.text


def check_translations(sources: Sources) -> Iterator[Finding]:
    """What one language of the pack has and another has not."""
    for language, words in sources.words.items():
        for other, others in sources.words.items():
            if other != language:
                yield from _untranslated(sources, (language, words), (other, others))
    flows = sources.flows
    if flows is None:
        return
    for name, slot in flows.content.slots.items():
        for value, names in slot.values.items():
            for language in sources.words:
                if not names.get(language):
                    yield flows.error(
                        "translation",
                        ("slots", name, "values", value),
                        f"{value} has no name in {language}",
                        f"add {language}: [...]",
                    )
    collected = {step.collect for step in all_steps(flows) if isinstance(step, content.Collect)}
    for language, words in sources.words.items():
        for slot_name in sorted(collected & set(flows.content.slots)):
            if words.intents and slot_name not in words.intents.content.slot_titles:
                yield words.intents.warning(
                    "translation",
                    ("slot_titles",),
                    f"the slot {slot_name} has no title in {language}",
                    f"add {slot_name} under slot_titles: it is said when a value is changed or keyed",
                )


def _untranslated(sources: Sources, one: tuple[str, Words], other: tuple[str, Words]) -> Iterator[Finding]:
    (language, words), (there, others) = one, other
    if words.intents and others.intents:
        read, theirs = words.intents.content, others.intents.content
        shared = sources.common[there].intents
        known = set(theirs.intents) | (set(shared.content.intents) if shared else set())
        for kind, missing in (
            ("intents", set(read.intents) - known),
            ("answers", set(read.answers) - set(theirs.answers)),
        ):
            for name in sorted(missing):
                yield words.intents.warning(
                    "translation",
                    (kind, name),
                    f"{name} stands under {kind} in {language} only",
                    f"add it to {there}/intents.yaml",
                )
    if words.replies and others.replies:
        flows = sources.flows
        used = {reply for step in all_steps(flows) for reply in content.replies_of(step)} if flows else set()
        common = sources.common[there].replies
        known = set(others.replies.content.replies) | (set(common.content.replies) if common else set())
        for name in sorted(set(words.replies.content.replies) - known):
            level = words.replies.error if name in used else words.replies.warning
            yield level(
                "translation",
                ("replies", name),
                f"the reply {name} is in {language} only",
                f"add it to {there}/replies.yaml",
            )
    if words.faq:
        known = set(others.faq.content.faq) if others.faq else set()
        for name in sorted(set(words.faq.content.faq) - known):
            yield words.faq.warning(
                "translation", ("faq", name), f"{name} is answered in {language} only", f"add it to {there}/faq.yaml"
            )


def check_replies(sources: Sources) -> Iterator[Finding]:
    """Replies whose braces or markup make no sense, and replies that take too long to say."""
    slots = sources.flows.content.slots if sources.flows else {}
    for language, words in sources.words.items():
        for name, variants in words.replies.content.replies.items() if words.replies else ():
            if words.replies:
                yield from wordings(words.replies, ("replies", name), variants, language, slots)
        for name, entry in words.faq.content.faq.items() if words.faq else ():
            if words.faq:
                yield from wordings(words.faq, ("faq", name, "answer"), entry.answer, language, slots)
        for name, new in words.learned.content.faq.items() if words.learned else ():
            if words.learned:
                yield from wordings(words.learned, ("faq", name, "answer"), new.answer, language, slots)


def wordings(
    part: Written,
    place: Place,
    variants: Sequence[content.Variant],
    language: str,
    slots: Mapping[str, content.Slot],
) -> Iterator[Finding]:
    """What is wrong with the wordings of the reply, or FAQ entry, at `place`: braces, markup, length."""
    name = place[-2] if place[-1] == "answer" else place[-1]
    for index, variant in enumerate(variants):
        at = (*place, index)
        try:
            template = ReplyTemplate(variant.text)
        except ValueError as error:
            what, _, remedy = str(error).rstrip(".").partition("; ")
            yield part.error("template", at, what, remedy or "write values as {order.status}, particles as {을}")
            continue
        for fault in faults(variant.text):
            what, _, remedy = fault.partition("; ")
            yield part.warning("markup", at, what, remedy)
        needed = seconds(template, language, slots)
        if needed > LONGEST_S:
            yield part.warning(
                "long-reply",
                at,
                f"{name} takes about {needed:.1f} s to say, more than {LONGEST_S:.0f}",
                "shorten it, or say the rest in another step",
            )
