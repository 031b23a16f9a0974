"""Operations on labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from voicebot.console.access.guard import Reader, reader
from voicebot.console.api.operations import Api, ApiError, Asked, Listed
from voicebot.console.api.sent import Cursor, Name
from voicebot.console.operators.scene import Scene
from voicebot.learning.labelling.checking import asked_by, check, intents_of
from voicebot.store.history.database import Database
from voicebot.store.labels import Judgement, Label, LabelError, Labels, Turn
from voicebot.store.labels.agreement import Agreement
from voicebot.store.labels.candidates import candidate, context
from voicebot.store.labels.label import LONGEST_TRANSCRIPT, Sample, State, Why
from voicebot.store.labels.labels import LONGEST_SLOT, MOST_SLOTS

Ruling = Callable[[str, bool], list[Label]]
"""Of whom, who may approve or not: changes labels."""
Number = Annotated[int, Field(ge=0, le=2**53)]


class Labelled(BaseModel):
    """One person's label of one turn."""

    id: int
    pack: str
    language: str
    call: str
    part: int
    number: int
    """Of the turn within the part."""
    heard: str
    transcript: str
    intelligible: bool
    intent: str | None
    """Null: out of scope, or not intelligible."""
    slots: Mapping[str, str]
    understood: str
    """The intent that the bot took it for; empty: none."""
    version: str
    sample: Sample
    """`random` where chance chose the turn: only these tell how often the bot is right."""
    by: str
    at: datetime
    state: State
    decided_by: str


class LabelQuery(Asked):
    """Which labels."""

    pack: Name = ""
    """By default the one in service."""
    state: Literal["proposed", "approved", "refused"] | None = None
    by: Name = ""
    after: Cursor = ""
    limit: int = Field(50, ge=1, le=1000)


class PackQuery(Asked):
    """Of which pack."""

    pack: Name = ""
    """By default the one in service."""


class NewLabel(Asked):
    """What you say that a turn meant, in place of what you said before."""

    call: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    part: Number
    number: int = Field(ge=0, le=100_000)
    transcript: str = Field("", max_length=LONGEST_TRANSCRIPT, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]*$")
    intent: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    """Null: out of scope, or not intelligible."""
    intelligible: bool = True
    slots: dict[
        Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")],
        Annotated[str, Field(max_length=LONGEST_SLOT, pattern=r"^[^\x00-\x1f\x7f]*$")],
    ] = Field(default_factory=dict, max_length=MOST_SLOTS)


class Decision(Asked):
    """Of labels that contradict each other, which is right."""

    labels: list[Number] = Field(min_length=1, max_length=1000)
    """All of them."""
    right: Number | None = None
    """Null: none."""


class Agreed(Asked):
    """Labels of others that you find right."""

    labels: list[Number] = Field(min_length=1, max_length=1000)


class Several(BaseModel):
    """In the order of their numbers."""

    items: list[Labelled]


class Contradiction(BaseModel):
    """Labels that can't all be right."""

    kind: Literal["turn", "sentence"]
    labels: list[Labelled]


class Contradictions(BaseModel):
    """The oldest first."""

    items: list[Contradiction]


class ForTraining(BaseModel):
    """What would be learnt from now."""

    items: list[Labelled]
    left_out: Mapping[Why, int]
    """How many approved or contradictory labels are left out, and why."""


