"""A pack, read and checked: everything the engine and the listeners need, by language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from voicebot.dialogue import content, experiments, learned, program, steps
from voicebot.dialogue.replies import ReplyTemplate
from voicebot.hours import Hours
from voicebot.nlu.templates import Expansion, TemplateError, expand
from voicebot.yaml_file import ContentError, YamlFile

LANGUAGES = ("ko", "en")

KEYS_WORDING = "_keys"
"""A reply NAME_keys is said instead of NAME to callers who answer by keys: "press" instead of "say"."""

COMMANDS = (
    *("agent", "repeat", "slower", "briefer", "go_back", "cancel", "help", "keypad", "language", "callback"),
    *("forget_me", "goodbye", "yes", "no"),
)
"""Intents that are on in every state; `prompts/common` says how callers put them."""

RESERVED = ("name", "address", "caller", "today", "feeling")
"""Values that are always there: the pack's name, how callers are addressed, who calls, the day, and how the caller
feels (`feeling.name` is angry, displeased, neutral or glad)."""

COMMON_REPLIES = (
    *("no_input_1", "no_input_2", "no_input_3", "no_match_1", "no_match_2", "no_match_3", "example"),
    *("confirm_intent", "confirm_value", "which_one", "read_back", "corrected", "noted_value", "carried_over"),
    *("anything_else", "resuming", "next_subject", "go_ahead", "hand_over", "goodbye", "help", "slower", "briefer"),
    *(
        "cancelled",
        "nothing_to_repeat",
        "nothing_to_go_back",
        "nothing_to_cancel",
        "too_often",
        "offer_person",
        "stuck",
    ),
    *("backend_failed", "backend_late", "backend_slow", "callback_promised", "forgot_you", "greeting_again"),
    *("apology", "glad"),
    *("keypad_menu", "keypad_item", "keypad_person", "keypad_digits", "keypad_yes_no", "keypad_unknown", "keypad_only"),
    *("keypad_all", "keypad_next", "keypad_range", "keypad_yes_or_no", "keypad_wrong_length", "keypad_everywhere"),
    *("keypad_date", "keypad_number", "keypad_amount", "by_keys_full", "by_keys_trouble"),
    *("say_or_key_digits", "say_or_key_date", "say_or_key_number", "say_or_key_amount"),
    *("language_changed", "language_only", "more_offer", "filler", "time_limit", "closing", "taken"),
    *("back_again", "stumbled", "ask_recording", "recording_agreed", "recording_declined", "how_can_i_help"),
    *("ask_satisfaction", "satisfaction_thanks", "ask_remark", "remark_thanks"),
)
"""Replies that the engine itself needs; `prompts/common` has them, a pack may have its own."""


@dataclass(frozen=True)
class LanguagePack:
    """A pack in one language."""

    language: str
    name: str
    titles: Mapping[str, str]
    """Intent -> what the bot calls it."""
    sentences: Mapping[str, tuple[Expansion, ...]]
    """Intent -> how callers put it. Slots stay open: `{order_number}` stands in the text."""
    answers: Mapping[str, tuple[Expansion, ...]]
    """Slot -> how callers give it, the slot open."""
    replies: Mapping[str, tuple[ReplyTemplate, ...]]
    """By name: variants in the order in which they take turns, the more weighty ones more often."""
    slot_titles: Mapping[str, str]
    outside: tuple[str, ...] = ()
    """What callers are known to say that means nothing here."""
    ratings: Mapping[int, tuple[Expansion, ...]] = field(default_factory=dict)
    """How callers put it, by the points that they give at the end."""


@dataclass(frozen=True)
class Pack:
    """A pack in all its languages."""

    name: str
    languages: Mapping[str, LanguagePack]
    slots: Mapping[str, content.Slot]
    flows: Mapping[str, program.Program]
    menu: tuple[str, ...]
    queue: str
    backend: str
    folder: Path
    version: str
    """Hash of all its files: a stored state belongs to one version."""
    faq: frozenset[str]
    """Intents that are answered by the reply of the same name."""
    internal: frozenset[str]
    """Flows that no intent begins."""
    brand: content.Brand
    knowledge: bool
    """Whether questions that no intent covers are looked up."""
    verification: Mapping[str, float]
    hours: Hours | None = None
    """When people answer; None: always."""
    experiments: Mapping[str, experiments.Experiment] = field(default_factory=dict)
    """By name, running or not."""
    _varied: dict[tuple[tuple[str, str], ...], Pack] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def varied(self, variants: Mapping[str, str]) -> Pack:
        """The pack as a caller with these variants (by experiment) hears it; itself where none changes anything."""
        if not variants or not self.experiments:
            return self
        key = tuple(sorted(variants.items()))
        if key not in self._varied:
            self._varied[key] = experiments.varied(self, variants)
        return self._varied[key]


def find_packs(content_folder: Path) -> list[str]:
    """Names of the packs in a content folder."""
    return sorted(path.parent.name for path in content_folder.glob("*/pack.yaml"))


def load_pack(content_folder: Path, name: str) -> Pack:
    """Read and check a pack. Raises ContentError for the first thing that is wrong."""
    folder = content_folder / name
    if not (folder / "pack.yaml").is_file():
        known = ", ".join(find_packs(content_folder)) or "none"
        raise ContentError(f"there is no pack called {name} in {content_folder}; packs there: {known}.")
    pack_file, flows_file = YamlFile(folder / "pack.yaml"), YamlFile(folder / "flows.yaml")
    about, flows = pack_file.read(content.PackFile), flows_file.read(content.FlowsFile)
    languages: dict[str, LanguagePack] = {}
    for language in about.languages:
        if language not in about.name:
            raise pack_file.error(["name"], f"the name in {language} is missing; add it.")
        languages[language] = _load_language(content_folder, folder, language, about, flows)
    pack = Pack(
        name=name,
        languages=languages,
        slots=flows.slots,
        flows={flow: program.compile_flow(body.steps) for flow, body in flows.flows.items()},
        menu=tuple(about.menu),
        queue=about.queue,
        backend=about.backend,
        folder=folder,
        version=_hash(folder, content_folder / "common"),
        faq=frozenset(
            intent
            for language in languages.values()
            for intent in language.titles
            if intent not in flows.flows and intent not in COMMANDS
        ),
        internal=frozenset(flow for flow, body in flows.flows.items() if body.internal),
        brand=about.brand,
        knowledge=about.knowledge,
        verification=about.verification.model_dump(exclude_none=True),
        hours=about.hours,
    )
    _check_menu(pack, pack_file)
    _check_flows(pack, flows, flows_file)
    if (path := folder / experiments.FILE).exists():
        templates = partial(_templates, brand=about.brand)
        pack = replace(pack, experiments=experiments.load(YamlFile(path), pack, flows, templates, RESERVED))
    return pack


def _load_language(
    content_folder: Path, folder: Path, language: str, about: content.PackFile, flows: content.FlowsFile
) -> LanguagePack:
    common = content_folder / "common" / language
    titles: dict[str, str] = {}
    sentences: dict[str, tuple[Expansion, ...]] = {}
    answers: dict[str, tuple[Expansion, ...]] = {}
    replies: dict[str, tuple[ReplyTemplate, ...]] = {}
    slot_titles: dict[str, str] = {}

    for path in (common / "intents.yaml", folder / language / "intents.yaml"):
        file = YamlFile(path)
        read = file.read(content.IntentsFile)
        words = _Words(file, read, language, flows.slots)
        for intent, body in read.intents.items():
            titles[intent] = body.title
            # A pack adds its own wordings of a command to the common ones.
            common_ones = sentences.get(intent, ())
            first = max((one.template for one in common_ones), default=-1) + 1
            own = words.expand(body.templates, ("intents", intent, "templates"), first=first)
            sentences[intent] = tuple({one.text: one for one in (*common_ones, *own)}.values())
        slot_titles |= read.slot_titles
        for slot, templates in read.answers.items():
            if slot not in flows.slots:
                raise file.error(["answers", slot], f"there is no slot called {slot}; flows.yaml defines slots.")
            answers[slot] = words.expand(templates, ("answers", slot))

    faq_path = folder / language / "faq.yaml"
    if faq_path.exists():
        file = YamlFile(faq_path)
        words = _Words(file, content.IntentsFile(intents={}), language, flows.slots)
        for entry, faq in file.read(content.FaqFile).faq.items():
            if entry in titles:
                raise file.error(["faq", entry], f"{entry} is an intent already; give this entry another name.")
            titles[entry] = faq.title
            sentences[entry] = words.expand(faq.templates, ("faq", entry, "templates"))
            replies[entry] = _templates(file, faq.answer, ("faq", entry, "answer"), about.brand)

    open_ones = [name for name, slot in flows.slots.items() if slot.type != "list"]
    outside: tuple[str, ...] = ()
    if (learned_path := folder / language / learned.FILE).exists():
        file = YamlFile(learned_path)
        new, outside = learned.add(file, open_ones, titles, sentences)
        for entry, answer in new.items():
            replies[entry] = _templates(file, answer, ("faq", entry, "answer"), about.brand)

    for path in (common / "replies.yaml", folder / language / "replies.yaml"):
        file = YamlFile(path)
        for reply, variants in file.read(content.RepliesFile).replies.items():
            replies[reply] = _templates(file, variants, ("replies", reply), about.brand)
    for reply in (*COMMON_REPLIES, "greeting"):
        if reply not in replies:
            raise ContentError(f"{folder / language / 'replies.yaml'}: the reply {reply} is missing; add it.")
    for command in COMMANDS:
        if command not in sentences:
            raise ContentError(f"{common / 'intents.yaml'}: the command {command} is missing; add it to `intents`.")
    ratings = _load_ratings(common / "ratings.yaml", language)
    name = about.name[language]
    return LanguagePack(language, name, titles, sentences, answers, replies, slot_titles, outside, ratings)


def _load_ratings(path: Path, language: str) -> dict[int, tuple[Expansion, ...]]:
    """What callers say who are asked how well they were helped; without such a file only numbers are understood."""
    if not path.exists():
        return {}
    file = YamlFile(path)
    words = _Words(file, content.IntentsFile(intents={}), language, {})
    read = file.read(content.RatingsFile)
    return {int(points): words.expand(said, ("ratings", points)) for points, said in read.ratings.items()}


class _Words:
    """Expands the templates of one file."""

    def __init__(
        self, file: YamlFile, read: content.IntentsFile, language: str, slots: Mapping[str, content.Slot]
    ) -> None:
        self._file, self._rules = file, read.rules
        self._lists: dict[str, Sequence[str]] = dict(read.lists)
        self._open = [name for name, slot in slots.items() if slot.type != "list"]
        for name, slot in slots.items():
            if slot.type == "list":
                self._lists[name] = [said for value in slot.values.values() for said in value.get(language, [])]

    def expand(self, templates: Sequence[str], location: tuple[str, ...], *, first: int = 0) -> tuple[Expansion, ...]:
        """All their sentences; the templates are numbered from `first`."""
        found: dict[str, Expansion] = {}
        for index, template in enumerate(templates):
            try:
                for expansion in expand(template, self._lists, self._rules, keep=self._open):
                    found.setdefault(expansion.text, replace(expansion, template=first + index))
            except TemplateError as error:
                raise self._file.error([*location, index], str(error)) from None
        return tuple(found.values())


def _templates(
    file: YamlFile, variants: Sequence[content.Variant], location: tuple[str, ...], brand: content.Brand
) -> tuple[ReplyTemplate, ...]:
    """The variants that suit the brand, in the order in which they take turns."""
    made: list[tuple[int, ReplyTemplate]] = []
    for index, variant in enumerate(variants):
        try:
            template = ReplyTemplate(variant.text)
        except ValueError as error:
            raise file.error([*location, index], str(error)) from None
        if variant.level in (None, brand.speech_level) and variant.tone in (None, brand.warmth):
            made.append((variant.weight, template))
    if not made:
        level, warmth = brand.speech_level, brand.warmth
        raise file.error(location, f"no variant suits the pack's speech level {level} and warmth {warmth}; add one.")
    if brand.length == "short":
        made = [min(made, key=lambda one: len(one[1].text))]
    rounds = range(max(weight for weight, _ in made))
    return tuple(template for turn in rounds for weight, template in made if weight > turn)


def _check_menu(pack: Pack, file: YamlFile) -> None:
    for index, flow in enumerate(pack.menu):
        if flow not in pack.flows:
            raise file.error(
                ["menu", index], f"there is no flow called {flow}; flows.yaml has: {', '.join(pack.flows)}."
            )


def _check_flows(pack: Pack, flows: content.FlowsFile, file: YamlFile) -> None:
    for flow, body in flows.flows.items():
        for language in pack.languages.values():
            if flow not in language.sentences and not body.internal:
                raise file.error(
                    ["flows", flow],
                    f"no intent {flow} in {language.language}/intents.yaml says how callers ask for it.",
                )
        steps.check_steps(pack, file, ("flows", flow, "steps"), body.steps, RESERVED)


def _hash(*folders: Path) -> str:
    """Of what decides what is said and understood; recordings only say how it sounds."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            if path.parent.name == "recordings":
                continue
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
