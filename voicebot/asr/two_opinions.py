"""When a second listener is asked, and who is believed then."""

from __future__ import annotations

from dataclasses import replace

from voicebot.asr.port import Domain, Recognition, Verdict


def is_doubtful(first: Recognition, domain: Domain) -> bool:
    """Whether a second reading is worth its time: the first was not believed, would have to be confirmed by the caller,
    or is of an open question, whose words no list of sentences has. A reading takes less time than a confirmation.

    Digits are read back to the caller in any case, and the second listener hears them no better.
    """
    if domain.open_question or first.verdict is Verdict.REJECT:
        return True
    return first.verdict is Verdict.CONFIRM and not domain.digits


def better(first: Recognition, second: Recognition | None, domain: Domain) -> Recognition:
    """Of two readings of the same sound the one to go by; `second` None: it was not to be had.

    Two listeners that fail differently and yet hear the same are believed.
    """
    if second is None:
        return first
    if domain.open_question or first.verdict is not Verdict.CONFIRM:
        return second
    if second.verdict is Verdict.REJECT:
        return first
    if first.candidates and second.candidates and first.candidates[0].meaning == second.candidates[0].meaning:
        return replace(second, verdict=Verdict.ACCEPT)
    return max(second, first, key=lambda recognition: (recognition.verdict is Verdict.ACCEPT, recognition.score))