def add_labels(api: Api, scene: Scene, database: Database) -> None:
    """Under /labels."""
    labels, put = Labels(database, scene.now), api.access.put

    def who() -> Reader:
        found = reader()
        assert found is not None
        return found

    def pack_of(asked: str) -> str:
        dialogue = scene.dialogue()
        if not asked and dialogue is None:
            raise ApiError(503, "the content is being loaded; try again in a few seconds, or name the pack.")
        return asked or (dialogue.pack.name if dialogue else "")

    @api.operation("get", "/labels", "label")
    def list_labels(query: LabelQuery) -> Listed[Labelled]:
        """Labels with words, the oldest first; that they were seen is put down"""
        put("view labels")
        after = int(query.after) if query.after.isdecimal() else 0
        found = labels.find(
            pack_of(query.pack), state=query.state, by=query.by, after=min(after, 2**53), limit=query.limit + 1
        )
        items = [_labelled(label) for label in found[: query.limit]]
        return Listed[Labelled](items=items, after=str(items[-1].id) if len(found) > query.limit else "")

    @api.operation("post", "/labels", "label", status=201)
    def add_label(body: NewLabel) -> Labelled:
        """Label a turn"""
        dialogue, turn = scene.dialogue(), Turn(body.call, body.part, body.number)
        if dialogue is None:
            raise ApiError(503, "the content is being loaded; try again in a few seconds.")
        one = candidate(database, turn)
        if one is None or one.pack != dialogue.pack.name:
            raise ApiError(409, "the pack in service has no such turn with words; see the turns of /api/v1/calls.")
        judgement = Judgement(body.transcript, body.intent, body.slots, body.intelligible)
        try:
            check(dialogue, judgement, one.language, one.began.astimezone(scene.zone).date().isoformat())
            asked = asked_by(dialogue.pack, context(database, turn).asked)
            label = labels.add(turn, judgement, by=who().user.name, entitled=who().may("approve"), asked=asked)
        except LabelError as error:
            raise ApiError(409, str(error)) from None
        put("label turn", call_id=turn.call, details={"label": label.id, "meaning": label.meaning})
        return _labelled(label)

    @api.operation("delete", "/labels/{label_id}", "label", status=204)
    def withdraw_label(label_id: int) -> None:
        """Take back a label of yours; who may approve, any"""
        try:
            gone = labels.withdraw(min(label_id, 2**53), who().user.name, any_of=who().may("approve"))
        except LabelError as error:
            raise ApiError(404 if error.kind == "no_label" else 409, str(error)) from None
        put("withdraw label", call_id=gone.call, details={"label": gone.id})

    @api.operation("post", "/labels/agree", "label")
    def agree_with_labels(body: Agreed) -> Several:
        """Approve labels of others"""
        return decided(lambda by, entitled: labels.agree(body.labels, by, entitled=entitled))

    @api.operation("post", "/labels/decide", "label")
    def decide_between_labels(body: Decision) -> Several:
        """Decide between labels that contradict each other"""
        return decided(lambda by, entitled: labels.decide(body.labels, body.right, by, entitled=entitled))

    @api.operation("get", "/labels/conflicts", "label")
    def list_label_conflicts(query: PackQuery) -> Contradictions:
        """Labels that contradict each other: none of them is learnt from"""
        put("view labels")
        found = labels.conflicts(pack_of(query.pack))
        return Contradictions(
            items=[Contradiction(kind=one.kind, labels=[_labelled(label) for label in one.labels]) for one in found]
        )

    @api.operation("get", "/labels/agreement", "label")
    def get_label_agreement(query: PackQuery) -> Agreement:
        """How far labellers agree: Krippendorff's alpha, Cohen's kappa of each pair"""
        return labels.agreement(pack_of(query.pack))

    @api.operation("get", "/labels/training", "label")
    def list_labels_for_training() -> ForTraining:
        """What would be learnt from now, one label a turn, and what is left out"""
        dialogue = scene.dialogue()
        if dialogue is None:
            raise ApiError(503, "the content is being loaded; try again in a few seconds.")
        put("view labels")
        found = labels.approved(dialogue.pack.name, intents=intents_of(dialogue.pack))
        return ForTraining(items=[_labelled(label) for label in found], left_out=found.reasons())

    def decided(rule: Ruling) -> Several:
        try:
            changed = rule(who().user.name, who().may("approve"))
        except LabelError as error:
            raise ApiError(409, str(error)) from None
        for label in changed:
            put("decide label", call_id=label.call, details={"label": label.id, "state": label.state})
        return Several(items=[_labelled(label) for label in changed])


def _labelled(label: Label) -> Labelled:
    return Labelled(
        id=label.id,
        pack=label.pack,
        language=label.language,
        call=label.call,
        part=label.turn_part,
        number=label.turn_number,
        heard=label.heard,
        transcript=label.transcript,
        intelligible=label.intelligible,
        intent=label.intent,
        slots=label.slots,
        understood=label.understood,
        version=label.version,
        sample=label.sample,
        by=label.by,
        at=label.at,
        state=label.state,
        decided_by=label.decided_by,
    )
