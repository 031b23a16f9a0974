"""A dialogue in text: events in, actions out, back ends asked on the spot. For the terminal, tests and simulations."""

from __future__ import annotations

from voicebot.backends.port import Backend, BackendError
from voicebot.dialogue.actions import Action, AskBackend
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import BackendAnswered, Event, Heard, Keyed, NoInput
from voicebot.dialogue.state import State


class TextSession:
    """One conversation."""

    def __init__(self, dialogue: Dialogue, backend: Backend, state: State) -> None:
        self._dialogue, self._backend = dialogue, backend
        self.state = state

    def post(self, event: Event) -> list[Action]:
        """What follows from `event`, the answers of back ends included."""
        done: list[Action] = []
        waiting = [event]
        while waiting:
            self.state, actions = self._dialogue.turn(self.state, waiting.pop(0))
            done += actions
            waiting += [self._ask(action) for action in actions if isinstance(action, AskBackend)]
        return done

    def _ask(self, action: AskBackend) -> BackendAnswered:
        try:
            return BackendAnswered(action.request, self._backend.call(action.operation, action.arguments))
        except BackendError as error:
            return BackendAnswered(action.request, error=str(error))


def event_of_line(line: str) -> Event:
    """What a typed line stands for: nothing is silence, keys alone are keys, anything else is speech."""
    text = line.strip()
    if not text:
        return NoInput()
    if all(char in "0123456789*#" for char in text):
        return Keyed(text if text in ("#", "*") else text.rstrip("#"))
    return Heard(text)
