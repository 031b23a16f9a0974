"""Thresholds of the listeners with which next to nothing, or next to everything, would be believed."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.asr.verification import Thresholds
from voicebot.dialogue.checking_sources import Finding, Sources

BOUNDS: Mapping[str, tuple[float, float]] = {"accept": (0.3, 0.95), "confirm": (0.02, 0.6)}
"""Scores are probabilities of being right: whoever accepts from below 0.3 takes down what is mostly wrong; whoever asks
for more than 0.95 to accept, or rejects what is as likely right as wrong, has callers say everything twice."""


def check_thresholds(sources: Sources) -> list[Finding]:
    """What is wrong with `verification` in pack.yaml."""
    if sources.about is None:
        return []
    given: dict[str, float] = sources.about.content.verification.model_dump(exclude_none=True)
    findings = [
        sources.about.error(
            "thresholds",
            ("verification", name),
            f"{name} is {value:g}: the listeners would believe next to {'nothing' if value > high else 'everything'}",
            f"choose {low:g} to {high:g}, or leave it out for the usual {getattr(Thresholds(), name):g}",
        )
        for name, value in given.items()
        for low, high in (BOUNDS[name],)
        if not low <= value <= high
    ]
    used = {"accept": Thresholds.accept, "confirm": Thresholds.confirm} | given
    if not findings and used["confirm"] > used["accept"]:
        findings.append(
            sources.about.error(
                "thresholds",
                ("verification",),
                f"confirm ({used['confirm']:g}) is above accept ({used['accept']:g}), so nothing would be confirmed",
                "set confirm below accept",
            )
        )
    return findings
