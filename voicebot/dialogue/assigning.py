"""Which variants a call gets, of the experiments that run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voicebot.analytics.experiments.assignment import variant_of
from voicebot.analytics.experiments.runs import Run
from voicebot.dialogue.pack import Pack


def assign(pack: Pack, running: Iterable[Run], caller: str, *, language: str, channel: str) -> Mapping[str, str]:
    """Variants by experiment, the control's included. `caller`: their pseudonym, or the call's id where there is none.

    An experiment that the pack lacks, or that was edited since its run began, takes no callers: what its variants
    are now is not what is being measured.
    """
    found: dict[str, str] = {}
    for run in running:
        design = run.design
        known = pack.experiments.get(design.name)
        if (
            design.pack == pack.name
            and known is not None
            and known.design.fingerprint == design.fingerprint
            and design.takes(language, channel)
        ):
            found[design.name] = variant_of(run.salt, design.name, caller, design.weights)
    return found
