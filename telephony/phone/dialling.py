"""<Dial> and <Enqueue>: the caller is given to people, who behave as the settings say."""

from __future__ import annotations

import asyncio
import math
from urllib.parse import urljoin

from telephony.phone import webhooks
from telephony.phone.phone import Call, CallerLeft, Goto
from telephony.phone.transport import UnreachableError
from telephony.phone.twiml import Element, TwimlError, read
from telephony.phone.webhooks import WebhookError

_WHISPER_VERBS = frozenset(("Say", "Play", "Pause", "Gather", "Hangup", "Redirect"))
_WAITING_VERBS = frozenset(("Say", "Play", "Pause", "Gather", "Hangup", "Redirect", "Leave"))
_MOST_DOCUMENTS = 10
_LEAST_ROUND_S = 0.1
"""Seconds between two documents of a waitUrl."""


async def dial(call: Call, verb: Element, url: str) -> Goto | None:
    """Ring the people named, let them talk or not, and report to the action."""
    dials = call.settings.dials
    outcome = dials[call.dials] if call.dials < len(dials) else call.settings.dial
    call.dials += 1
    nouns = verb.children or (Element("Number", text=verb.text, line=verb.line),)
    for noun in nouns:
        whom = noun.text or next((child.text for child in noun.children if child.name == "Identity"), "")
        call.dialled.append(whom)
        call.note("dial", f"{noun.name} {whom}")
    call.state = "dial"
    child_sid = call.new_sid("CA")
    conference = nouns[0].name == "Conference"
    status, bridged_ms, bridged = "no-answer", 0.0, False
    try:
        await call.sleep(min(outcome.ring_s, float(verb.get("timeout", "30"))))
        status = outcome.status
        if status == "no-answer":
            await call.sleep(max(0.0, float(verb.get("timeout", "30")) - outcome.ring_s))
        elif status == "answered":
            status = "answered" if conference else "completed"
            call.open_line()
            bridged = await _accepts(call, nouns[0], url, child_sid, outcome.agent_keys)
            if bridged:
                call.state = "bridged"
                call.note("bridged", call.dialled[-1])
                begin_ms = call.line.now_ms
                await call.sleep(min(outcome.talk_s, float(verb.get("timeLimit", "14400"))))
                bridged_ms = call.line.now_ms - begin_ms
    except CallerLeft:
        # The action is still requested; what it answers has no effect any more.
        await _tell(call, verb, url, _dial_parameters(status, child_sid, bridged, bridged_ms, conference))
        raise
    call.state = "twiml"
    if "action" not in verb.attributes:
        return None
    parameters = _dial_parameters(status, child_sid, bridged, bridged_ms, conference)
    return Goto(urljoin(url, verb.get("action")), verb.get("method", "POST"), parameters)


