"""Checks of a pack's flows: ways in, steps that nothing leads to, values, slots, replies, and the back end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from voicebot.dialogue import conditions, content
from voicebot.dialogue.checking_back_end import check_look_ups
from voicebot.dialogue.checking_sources import Finding, Part, Place, Placed, Sources
from voicebot.dialogue.pack import COMMON_REPLIES, KEYS_WORDING, RESERVED
from voicebot.dialogue.replies import ReplyTemplate

_BLOCKS = ("not_found", "failed", "yes", "no", "otherwise", "then", "else_")


def check_flows(sources: Sources) -> Iterator[Finding]:
    """Everything that flows.yaml can get wrong beyond its schema."""
    flows = sources.flows
    if flows is None:
        return
    steps = [placed for name, flow in flows.content.flows.items() for placed in _walk(flow.steps, ("flows", name))]
    yield from _ways_in(sources, flows, steps)
    yield from _calls(flows, steps)
    for name, flow in flows.content.flows.items():
        yield from unreachable(flows, flow.steps, ("flows", name, "steps"), ())
    yield from _cases(flows, steps)
    yield from _names(flows, steps)
    yield from _slots(sources, flows, steps)
    yield from _replies(sources, flows, steps)
    yield from check_look_ups(sources.folder, flows, steps)


def all_steps(flows: Part[content.FlowsFile]) -> Iterator[content.Step]:
    """Every step of every flow."""
    for name, flow in flows.content.flows.items():
        for _, step in _walk(flow.steps, ("flows", name)):
            yield step


def _walk(steps: Sequence[content.Step], above: Place, key: str = "steps") -> Iterator[Placed]:
    for index, step in enumerate(steps):
        here = (*above, key, index)
        yield here, step
        for block in _BLOCKS:
            yield from _walk(getattr(step, block, []), here, block.rstrip("_"))
        if isinstance(step, content.Branch):
            for case, inner in step.cases.items():
                yield from _walk(inner, (*here, "cases"), case)


def _ways_in(sources: Sources, flows: Part[content.FlowsFile], steps: list[Placed]) -> Iterator[Finding]:
    called = {step.call for _, step in steps if isinstance(step, content.CallFlow)}
    for name, flow in flows.content.flows.items():
        at = ("flows", name)
        missing = [
            language
            for language, words in sources.words.items()
            if words.intents and name not in words.intents.content.intents
        ]
        if flow.internal and name not in called:
            yield flows.warning(
                "no-way-in",
                at,
                f"the flow {name} is internal and no other flow calls it",
                f"write `call: {name}` where it belongs, or remove it, or remove `internal`",
            )
        elif flow.internal and len(missing) < len(sources.words):
            yield flows.warning(
                "no-way-in",
                at,
                f"callers can ask for {name}, but it is internal and never begins then",
                "remove `internal`, or remove the intent of that name",
            )
        elif not flow.internal and name not in called and missing:
            yield flows.error(
                "no-way-in",
                at,
                f"no intent {name} in {', '.join(f'{each}/intents.yaml' for each in missing)} begins this flow",
                "add an intent of that name, or write `internal: true` and call it from another flow",
            )
    if sources.about:
        for index, name in enumerate(sources.about.content.menu):
            body = flows.content.flows.get(name)
            if body is not None and body.internal:
                yield sources.about.error(
                    "no-way-in",
                    ("menu", index),
                    f"the menu offers {name}, which is internal and has no title to announce",
                    "offer the flow that calls it",
                )


def _calls(flows: Part[content.FlowsFile], steps: list[Placed]) -> Iterator[Finding]:
    """Calls of flows that don't exist, and flows that end up calling themselves."""
    called: dict[str, set[str]] = {}
    for location, step in steps:
        if isinstance(step, content.CallFlow):
            if step.call not in flows.content.flows:
                yield flows.error(
                    "unknown-flow",
                    location,
                    f"there is no flow called {step.call}",
                    f"write one of: {', '.join(flows.content.flows)}",
                )
            called.setdefault(str(location[1]), set()).add(step.call)
    for name in called:
        waiting, seen = list(called[name]), set[str]()
        while waiting:
            reached = waiting.pop()
            if reached not in seen:
                seen.add(reached)
                waiting += called.get(reached, ())
        if name in seen:
            yield flows.error(
                "endless-call",
                ("flows", name),
                f"the flow {name} calls itself, at once or through another flow",
                "write `again: true` to begin anew, which counts how often",
            )


def unreachable(
    flows: Part[content.FlowsFile], steps: Sequence[content.Step], at: Place, seen: tuple[str, ...]
) -> Iterator[Finding]:
    """Steps behind one that ends the flow; `seen`: the flows around them, of which the calls are not followed."""
    for index, step in enumerate(steps):
        for block in _BLOCKS:
            yield from unreachable(flows, getattr(step, block, []), (*at, index, block.rstrip("_")), seen)
        if isinstance(step, content.Branch):
            for case, inner in step.cases.items():
                yield from unreachable(flows, inner, (*at, index, "cases", case), seen)
        if _never_goes_on(step, flows.content, seen) and index + 1 < len(steps):
            yield flows.error(
                "unreachable",
                (*at, index + 1),
                "this step is never reached: the step before it ends the flow in every case",
                "move it before that step, into the branch that it belongs to, or remove it",
            )


