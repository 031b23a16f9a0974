"""Who calls in simulations: `prompts/<pack>/callers.yaml` names people whose values the pack's back end knows.

    callers:
      - caller: "+821012345678"         # who calls, as the line tells it; left out where withheld
        order_number: ["20261103"]      # slot: the values that may be given; one of them is in each call
        membership_number: ["112233"]

Slots of the type list or date need no entry: callers choose among what the pack has, or among the days ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from voicebot.dialogue.pack import Pack
from voicebot.yaml_file import ContentError, YamlFile

FILE = "callers.yaml"


class _CallersFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    callers: list[dict[str, str | list[str]]] = Field(min_length=1)


@dataclass(frozen=True)
class Person:
    """Somebody who calls."""

    caller: str
    """As the line tells it; empty where withheld."""
    values: Mapping[str, tuple[str, ...]]
    """Slot -> values that are this person's."""


def read_people(pack: Pack) -> tuple[Person, ...]:
    """The people of the pack's callers.yaml; one without values where there is none. Raises ContentError."""
    path = pack.folder / FILE
    if not path.is_file():
        return (Person("", {}),)
    file = YamlFile(path)
    people = []
    for index, entry in enumerate(file.read(_CallersFile).callers):
        values = {slot: tuple([given] if isinstance(given, str) else given) for slot, given in entry.items()}
        caller = values.pop("caller", ("",))[0]
        for slot, given in values.items():
            if slot not in pack.slots:
                raise ContentError(
                    f"{path}, line {file.line(('callers', index, slot))}: there is no slot called {slot}; "
                    "flows.yaml defines slots."
                )
            if not given:
                raise ContentError(f"{path}, line {file.line(('callers', index, slot))}: {slot} has no value; add one.")
        people.append(Person(caller, values))
    return tuple(people)
