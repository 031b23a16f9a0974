"""The steps of flows as they are written: walking through them, and what each needs to be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from voicebot.dialogue import content
from voicebot.yaml_file import YamlFile

if TYPE_CHECKING:
    from voicebot.dialogue.pack import Pack

Place = tuple[str | int, ...]
"""Keys and indices from the top of a file."""

_BLOCKS = ("not_found", "failed", "yes", "no", "otherwise", "then", "else_")


def walk(steps: Sequence[content.Step], location: Place) -> Iterator[tuple[Place, content.Step]]:
    """Every step, those inside others included, with its place."""
    for index, step in enumerate(steps):
        here = (*location, index)
        yield here, step
        for key in _BLOCKS:
            yield from walk(getattr(step, key, []), (*here, key.rstrip("_")))
        if isinstance(step, content.Branch):
            for case, inner in step.cases.items():
                yield from walk(inner, (*here, "cases", case))


def values_in(steps: Sequence[content.Step]) -> set[str]:
    """What the steps' look-ups put in place."""
    return {step.into for _, step in walk(steps, ()) if isinstance(step, content.LookUp)}


def check_steps(
    pack: Pack, file: YamlFile, location: Place, steps: Sequence[content.Step], known: Collection[str]
) -> None:
    """Raises ContentError for the first thing that a step needs and the pack lacks. `known`: values beside slots."""
    names = {*known, *pack.slots, *values_in(steps)}
    for here, step in walk(steps, location):
        _check_step(pack, file, here, step)
    for here, step in walk(steps, location):
        for reply in content.replies_of(step):
            check_placeholders(pack, file, here, reply, names)


def _check_step(pack: Pack, file: YamlFile, location: Place, step: content.Step) -> None:
    slots: list[str] = []
    match step:
        case content.Forget():
            slots = step.forget
        case content.Collect():
            slots = [step.collect]
        case content.SetSlots():
            slots = list(step.set)
        case content.CallFlow() if step.call not in pack.flows:
            raise file.error(location, f"there is no flow called {step.call}; there are: {', '.join(pack.flows)}.")
    for slot in slots:
        if slot not in pack.slots:
            raise file.error(location, f"there is no slot called {slot}; define it under `slots`.")
    for reply in content.replies_of(step):
        for language in pack.languages.values():
            if reply not in language.replies:
                raise file.error(location, f"the reply {reply} is missing in {language.language}/replies.yaml; add it.")


def check_placeholders(pack: Pack, file: YamlFile, location: Place, reply: str, names: Collection[str]) -> None:
    """Raises ContentError where a reply uses a value that is not among `names`."""
    for language in pack.languages.values():
        for template in language.replies[reply]:
            for path in template.paths:
                if path.split(".")[0] not in names:
                    raise file.error(
                        location,
                        f"the reply {reply} in {language.language} uses {{{path}}}, which is neither a slot "
                        "nor what an earlier look_up put `into`.",
                    )
