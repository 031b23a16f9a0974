"""Checks of experiments.yaml as it is written; what keeps it from being loaded is found by loading."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.analytics.experiments.assessment import planned
from voicebot.dialogue.checking_flows import unreachable
from voicebot.dialogue.checking_sources import Finding, Part, Sources
from voicebot.dialogue.checking_words import particle_fault, wordings
from voicebot.dialogue.experiments import design_of

MOST_CALLERS = 100_000
"""An experiment that needs more will hardly end."""


def check_experiments(sources: Sources) -> Iterator[Finding]:
    """Wordings and steps of variants, and effects too small to be found."""
    part, flows = sources.experiments, sources.flows
    if part is None:
        return
    slots = flows.content.slots if flows else {}
    for name, body in part.content.experiments.items():
        needed = planned(design_of(sources.folder.name, name, body))
        if needed > MOST_CALLERS:
            yield part.warning(
                "long-experiment",
                ("experiments", name, "effect"),
                f"an effect of {body.effect:g} takes up to {needed:,} callers to be found",
                "look for a larger one, or try fewer variants",
            )
        for variant, changed in body.variants.items():
            at = ("experiments", name, "variants", variant)
            for language, replies in changed.replies.items():
                for reply, said in replies.items():
                    place = (*at, "replies", language, reply)
                    yield from wordings(part, place, said, language, slots)
                    for index, one in enumerate(said if language == "ko" else ()):
                        yield from particle_fault(part, (*place, index), one.text)
            for flow, other in changed.flows.items() if flows else ():
                if flows:
                    written = Part(part.file, flows.content)
                    yield from unreachable(written, other.steps, (*at, "flows", flow, "steps"), (flow,))
