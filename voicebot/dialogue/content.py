"""What a pack is made of: the schema of its files. `loader` reads them, `program` makes flows executable.

A pack stands in `prompts/<pack>/`: `pack.yaml` and `flows.yaml` hold what does not depend on the language, one folder
per language (`ko`, `en`) holds `intents.yaml`, `replies.yaml` and `faq.yaml`. `prompts/common/<language>/` holds the
commands that are always on and the phrases that every pack shares.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from voicebot.dialogue import conditions
from voicebot.hours import Hours

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=80)]
"""Names in content: lower-case letters, digits, underscores."""
Language = Annotated[str, Field(pattern="^(ko|en)$")]
"""ISO 639-1."""
Text = Annotated[str, Field(min_length=1, max_length=600)]


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


SpeechLevel = Literal["haeyo", "hapsyo"]
"""해요체 or 합쇼체."""
Tone = Literal["warm", "plain"]


class Variant(_File):
    """One way to say something, with what it is for. A text alone is a variant for every pack."""

    text: Text
    weight: Annotated[int, Field(ge=1, le=9)] = 1
    """How often it comes, relative to the others."""
    tone: Tone | None = None
    """Only for packs of this warmth; None for all."""
    level: SpeechLevel | None = None
    """Only for packs of this speech level; None for all."""


def _variants(value: Any) -> Any:
    return [{"text": one} if isinstance(one, str) else one for one in _one_or_many(value)]


Variants = Annotated[list[Variant], BeforeValidator(_variants), Field(min_length=1, max_length=20)]
"""One phrase, or several that take turns."""


class Slot(_File):
    """A value that a flow needs."""

    type: Literal["digits", "yes_no", "date", "amount", "number", "phone", "list"]
    lengths: list[Annotated[int, Field(ge=1, le=32)]] = []
    """For digits: how many there may be."""
    values: dict[str, dict[Language, list[str]]] = {}
    """For a list: each value and its names by language, the first being how the bot says it."""
    secret: bool = False
    """Given by keys only; never spoken back, logged or stored."""
    risk: Literal["low", "high"] = "low"
    """High: what was heard is always confirmed by a yes before it is used."""

    @model_validator(mode="after")
    def _complete(self) -> Slot:
        if self.type == "digits" and not self.lengths:
            raise ValueError("a slot of type digits needs `lengths`, for example [8]")
        if self.type == "list" and not self.values:
            raise ValueError("a slot of type list needs `values`")
        return self


class Collect(_File):
    """Ask for a slot, unless it is filled."""

    collect: Name
    ask: Name | None = None
    """The reply that asks; by default `ask_SLOT`."""


class LookUp(_File):
    """Ask the back end, and keep the answer."""

    look_up: Name
    with_: dict[Name, str] = Field(default={}, alias="with")
    """Arguments: each a slot or a value's path, such as `order_number` or `order.id`."""
    into: Name
    not_found: list[Step] = []
    failed: list[Step] = []
    """What to do where the back end fails; by default an apology and a person."""


class Branch(_File):
    """Go on by a value."""

    branch: str
    """The path of the value, such as `order.status`."""
    cases: dict[str, list[Step]] = Field(min_length=1)
    otherwise: list[Step] = []


class When(_File):
    """Go on by a condition, such as `order.price > 50000 and not order.paid`."""

    when: str
    then: list[Step] = []
    else_: list[Step] = Field(default=[], alias="else")

    @model_validator(mode="after")
    def _readable(self) -> When:
        conditions.check(self.when)
        return self


class SetSlots(_File):
    """Fill slots without asking."""

    set: dict[Name, str | int | bool] = Field(min_length=1)


class CallFlow(_File):
    """Do another flow first, then go on."""

    call: Name


class Reply(_File):
    """Say something."""

    reply: Name


class Confirm(_File):
    """Ask for a yes or no."""

    confirm: Name
    """The reply that asks."""
    yes: list[Step] = []
    no: list[Step] = []


class Forget(_File):
    """Empty slots, so that they are asked for anew."""

    forget: Annotated[list[Name], BeforeValidator(_one_or_many)]


class Again(_File):
    """Begin the flow from its first step, at most twice; then a person is offered."""

    again: Literal[True]


class HandOverStep(_File):
    """Give the call to a person."""

    hand_over: Name
    """The queue."""


class Finish(_File):
    """End the call with the pack's goodbye."""

    finish: Literal[True]


_STEPS: dict[str, Any] = {
    "collect": Collect,
    "look_up": LookUp,
    "branch": Branch,
    "when": When,
    "set": SetSlots,
    "call": CallFlow,
    "reply": Reply,
    "confirm": Confirm,
    "forget": Forget,
    "again": Again,
    "hand_over": HandOverStep,
    "finish": Finish,
}


