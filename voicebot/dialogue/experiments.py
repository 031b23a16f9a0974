"""Experiments of a pack: variants of replies and flows. `Pack.varied` is the pack as callers of some variants hear it.

Which caller gets which variant is no matter of the dialogue: it comes with the call, in `State.variants`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicebot.analytics.experiments.design import CONTROL, Design
from voicebot.dialogue import content, program, steps
from voicebot.dialogue.replies import ReplyTemplate
from voicebot.yaml_file import YamlFile

if TYPE_CHECKING:
    from voicebot.dialogue.pack import Pack

FILE = "experiments.yaml"

FIXED = frozenset({"filler", "backend_slow", "by_keys_full", "by_keys_trouble"})
"""Replies that are said beside the dialogue, where nobody knows of variants."""

Templates = Callable[[YamlFile, Sequence[content.Variant], steps.Place], tuple[ReplyTemplate, ...]]
"""Makes a reply's wordings; raises ContentError for one whose braces make no sense."""


@dataclass(frozen=True)
class Override:
    """What a variant puts in place of the pack's own."""

    replies: Mapping[str, Mapping[str, tuple[ReplyTemplate, ...]]]
    """By language, by name."""
    flows: Mapping[str, program.Program]
    summary: tuple[tuple[str, ...], ...] = ()
    """For an editor who adopts it: (`ko/replies.yaml`, reply, its wordings ...) or (`flows.yaml`, flow)."""


@dataclass(frozen=True)
class Experiment:
    """One experiment, ready to be used."""

    design: Design
    overrides: Mapping[str, Override]
    """By variant; the control has none."""


def varied(pack: Pack, variants: Mapping[str, str]) -> Pack:
    """The pack with these variants (by experiment) in place; what it doesn't know, as the control, changes nothing."""
    overrides = [
        pack.experiments[name].overrides[variant]
        for name, variant in sorted(variants.items())
        if name in pack.experiments and variant in pack.experiments[name].overrides
    ]
    if not overrides:
        return pack
    languages = {
        name: replace(
            language,
            replies={
                **language.replies,
                **{reply: said for one in overrides for reply, said in one.replies.get(name, {}).items()},
            },
        )
        for name, language in pack.languages.items()
    }
    flows = {**pack.flows, **{flow: code for one in overrides for flow, code in one.flows.items()}}
    return replace(pack, languages=languages, flows=flows)


def load(
    file: YamlFile, pack: Pack, flows: content.FlowsFile, templates: Templates, known: Sequence[str]
) -> dict[str, Experiment]:
    """The experiments in a file, checked against the pack. Raises ContentError for the first thing that is wrong.

    `known`: values that every reply may use beside slots.
    """
    found: dict[str, Experiment] = {}
    for name, body in file.read(content.ExperimentsFile).experiments.items():
        at: steps.Place = ("experiments", name)
        for language in pack.languages:
            if language not in body.hypothesis:
                raise file.error((*at, "hypothesis"), f"the hypothesis in {language} is missing; add it.")
        for index, language in enumerate(body.targeting.languages):
            if language not in pack.languages:
                raise file.error((*at, "targeting", "languages", index), f"the pack does not speak {language}.")
        loader = _Loader(file, pack, flows, templates, frozenset(known))
        overrides = {
            variant: loader.override((*at, "variants", variant), changed, body.targeting.languages)
            for variant, changed in body.variants.items()
            if variant != CONTROL
        }
        for variant, override in overrides.items():
            loader.check(varied(replace(pack, experiments={name: _trial(override)}), {name: "x"}), variant, name, body)
        found[name] = Experiment(design_of(pack.name, name, body), overrides)
    _check_apart(file, found)
    return found


def _trial(override: Override) -> Experiment:
    return Experiment(Design("", "", {}, "containment", 1.0, {}), {"x": override})


