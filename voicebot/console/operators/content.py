"""What the bot understands and says, to be read and tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask import Blueprint, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from voicebot.console.access.guard import needs
from voicebot.console.interface_language import text
from voicebot.console.operators.scene import Scene
from voicebot.console.operators.trial import LONGEST_LINE, MOST_LINES, attempt, is_answered
from voicebot.dialogue import program
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack

_WORDINGS = 200


@dataclass(frozen=True)
class Subject:
    """One thing that callers may want."""

    name: str
    title: str
    kind: Literal["flow", "faq", "command"]
    wordings: int


def add_content(blueprint: Blueprint, scene: Scene) -> None:
    """The pages /console/content and /console/content/SUBJECT."""

    def dialogue() -> Dialogue:
        found = scene.dialogue()
        if found is None:
            abort(503)
        return found

    def language_of(pack: Pack) -> str:
        wanted = request.values.get("of", g.interface_language)
        return wanted if wanted in pack.languages else next(iter(pack.languages))

    def page(lines: str = "") -> str:
        current = dialogue()
        pack = current.pack
        language = language_of(pack)
        said = [line.strip() for line in lines.splitlines()]
        today = scene.now().astimezone(scene.zone).date()
        return render_template(
            "operators/content.html",
            pack=pack,
            of=language,
            subjects=subjects(pack, language),
            lines=lines,
            turns=attempt(current, language, said, today) if said else [],
            answered=is_answered(current),
            most_lines=MOST_LINES,
            longest=LONGEST_LINE * MOST_LINES,
            title=lambda name: scene.title(name, g.interface_language),
        )

    @blueprint.get("/content")
    @needs("content")
    def content() -> str:
        return page()

    @blueprint.post("/content")
    @needs("content")
    def what_if() -> ResponseReturnValue:
        return page(request.form.get("lines", "")[: LONGEST_LINE * MOST_LINES])

    @blueprint.get("/content/<subject>")
    @needs("content")
    def subject_page(subject: str) -> str:
        pack = dialogue().pack
        language = language_of(pack)
        words = pack.languages[language]
        found = next((one for one in subjects(pack, language) if one.name == subject), None)
        if found is None:
            abort(404)
        wordings = list(dict.fromkeys(expansion.text for expansion in words.sentences.get(subject, ())))
        flow = pack.flows.get(subject, ())
        names = [one.reply for one in flow if isinstance(one, program.Ask | program.Speak | program.AskYesNo)]
        replies = dict.fromkeys([*names, *([subject] if subject in words.replies else [])])
        return render_template(
            "operators/subject.html",
            pack=pack,
            of=language,
            subject=found,
            wordings=wordings[:_WORDINGS],
            more=max(len(wordings) - _WORDINGS, 0),
            steps=flow_steps(pack, subject, language, g.interface_language),
            replies=[(name, [variant.text for variant in words.replies.get(name, ())]) for name in replies],
        )


def subjects(pack: Pack, language: str) -> list[Subject]:
    """What callers may want, tasks first, then questions, then what is always there."""
    words = pack.languages[language]
    found = []
    for name, title in words.titles.items():
        kind: Literal["flow", "faq", "command"] = (
            "flow" if name in pack.flows else "faq" if name in pack.faq else "command"
        )
        found.append(Subject(name, title, kind, len(words.sentences.get(name, ()))))
    order = ("flow", "faq", "command")
    return sorted(found, key=lambda subject: (order.index(subject.kind), subject.title))


def flow_steps(pack: Pack, flow: str, of: str, reader: str) -> list[str]:
    """The steps of a flow in the reader's words, numbered from 1 as jumps name them."""
    titles = pack.languages[of].slot_titles

    def told(step: program.Instruction) -> str:
        def say(kind: str, **values: object) -> str:
            return text(reader, f"content.step_{kind}", **values)

        match step:
            case program.Ask():
                return say("ask", what=titles.get(step.slot, step.slot))
            case program.Query():
                return say("query", what=step.operation, other=step.not_found + 1)
            case program.Switch():
                cases = ", ".join(f"{value} → {to + 1}" for value, to in step.cases)
                return say("switch", what=step.path, cases=cases, other=step.otherwise + 1)
            case program.Test():
                return say("test", what=step.condition, other=step.otherwise + 1)
            case program.AskYesNo():
                return say("yes_no", what=step.reply, yes=step.yes + 1, no=step.no + 1)
            case program.Speak():
                return say("speak", what=step.reply)
            case program.Do():
                return say("do", what=step.flow)
            case program.Jump():
                return say("jump", other=step.to + 1)
            case program.Assign():
                return say("assign", what=", ".join(f"{name} = {value}" for name, value in step.values))
            case program.Clear():
                return say("clear", what=", ".join(titles.get(name, name) for name in step.slots))
            case program.Restart():
                return say("restart")
            case program.Transfer():
                return say("transfer", what=step.queue)
            case program.Goodbye():
                return say("goodbye")

    return [told(step) for step in pack.flows.get(flow, ())]
