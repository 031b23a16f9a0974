"""What goes from one call to the next: what is known of callers, and the call-backs they asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from voicebot.channel import Caller
from voicebot.dialogue.actions import Forget, Remember, RequestCallback
from voicebot.store.callbacks import Callbacks
from voicebot.store.profile import Facts, Preferences, Subject
from voicebot.store.profiles import CallerProfiles

Kept = RequestCallback | Remember | Forget


class Keeping:
    """Blocking: runs off the event loop."""

    def __init__(self, profiles: CallerProfiles | None, callbacks: Callbacks, now: Callable[[], datetime]) -> None:
        """`profiles` None: callers are not remembered."""
        self._profiles, self._callbacks, self._now = profiles, callbacks, now

    def recall(self, caller: Caller) -> Mapping[str, Any]:
        """What earlier calls left, as `CallStarted.profile`; empty for strangers."""
        profile = self._profiles.find(caller.number) if self._profiles and caller.number else None
        if profile is None:
            return {}
        known: dict[str, Any] = {"calls": profile.calls, "brief": profile.preferences.length == "short"}
        if profile.preferences.rate is not None:
            known["rate"] = profile.preferences.rate
        if profile.asked_rating:
            known["asked_rating"] = profile.asked_rating
        if profile.subjects:
            known |= {"intent": profile.subjects[0].intent, "resolved": profile.subjects[0].resolved}
        return known

    def keep(self, caller: Caller, action: Kept) -> None:
        """Do what the action says. Raises SQLAlchemyError where a call-back can't be put down."""
        match action:
            case RequestCallback():
                language = caller.language or "ko"
                self._callbacks.add(caller.number, action.reason, action.summary, self._now(), language=language)
            case Forget():
                if self._profiles:
                    self._profiles.forget(caller.number)
            case Remember(facts):
                self._remember(caller, facts)

    def _remember(self, caller: Caller, facts: Mapping[str, Any]) -> None:
        if self._profiles is None or not caller.number:
            return
        day = self._now().date().isoformat()
        rate = float(facts.get("rate", 1.0))
        preferences = Preferences(
            language=str(facts.get("language", "")),
            rate=rate if rate != 1.0 else None,
            length="short" if facts.get("brief") else "",
        )
        subject = Subject(str(facts.get("intent", "")), day, bool(facts.get("resolved")))
        asked = bool(facts.get("asked_rating"))
        self._profiles.remember(caller.number, Facts(day, (subject,), preferences, not subject.resolved, asked))