def _dial_parameters(status: str, child: str, bridged: bool, bridged_ms: float, conference: bool) -> dict[str, str]:
    parameters = {"DialCallStatus": status, "DialCallSid": child, "DialBridged": "true" if bridged else "false"}
    if bridged and not conference:
        parameters["DialCallDuration"] = str(int(bridged_ms // 1000))
    return parameters


async def _accepts(call: Call, noun: Element, url: str, child_sid: str, keys: str) -> bool:
    """Play a <Number>'s whisper to the agent, who presses `keys`. False where the agent's leg ends in it."""
    if noun.name not in ("Number", "Client", "Sip") or not noun.get("url"):
        return True
    leg = {"CallSid": child_sid, "ParentCallSid": call.sid, "Direction": "outbound-dial", "To": noun.text}
    target, method, extra = urljoin(url, noun.get("url")), noun.get("method", "POST"), leg
    for _ in range(_MOST_DOCUMENTS):
        answer = await call.request(target, method, {**extra, "CallStatus": "in-progress"})
        verbs = read(answer.reply.body, answer.reply.content_type, document_url=answer.url)
        for verb in verbs:
            if verb.name not in _WHISPER_VERBS:
                raise TwimlError(f"<{verb.name}> may not stand in a whisper to the agent ({answer.url}).", 13201)
            if verb.name == "Hangup":
                return False
            if verb.name == "Redirect":
                target, method, extra = urljoin(answer.url, verb.text), verb.get("method", "POST"), leg
                break
            for spoken in (verb, *verb.children):
                if spoken.name == "Say":
                    call.note("whisper", spoken.text)
            if verb.name == "Gather" and keys:
                most = int(verb.get("numDigits", "1000"))
                pressed, keys = keys[:most], keys[most:]
                target, method = urljoin(answer.url, verb.get("action")), verb.get("method", "POST")
                extra = {**leg, "Digits": pressed, "FinishedOnKey": ""}
                break
            await call.sleep(float(verb.get("timeout", "5")) if verb.name == "Gather" else 1.0)
        else:
            return True
    raise TwimlError(f"the whisper at {noun.get('url')} does not end.", 11215)


async def enqueue(call: Call, verb: Element, url: str) -> Goto | None:
    """Let the caller wait in a queue until somebody takes the call, or not."""
    outcome = call.settings.queue
    name = verb.text or verb.get("workflowSid")
    call.queued.append(name)
    call.note("queue", name)
    call.state = "queue"
    queue_sid = call.new_sid("QU")
    begin_ms = call.line.now_ms

    def parameters(result: str) -> dict[str, str]:
        return {
            "QueueResult": result,
            "QueueSid": queue_sid,
            "QueueTime": str(int((call.line.now_ms - begin_ms) // 1000)),
        }

    result = outcome.result
    try:
        if result in ("bridged", "leave"):
            left = await _wait_in_queue(call, verb, url, queue_sid, outcome.wait_s)
            result = "leave" if left else result
        if result == "bridged":
            call.state = "bridged"
            call.note("bridged", name)
            await call.sleep(outcome.talk_s)
    except CallerLeft:
        await _tell(call, verb, url, parameters("hangup"))
        raise
    call.state = "twiml"
    if "action" not in verb.attributes:
        return None
    return Goto(urljoin(url, verb.get("action")), verb.get("method", "POST"), parameters(result))


async def _wait_in_queue(call: Call, verb: Element, url: str, queue_sid: str, wait_s: float) -> bool:
    """What is heard in the queue, until an agent takes the call. True where a <Leave> came before."""
    begin_ms = call.line.now_ms
    end_ms = begin_ms + wait_s * 1000
    hearing = asyncio.create_task(_hear_queue(call, verb, url, queue_sid, begin_ms, wait_s), name="queue")
    try:
        await call.wait(lambda: hearing.done() or call.line.now_ms >= end_ms)
        return hearing.result() if hearing.done() else False
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})
        call.on_key = None
        call.line.playout.clear()


async def _hear_queue(call: Call, verb: Element, url: str, queue_sid: str, begin_ms: float, wait_s: float) -> bool:
    """Play the waitUrl's documents again and again; True when one of them leaves the queue."""
    from telephony.phone.verbs import perform

    if not verb.get("waitUrl"):
        await call.wait(lambda: False)
    first = Goto(urljoin(url, verb.get("waitUrl")), verb.get("waitUrlMethod", "POST"))
    goto = first
    while True:
        waited_s = (call.line.now_ms - begin_ms) / 1000
        place = max(1, math.ceil(call.settings.queue.place * (1 - waited_s / wait_s))) if wait_s else 1
        parameters = {
            "QueuePosition": str(place),
            "QueueSid": queue_sid,
            "QueueTime": str(int(waited_s)),
            "AvgQueueTime": str(call.settings.queue.average_s),
            "CurrentQueueSize": str(place),
            "MaxQueueSize": verb.get("maxQueueSize", "1000"),
            **(goto.parameters or {}),
        }
        answer = await call.request(goto.url, goto.method, parameters)
        goto = first
        for waiting in read(answer.reply.body, answer.reply.content_type, document_url=answer.url):
            if waiting.name not in _WAITING_VERBS:
                raise TwimlError(f"<{waiting.name}> may not stand in a waitUrl's document ({answer.url}).")
            if waiting.name == "Leave":
                return True
            following = await perform(call, waiting, answer.url)
            call.state = "queue"
            if following is not None:
                goto = following
                break
        await call.sleep(_LEAST_ROUND_S)


async def _tell(call: Call, verb: Element, url: str, parameters: dict[str, str]) -> None:
    if "action" not in verb.attributes:
        return
    call.status = "completed"
    form = {**webhooks.standard_parameters(call.settings, call.sid), "CallStatus": "completed", **parameters}
    try:
        await webhooks.request(
            call.transport, call.settings, verb.get("method", "POST"), urljoin(url, verb.get("action")), form
        )
    except (WebhookError, UnreachableError) as error:
        call.note("warning", f"{verb.name} action: {error}")
