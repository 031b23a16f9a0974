"""What an experiment is, as far as its figures are concerned: kept with each run as it was when that began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Metric = Literal["containment", "csat", "duration"]
METRICS: tuple[Metric, ...] = get_args(Metric)

CONTROL = "control"
"""The variant that is the content as it stands."""

HIGHER_IS_BETTER: Mapping[Metric, bool] = {"containment": True, "csat": True, "duration": False}


@dataclass(frozen=True)
class Design:
    """One experiment of a pack."""

    pack: str
    name: str
    hypothesis: Mapping[str, str]
    """By language."""
    metric: Metric
    """What decides."""
    effect: float
    """The smallest difference that is worth finding: a share for containment, points for CSAT, seconds for duration."""
    weights: Mapping[str, int]
    """By variant, the control among them: how many callers get it, relative to the others."""
    languages: tuple[str, ...] = ()
    """Only calls that begin in these; none: in any."""
    channels: tuple[str, ...] = ()
    """Only calls over these; none: over any."""
    fingerprint: str = ""
    """Hash of all that the content says of it: what a variant changes is another one once this is."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """The variants but the control."""
        return tuple(variant for variant in self.weights if variant != CONTROL)

    def takes(self, language: str, channel: str) -> bool:
        """Whether a call that begins so takes part."""
        return (not self.languages or language in self.languages) and (not self.channels or channel in self.channels)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Design:
        """The design that `to_json` made `data` of."""
        weights = {CONTROL: data["weights"][CONTROL], **data["weights"]}
        languages, channels = tuple(data["languages"]), tuple(data["channels"])
        return cls(**{**data, "weights": weights, "languages": languages, "channels": channels})