def design_of(pack: str, name: str, body: content.ExperimentBody) -> Design:
    """What its figures depend on."""
    said = json.dumps(body.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
    return Design(
        pack=pack,
        name=name,
        hypothesis=dict(body.hypothesis),
        metric=body.metric,
        effect=body.effect,
        weights={CONTROL: body.variants[CONTROL].weight}
        | {variant: changed.weight for variant, changed in body.variants.items()},
        languages=tuple(body.targeting.languages),
        channels=tuple(body.targeting.channels),
        fingerprint=hashlib.sha256(said.encode()).hexdigest()[:16],
    )


@dataclass(frozen=True)
class _Loader:
    file: YamlFile
    pack: Pack
    flows: content.FlowsFile
    templates: Templates
    known: frozenset[str]

    def override(
        self, at: steps.Place, changed: content.ExperimentVariant, targeted: Sequence[content.Language]
    ) -> Override:
        """What a variant changes."""
        needed = targeted or tuple(self.pack.languages)
        names = dict.fromkeys(reply for replies in changed.replies.values() for reply in replies)
        for reply in names:
            for language in needed:
                if reply not in changed.replies.get(language, {}):
                    raise self.file.error(
                        (*at, "replies"),
                        f"the reply {reply} is missing in {language}; add it under replies: {language}.",
                    )
        replies = {
            language: {
                reply: self._templates((*at, "replies", language, reply), reply, wordings)
                for reply, wordings in said.items()
            }
            for language, said in changed.replies.items()
            if language in self.pack.languages
        }
        flows = {flow: self._program((*at, "flows", flow), flow, other) for flow, other in changed.flows.items()}
        summary = [
            (f"{language}/replies.yaml", reply, *(one.text for one in wordings))
            for language, said in changed.replies.items()
            for reply, wordings in said.items()
        ]
        return Override(replies, flows, (*summary, *(("flows.yaml", flow) for flow in flows)))

    def _templates(self, at: steps.Place, reply: str, wordings: Sequence[content.Variant]) -> tuple[ReplyTemplate, ...]:
        if reply in FIXED:
            raise self.file.error(
                at, f"the reply {reply} is said beside the dialogue and can't have variants; remove it."
            )
        return self.templates(self.file, wordings, at)

    def _program(self, at: steps.Place, flow: str, other: content.OtherSteps) -> program.Program:
        for name, place in ((flow, at), (other.like or flow, (*at, "like"))):
            if name not in self.flows.flows:
                known = ", ".join(self.flows.flows)
                raise self.file.error(place, f"there is no flow called {name}; flows.yaml has: {known}.")
        return program.compile_flow(self._steps_of(flow, other))

    def _steps_of(self, flow: str, other: content.OtherSteps | None) -> Sequence[content.Step]:
        if other is not None and other.steps:
            return other.steps
        return self.flows.flows[(other.like if other else None) or flow].steps

    def check(self, changed: Pack, variant: str, name: str, body: content.ExperimentBody) -> None:
        """Raises ContentError where the variant says something that nobody knows, or that nothing ever says."""
        at: steps.Place = ("experiments", name, "variants", variant)
        override = body.variants[variant]
        said: dict[str, set[str]] = {}
        for flow, own in self.flows.flows.items():
            other = override.flows.get(flow)
            here = self._steps_of(flow, other)
            if other is not None and other.steps:
                self._check_calls(at, flow, override)
                steps.check_steps(changed, self.file, (*at, "flows", flow, "steps"), here, self.known)
            values = {*self.known, *self.pack.slots, *steps.values_in(here), *steps.values_in(own.steps)}
            for _, step in steps.walk(here, ()):
                for reply in content.replies_of(step):
                    said.setdefault(reply, set()).update(values)
        for language, replies in override.replies.items():
            own_replies = self.pack.languages[language].replies if language in self.pack.languages else {}
            for reply in replies:
                place = (*at, "replies", language, reply)
                if reply not in said and reply not in own_replies:
                    raise self.file.error(place, f"nothing says the reply {reply}; correct its name or remove it.")
                before = {path.split(".")[0] for one in own_replies.get(reply, ()) for path in one.paths}
                names = {*said.get(reply, ()), *before, *self.known, *self.pack.slots}
                steps.check_placeholders(changed, self.file, place, reply, names)

    def _check_calls(self, at: steps.Place, flow: str, override: content.ExperimentVariant) -> None:
        """Steps of a variant must not lead back into the flow that they stand in."""
        waiting, seen = [flow], set[str]()
        while waiting:
            current = waiting.pop()
            for _, step in steps.walk(self._steps_of(current, override.flows.get(current)), ()):
                if isinstance(step, content.CallFlow) and step.call in self.flows.flows and step.call not in seen:
                    if step.call == flow:
                        raise self.file.error(
                            (*at, "flows", flow), f"the flow {flow} calls itself; write `again: true` to begin anew."
                        )
                    seen.add(step.call)
                    waiting.append(step.call)


def _check_apart(file: YamlFile, experiments: Mapping[str, Experiment]) -> None:
    """Two experiments that change the same could not be told apart: a caller is in both."""
    taken: dict[tuple[str, ...], str] = {}
    for name, experiment in experiments.items():
        for changed in dict.fromkeys(_changed(experiment)):
            other = taken.setdefault(changed, name)
            if other != name and _meet(experiments[other].design, experiment.design):
                raise file.error(
                    ("experiments", name),
                    f"{name} and {other} both change {changed[-1]}; make them one experiment with more variants, "
                    "or remove the one that is over.",
                )


def _changed(experiment: Experiment) -> Iterator[tuple[str, ...]]:
    for override in experiment.overrides.values():
        yield from (("reply", reply) for said in override.replies.values() for reply in said)
        yield from (("flow", flow) for flow in override.flows)


def _meet(one: Design, other: Design) -> bool:
    """Whether a call may be in both."""
    languages = not one.languages or not other.languages or set(one.languages) & set(other.languages)
    channels = not one.channels or not other.channels or set(one.channels) & set(other.channels)
    return bool(languages and channels)