def _never_goes_on(step: content.Step, flows: content.FlowsFile, seen: tuple[str, ...]) -> bool:
    """Whether what follows the step in its list is never done."""

    def ends(block: Sequence[content.Step]) -> bool:
        return any(_never_goes_on(inner, flows, seen) for inner in block)

    match step:
        case content.HandOverStep() | content.Finish() | content.Again():
            return True
        case content.Confirm():
            return ends(step.yes) and ends(step.no)
        case content.When():
            return ends(step.then) and ends(step.else_)
        case content.Branch():
            return ends(step.otherwise) and all(ends(inner) for inner in step.cases.values())
        case content.CallFlow() if step.call in flows.flows and step.call not in seen:
            return any(_never_goes_on(inner, flows, (*seen, step.call)) for inner in flows.flows[step.call].steps)
        case _:
            return False


def _cases(flows: Part[content.FlowsFile], steps: list[Placed]) -> Iterator[Finding]:
    """Cases of a branch by a slot that the slot never has."""
    for location, step in steps:
        slot = flows.content.slots.get(step.branch) if isinstance(step, content.Branch) else None
        if slot is None or not isinstance(step, content.Branch):
            continue
        if slot.type not in ("list", "yes_no"):
            continue
        known = ["True", "False"] if slot.type == "yes_no" else list(slot.values)
        known += [
            str(other.set[step.branch])
            for _, other in steps
            if isinstance(other, content.SetSlots) and step.branch in other.set
        ]
        for case in step.cases:
            if case not in known:
                yield flows.error(
                    "unreachable",
                    (*location, "cases", case),
                    f"the slot {step.branch} is never {case}",
                    f"write one of: {', '.join(known)}",
                )


def _names(flows: Part[content.FlowsFile], steps: list[Placed]) -> Iterator[Finding]:
    """Values in conditions, branches and arguments that nothing sets."""
    results = {step.into for _, step in steps if isinstance(step, content.LookUp)}
    known = {*flows.content.slots, *results, *RESERVED}
    for location, step in steps:
        used: list[tuple[Place, str]] = []
        match step:
            case content.When():
                used = [((*location, "when"), name) for name in sorted(conditions.names(step.when))]
            case content.Branch():
                used = [((*location, "branch"), step.branch.split(".")[0])]
            case content.LookUp():
                used = [((*location, "with", key), path.split(".")[0]) for key, path in step.with_.items()]
        for place, name in used:
            if name not in known:
                yield flows.error(
                    "unset-value",
                    place,
                    f"nothing sets {name}: it is no slot, and no look_up puts its answer `into` it",
                    f"write one of: {', '.join(sorted(known))}",
                )


def _slots(sources: Sources, flows: Part[content.FlowsFile], steps: list[Placed]) -> Iterator[Finding]:
    defined = flows.content.slots
    filled: dict[str, Place] = {}
    for location, step in steps:
        match step:
            case content.Collect():
                names = [step.collect]
            case content.SetSlots():
                names = list(step.set)
            case content.Forget():
                names = step.forget
            case _:
                continue
        for name in names:
            if name not in defined:
                yield flows.error(
                    "unknown-slot", location, f"there is no slot called {name}", "define it under `slots`"
                )
            elif not isinstance(step, content.Forget):
                filled.setdefault(name, location)
    used = _used_values(sources, steps)
    for name, slot in defined.items():
        at = ("slots", name)
        if name not in filled and name not in used:
            yield flows.warning("unused-slot", at, f"no step uses the slot {name}", "collect it, or remove it")
        elif name not in filled:
            said = slot.type == "digits" and slot.risk == "low" and not slot.secret
            level = flows.warning if said else flows.error
            yield level(
                "unfilled-slot", at, f"the slot {name} is used but no step fills it", f"write `collect: {name}` before"
            )
        elif name not in used:
            yield flows.warning(
                "unused-slot",
                filled[name],
                f"the slot {name} is filled here, but nothing uses it",
                "use it in a look_up, a branch, a condition or a reply, or don't ask for it",
            )


def _used_values(sources: Sources, steps: list[Placed]) -> set[str]:
    """First parts of all paths that are read somewhere."""
    used: set[str] = set()
    for _, step in steps:
        match step:
            case content.When():
                used |= conditions.names(step.when)
            case content.Branch():
                used.add(step.branch.split(".")[0])
            case content.LookUp():
                used |= {path.split(".")[0] for path in step.with_.values()}
    return used | {path.split(".")[0] for path in _reply_paths(sources)}


def _reply_paths(sources: Sources) -> Iterator[str]:
    for words in sources.words.values():
        replies = words.replies.content.replies.values() if words.replies else ()
        answers = (entry.answer for entry in words.faq.content.faq.values()) if words.faq else ()
        for variants in chain(replies, answers):
            for variant in variants:
                try:
                    yield from ReplyTemplate(variant.text).paths
                except ValueError:
                    continue  # reported where replies are checked


def _replies(sources: Sources, flows: Part[content.FlowsFile], steps: list[Placed]) -> Iterator[Finding]:
    used = {reply for _, step in steps for reply in content.replies_of(step)}
    for language, words in sources.words.items():
        if words.replies is None:
            continue
        shared = sources.common[language].replies
        own = set(words.replies.content.replies)
        common = set(shared.content.replies) if shared else set()
        for location, step in steps:
            for reply in content.replies_of(step):
                if reply not in own | common:
                    yield flows.error(
                        "missing-reply",
                        location,
                        f"the reply {reply} is missing in {language}/replies.yaml",
                        f"add {reply} there, or correct its name here",
                    )
        known = used | common | {*COMMON_REPLIES, "greeting"}
        for reply in sorted(own - known - {name + KEYS_WORDING for name in known}):
            yield words.replies.warning(
                "unused-reply", ("replies", reply), f"no step says the reply {reply}", "use it, or remove it"
            )