def _which_step(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((name for name in _STEPS if name in keys), None)


Step = Annotated[
    Annotated[Collect, Tag("collect")]
    | Annotated[LookUp, Tag("look_up")]
    | Annotated[Branch, Tag("branch")]
    | Annotated[When, Tag("when")]
    | Annotated[SetSlots, Tag("set")]
    | Annotated[CallFlow, Tag("call")]
    | Annotated[Reply, Tag("reply")]
    | Annotated[Confirm, Tag("confirm")]
    | Annotated[Forget, Tag("forget")]
    | Annotated[Again, Tag("again")]
    | Annotated[HandOverStep, Tag("hand_over")]
    | Annotated[Finish, Tag("finish")],
    Discriminator(
        _which_step,
        custom_error_type="no_step",
        custom_error_message=f"this is no step; a step begins with one of: {', '.join(_STEPS)}",
    ),
]


class Flow(_File):
    """What to do for one intent, or for the flows that call it."""

    internal: bool = False
    """Only called by other flows: no intent begins it."""
    steps: list[Step] = Field(min_length=1)


class Brand(_File):
    """How a pack speaks."""

    speech_level: SpeechLevel = "haeyo"
    warmth: Tone = "warm"
    length: Literal["normal", "short"] = "normal"
    """Short: of several variants the shortest ones."""
    address: dict[Language, Annotated[str, Field(max_length=40)]] = {"ko": "고객님", "en": ""}
    """How callers are addressed: `{address}` in replies."""


class Verification(_File):
    """From which scores, 0 to 1, what the listeners heard is accepted, and from which it is put to the caller."""

    accept: Annotated[float, Field(ge=0, le=1)] | None = None
    confirm: Annotated[float, Field(ge=0, le=1)] | None = None


class PackFile(_File):
    """`pack.yaml`."""

    name: dict[Language, Text]
    languages: list[Language] = Field(min_length=1)
    backend: Name
    queue: Name = "support"
    """Where callers go who ask for a person."""
    brand: Brand = Brand()
    knowledge: bool = False
    """Whether questions that no intent covers are looked up in the knowledge base."""
    verification: Verification = Verification()
    """Thresholds of the listeners, where they are to differ from the usual ones."""
    menu: list[Name] = Field(default=[], max_length=9)
    """Flows offered by keys 1, 2, ... when speaking does not work; 0 is always a person."""
    hours: Hours | None = None
    """When people answer; left out: always."""


class FlowsFile(_File):
    """`flows.yaml`."""

    slots: dict[Name, Slot] = {}
    flows: dict[Name, Flow]


class Intent(_File):
    """Something callers want, and how they say it."""

    title: Text
    """What the bot calls it when it asks "... 말씀이신가요?"."""
    templates: list[Text] = Field(min_length=1, max_length=400)


class IntentsFile(_File):
    """`intents.yaml`: intents by name; those of flows and of commands. `rules` and `lists` serve its templates."""

    rules: dict[str, Text] = {}
    lists: dict[str, list[Text]] = {}
    intents: dict[Name, Intent]
    slot_titles: dict[Name, Text] = {}
    """What a slot is called, for the person who takes over and when a value is changed."""
    answers: dict[Name, list[Text]] = {}
    """How callers give the value of a slot, by slot: templates with the slot in braces."""


class RepliesFile(_File):
    """`replies.yaml`: what the bot says, by name."""

    replies: dict[Name, Variants]


class FaqEntry(_File):
    """A question and its answer."""

    title: Text
    templates: list[Text] = Field(min_length=1, max_length=100)
    answer: Variants


class FaqFile(_File):
    """`faq.yaml`."""

    faq: dict[Name, FaqEntry] = {}


class RatingsFile(_File):
    """`ratings.yaml`: how callers answer who are asked how well they were helped, by the points that they give."""

    ratings: dict[Literal["1", "2", "3", "4", "5"], list[Text]] = {}


class OtherSteps(_File):
    """What a flow does instead: steps of its own, or what another flow does."""

    steps: list[Step] = []
    like: Name | None = None
    """A flow whose steps are done in place of its own."""

    @model_validator(mode="after")
    def _one_of_them(self) -> OtherSteps:
        if bool(self.steps) == bool(self.like):
            raise ValueError("write either `steps`, or `like` and the flow whose steps are to be done")
        return self


class ExperimentVariant(_File):
    """What is different for the callers who get it."""

    weight: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many callers get it, relative to the others."""
    replies: dict[Language, dict[Name, Variants]] = {}
    """What is said instead, by reply, or by FAQ entry."""
    flows: dict[Name, OtherSteps] = {}


class Targeting(_File):
    """Which calls take part, by how they begin; what is left out means any."""

    languages: list[Language] = []
    channels: list[Literal["twilio", "browser", "mic", "keypad", "text"]] = []


class ExperimentBody(_File):
    """Variants of what the bot says or does, and how it is told which is best."""

    hypothesis: dict[Language, Text]
    """What is expected, in a sentence, for those who decide."""
    metric: Literal["containment", "csat", "duration"]
    """What decides: calls solved without a person, the callers' ratings, or how long calls last."""
    effect: Annotated[float, Field(gt=0, le=600)]
    """The smallest difference that is worth finding: of containment as a share (0.05 is 5 percentage points), of
    ratings in points, of duration in seconds."""
    targeting: Targeting = Targeting()
    variants: dict[Name, ExperimentVariant] = Field(min_length=2, max_length=5)
    """One of them is called `control` and changes nothing."""

    @model_validator(mode="after")
    def _sensible(self) -> ExperimentBody:
        if "control" not in self.variants:
            raise ValueError("one of the variants must be called `control` and change nothing")
        for name, variant in self.variants.items():
            if (name == "control") == bool(variant.replies or variant.flows):
                raise ValueError(
                    "the variant `control` changes nothing: remove its `replies` and `flows`"
                    if name == "control"
                    else f"the variant {name} changes nothing; give it `replies` or `flows`"
                )
        if self.metric == "containment" and self.effect >= 1:
            raise ValueError("an `effect` on containment is a share: 0.05 is 5 percentage points")
        return self


class ExperimentsFile(_File):
    """`experiments.yaml`."""

    experiments: dict[Name, ExperimentBody] = Field(default={}, max_length=50)


for _model in (LookUp, Branch, When, Confirm, Flow, FlowsFile, OtherSteps, ExperimentVariant, ExperimentsFile):
    _model.model_rebuild()


def replies_of(step: Step) -> list[str]:
    """The replies that a step says."""
    match step:
        case Reply():
            return [step.reply]
        case Confirm():
            return [step.confirm]
        case Collect():
            return [step.ask or f"ask_{step.collect}"]
        case _:
            return []
