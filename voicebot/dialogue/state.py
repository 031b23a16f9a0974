"""Where a dialogue stands: plain data that survives JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

QuestionKind = Literal[
    "open",
    "anything_else",
    "slot",
    "yes_no",
    "confirm_intent",
    "confirm_value",
    "choice",
    "more",
    "consent",
    "rating",
    "remark",
]

YES_NO_KINDS = frozenset({"yes_no", "confirm_intent", "confirm_value", "more", "consent"})
"""Questions whose answer is a yes or a no."""
OPEN_KINDS = frozenset({"open", "anything_else"})
"""Questions to which anything may be said."""
RATING_KINDS = frozenset({"rating", "remark"})
"""Questions at the end of a call: how well the caller was helped, and what was not well."""


@dataclass
class Frame:
    """A flow under way."""

    flow: str
    at: int = 0
    """The next instruction of its program."""
    restarts: int = 0


@dataclass
class Question:
    """What the caller was asked, and how to go on with the answer."""

    kind: QuestionKind
    reply: str
    """The reply that asked, to ask again."""
    slot: str = ""
    value: Any = None
    """For `confirm_value`, the value in doubt; for `remark`, the points that were given."""
    intent: str = ""
    """For `confirm_intent`, the intent in doubt."""
    slots: dict[str, Any] = field(default_factory=dict)
    """For `confirm_intent`, the values that were said with it."""
    yes: int = 0
    no: int = 0
    """For `yes_no`, the instructions that follow."""
    options: list[str] = field(default_factory=list)
    """For `choice`, the intents to choose from; for `confirm_intent`, the next best should it be denied."""
    page: int = 0
    """Which of its choices were read last, where there are more than keys."""
    interrupted: Question | None = None
    """For `confirm_intent`, the question that the words in doubt came in answer to: a no leads back to it."""

    def __post_init__(self) -> None:
        if isinstance(self.interrupted, Mapping):
            self.interrupted = Question(**self.interrupted)


@dataclass
class State:
    """Everything that a dialogue knows. `Dialogue.turn` never changes the one that it is given."""

    pack: str
    version: str
    """Of the pack."""
    language: str
    variants: dict[str, str] = field(default_factory=dict)
    """What the caller gets of experiments, by experiment; decided when the call begins."""
    today: str = ""
    """ISO date."""
    caller: str = ""
    turn: int = 0
    """The bot's turns so far."""
    stack: list[Frame] = field(default_factory=list)
    """Flows under way, the present one last."""
    slots: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    """What back ends answered, by the `into` of their step."""
    question: Question | None = None
    misses: int = 0
    """Turns in a row that were not understood."""
    denied: list[str] = field(default_factory=list)
    """Intents that were guessed and denied since the caller was understood last: they are not guessed again."""
    silences: int = 0
    """Turns in a row without an answer."""
    said: list[str] = field(default_factory=list)
    """The bot's last turn, to repeat it."""
    heard: float = 1.0
    """How much of it the caller heard."""
    uses: dict[str, int] = field(default_factory=dict)
    """How often each reply was used: its variants take turns."""
    turn_uses: list[str] = field(default_factory=list)
    """The replies of the bot's last turn: what was not heard counts as not used."""
    same: int = 0
    """How often in a row the bot said the very same."""
    queue: list[str] = field(default_factory=list)
    """What else the caller asked for in the same breath."""
    solved: list[str] = field(default_factory=list)
    """Intents that were carried through."""
    corrections: int = 0
    """Values that the caller had to correct since the last one that was right."""
    request: int = 0
    """Number of the last request to a back end; its answer must carry it."""
    waiting: Literal["", "flow", "knowledge"] = ""
    """Who waits for that answer; empty where nobody does."""
    more: list[str] = field(default_factory=list)
    """The rest of an answer from the knowledge base, in pieces."""
    menu: list[str] = field(default_factory=list)
    """Flows by key, 1 first."""
    profile: dict[str, Any] = field(default_factory=dict)
    """What is known of the caller from earlier calls."""
    feeling: dict[str, Any] = field(default_factory=dict)
    """Valence, arousal and trend; empty before the first words."""
    offered_person: bool = False
    """Whether a person was offered because the caller was upset."""
    forgotten: bool = False
    """Whether the caller asked to be forgotten: nothing of this call is kept either."""
    brief: bool = False
    """Whether the caller prefers short answers."""
    rate: float = 1.0
    """Relative speed of speech."""
    keys_only: bool = False
    """Whether the caller answers by keys: every question comes with its keys then."""
    recording: Literal["", "asked", "yes", "no"] = ""
    """What the caller said to being recorded; empty where that is not asked."""
    rating: Literal["", "due", "asked"] = ""
    """Whether the caller is to be asked at the end how well they were helped, or was."""
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        """The state that `to_json` made `data` of. Raises ValueError where it is no such thing."""
        try:
            values = dict(data)
            values["stack"] = [Frame(**frame) for frame in data["stack"]]
            values["question"] = Question(**data["question"]) if data["question"] else None
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a dialogue state: {error}") from None
