"""One call: sound and keys in, dialogue events, sound out.

Everything here runs on the event loop and returns at once; decoding, thinking and speaking run in executors. The
caller's sound is the clock: a call lasts as long as the frames that came, whatever the machine's clock says, so that a
call in virtual time is the same call.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, replace
from typing import Any

import structlog

from voicebot.asr.port import Verdict
from voicebot.audio.format import FRAME_BYTES, FRAME_MS
from voicebot.audio.prosody import Baseline, voice_feeling
from voicebot.audio.turn_taking import is_backchannel
from voicebot.backends.port import BackendError
from voicebot.call.bridging import Bridging
from voicebot.call.chronicle import Chronicle
from voicebot.call.continuing import Continuity, KeptCall, moved
from voicebot.call.conversation import Conversation
from voicebot.call.hearing import HeardSpeech, Hearing
from voicebot.call.keeping import Kept
from voicebot.call.keypad import Keypad
from voicebot.call.minutes import Minutes
from voicebot.call.playback import Playback, RunOff
from voicebot.call.recording import CallRecorder, RecordedChannel
from voicebot.call.waiting import Waiting, waited
from voicebot.channel import AGENT, Caller, Channel, Outcome, Screen
from voicebot.dialogue import actions, events
from voicebot.dialogue.state import State
from voicebot.failure import place
from voicebot.logs import name_call, named_context
from voicebot.store.journal import Journal

_log = structlog.get_logger()

_TROUBLES = 1
"""Mistakes of ours in a row that a caller is asked to bear with."""

_SLOWEST, _FASTEST = 0.7, 1.4
"""Rates of speech that callers may choose; beyond them, engines are hard to understand."""

_WRITING_TAKES = 8
"""Times as long as speaking: 48 s in place of 6 to answer a question."""

_MOST_WRITTEN = 300
"""Characters of what is written at once; what is spoken at once has at most 200."""

_RECALLED_WITHIN_S = 1.0
"""Who isn't recalled by then is greeted as a stranger."""

_NOISE_MS = 200
"""Voice shorter than this that makes no sense was a click or a breath, not a failed turn."""


Recorder = Callable[[actions.Note], None]
"""Puts on record what was made of an event."""


def _unrecorded(note: actions.Note) -> None:
    """For events that are no turn of the caller."""


class Call:
    """A conversation over a channel; see `voicebot.channel.LiveCall`."""

    def __init__(
        self,
        caller: Caller,
        channel: Channel,
        shared: Conversation,
        journal: Journal,
        *,
        today: str,
        state: State,
    ) -> None:
        """`state`: where a new call begins. One that is kept as unfinished goes on from where it was."""
        self._caller, self._shared, self._today = caller, shared, today
        self._context = named_context(caller.call_id)
        self._screen = channel if isinstance(channel, Screen) else None
        self._minutes = self._open_minutes(journal)
        self._continuity = Continuity(shared.kept, shared.pools.keeping, journal)
        self._recorder = shared.record(caller.call_id) if shared.record is not None else None
        if self._recorder is not None:
            channel = RecordedChannel(channel, self._recorder)
        self._troubles = 0
        """Exceptions of ours since the caller was last answered as it should be."""
        self._mute = 0
        """Sentences that could not be spoken."""
        self.state = state
        self._clock_ms = 0
        self.unfinished: State | None = self.state
        """Where the conversation was before the caller or the connection left; None once the bot was done with it."""
        self._rest = b""
        self._listen: actions.Listen | None = None
        self._silence_from: int | None = None
        """When the caller got the floor; None while somebody talks or thinks."""
        self._events: list[tuple[events.Event, Recorder]] = []
        self._thinking = False
        self._ending: Outcome | None = None
        self._limit_ms = shared.longest_s * 1000
        self._asked = 0
        """Number of the request that a back end is waited for; 0 for none."""
        self._taken_by = ""
        """The operator who takes the call over."""
        self._pace = 1.0
        """How fast the caller wants the bot to speak, times what the dialogue wants."""
        self._patience = 1
        """Silence means so many times less of a caller who writes."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = Waiting()
        self._bridging = Bridging(shared.knobs)
        self._baseline = Baseline()
        """How this caller usually sounds."""
        self._pause_ms = 0
        """How long the caller thought before speaking last."""
        self._last_audio = 0.0
        self._tasks: set[asyncio.Future[Any]] = set()
        self._done: asyncio.Future[Outcome] | None = None

        pools, knobs = shared.pools, shared.knobs
        self._think_off = self._off(pools.thinking)
        self._ask_off = self._off(pools.asking)
        speak_off = self._speaking(self._off(pools.speaking))
        self._playback = Playback(channel, shared.voice, knobs, speak_off, self._filler)
        self._hearing = Hearing(
            shared.recogniser,
            knobs,
            self._off(pools.listening),
            self._think_off,
            on_heard=self._heard,
            on_doubt=lambda: self._bridging.doubts(self._clock_ms),
        )
        self._keypad = Keypad(knobs.inter_digit_ms)

    def _open_minutes(self, journal: Journal) -> Minutes:
        shared, pack = self._shared, self._shared.dialogue.pack
        chronicle = Chronicle(shared.history, pack, self._caller) if shared.history else None
        minutes = Minutes(journal, shared.log, pack, chronicle)
        minutes.screen = self._screen
        return minutes

    def _filler(self, language: str, number: int) -> str:
        return self._shared.bridge("filler", language, number)

    @property
    def running(self) -> bool:
        """Whether the conversation is being held."""
        return self._done is not None and not self._done.done()

    @property
    def caller(self) -> Caller:
        """Who is calling."""
        return self._caller

    @property
    def journal(self) -> Journal:
        """What was said so far."""
        return self._minutes.journal

    # What the channel calls

    def audio(self, pcm: bytes) -> None:
        """See `LiveCall`. Whole frames are taken one by one; a rest waits for more."""
        if self._done is None or self._done.done():
            return
        self._last_audio = asyncio.get_running_loop().time()
        if self._rest:
            pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._rest = pcm[whole:]
        for start in range(0, whole, FRAME_BYTES):
            self._frame(pcm[start : start + FRAME_BYTES])

    def key(self, digit: str) -> None:
        """See `LiveCall`. A key always interrupts."""
        if self._closing or self._keypad.is_superfluous(digit, self._clock_ms):
            return
        self._silence_from = None
        self._bridging.heard()
        self._hearing.drop()
        self._playback.interrupt()
        self._entered(self._keypad.press(digit, self._clock_ms, max(self._listen.key_lengths) if self._listen else 1))

    def typed(self, text: str) -> None:
        """See `LiveCall`. Writing interrupts as a key does."""
        self._patience = _WRITING_TAKES
        self._written(text, "text")

    def writes(self, *, only: bool) -> None:
        """Whether the caller can only write: then silence is waited out for longer."""
        self._patience = _WRITING_TAKES if only else 1

    def pace(self, rate: float) -> None:
        """How fast the caller wants the bot to speak: 1 is usual."""
        self._pace = min(max(rate, _SLOWEST), _FASTEST)

    def played(self, mark: str) -> None:
        """See `LiveCall`."""
        self._playback.played(mark)
        self._settle()

    def hung_up(self) -> None:
        """See `LiveCall`."""
        if self._done is None or self._done.done():
            return
        if not self.state.ended:
            before = self.unfinished = self.state
            self.state, todo = self._shared.dialogue.turn(before, events.HungUp())
            self._minutes.turn(before, events.HungUp(), self.state, todo, self._clock_ms)
            self._keep(todo)
        self._finish(self._ending or Outcome("caller_left", "caller", language=self.state.language))

    def hand_over(self) -> None:
        """See `LiveCall`. Said in words, as every hand-over."""
        if not self._closing:
            self._playback.interrupt()
            self._post(events.TimeLimit("closing"))

    # What operators do who step in

    def soon(self, work: Callable[[], None]) -> bool:
        """From any thread: do this on the call's own loop. False where the call is not being held."""
        loop, done = self._loop, self._done
        if loop is None or done is None or done.done():
            return False
        try:
            loop.call_soon_threadsafe(work)
        except RuntimeError:  # the loop closed meanwhile
            return False
        return True

    def advise(self, text: str, by: str) -> None:
        """The operator tells what the caller means: it is taken as if the caller had said so, clearly."""
        self._written(text, "operator", by)

    def say(self, text: str, by: str) -> None:
        """The bot says this for the operator, behind what it is saying."""
        if text.strip() and not self._closing:
            self._silence_from = None
            self._speak([actions.Say(text.strip(), self.state.language, self.state.turn, self.state.rate)], by)

    def take_over(self, by: str) -> None:
        """The operator's own desk gets the caller, who is told so."""
        if not self._closing:
            self._taken_by = by
            self._playback.interrupt()
            self._post(events.TimeLimit("taken"))

    async def run(self) -> Outcome:
        """See `LiveCall`."""
        name_call(self._caller.call_id)
        loop = self._loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        self._last_audio = loop.time()
        self._begin()
        stalled_s = self._shared.knobs.stalled_s
        try:
            while not self._done.done():
                await asyncio.wait({self._done}, timeout=stalled_s)
                if loop.time() - self._last_audio >= stalled_s and not self._done.done():
                    _log.warning("the line is dead", call=self._caller.call_id)
                    self.hung_up()
            return self._done.result()
        finally:
            heard = self._playback.heard if self._playback.busy else 1.0
            self._playback.stop()
            self._hearing.drop()
            for task in self._tasks:
                task.cancel()
            outcome = self._done.result() if self._done.done() else Outcome("failed", "cancelled")
            self._minutes.end(self._clock_ms, outcome, heard=round(heard, 3))
            self._continuity.keep(self.unfinished, self._clock_ms, over=True)
            if self._recorder is not None:
                self._recorder.end()
            self._done.cancel()

    def _begin(self) -> None:
        keeping = self._shared.keeping
        begun = False
        self._bridging.thinks(self._clock_ms)

        def recalled(profile: Any) -> None:
            nonlocal begun
            if begun or self._done is None or self._done.done():
                return
            begun = True
            known = {} if isinstance(profile, BaseException) else profile
            ask = self._recorder is not None
            rate = self._shared.rating.asks(self._caller.call_id, known, self._today)
            self._post(events.CallStarted(self.state.language, self._today, self._caller.number, known, ask, rate))

        def found(kept: Any) -> None:
            resumes = isinstance(kept, KeptCall) and kept.state is not None and kept.state.turn > 0
            if isinstance(kept, KeptCall):
                self._continuity.tenure = kept.tenure + 1
                self._clock_ms += kept.clock_ms
                self.journal.entries[:] = kept.entries
            if resumes:
                assert kept.state is not None
                self.state = self.unfinished = self._stay_on(kept.state)
            self._minutes.begin(self.state)
            if resumes:
                self._post(events.Resumed())
            elif keeping is None:
                recalled({})
            else:
                self._ask_off(functools.partial(keeping.recall, self._caller), recalled)
                asyncio.get_running_loop().call_later(_RECALLED_WITHIN_S, recalled, {})

        if self._shared.kept is None:
            found(None)
        else:
            self._think_off(self._continuity.find, found)

    def _stay_on(self, state: State) -> State:
        """A call ends on the version of the content on which it began, wherever it goes on."""
        here = self._shared.dialogue.pack.version
        if state.version == here:
            return state
        other = self._shared.on_version(state.version)
        if other is None:
            _log.warning("a call goes on with another version", call=self._caller.call_id, version=here)
            return moved(state, here)
        self._shared = other
        self._minutes = self._open_minutes(self.journal)
        return state

    # The clock: one frame

    def _frame(self, frame: bytes) -> None:
        self._clock_ms += FRAME_MS
        if self._recorder is not None:
            self._recorder.frame(frame, secret=self._listen is not None and self._listen.secret)
        self._playback.thinking = (self._thinking or self._bridging.waiting) and not self._hearing.speaking
        self._playback.tick(self._clock_ms)
        listen = self._listen
        if not self._closing:
            self._bridge(listen.language if listen else self.state.language)
        if listen is None or self._closing:
            self._settle()
            return
        domain = self._shared.domains.domain(listen.domain, listen.language)
        self._hearing.push(frame, domain, self._clock_ms, words=self._playback.busy)
        if self._hearing.speaking:
            if self._silence_from is not None:
                self._pause_ms = self._clock_ms - self._silence_from
            self._silence_from = None
            if self._playback.busy and self._hearing.stops_the_bot(listen.language, yes_no=listen.yes_no):
                self._playback.interrupt()
        self._entered(self._keypad.tick(self._clock_ms))
        self._settle()
        if (
            self._silence_from is not None
            and self._clock_ms - self._silence_from >= listen.no_input_ms * self._patience
        ):
            self._silence_from = None
            self._minutes.silent(self._clock_ms)
            self._post(events.NoInput())
        if self._clock_ms >= self._limit_ms and not self._closing:
            self._limit_ms += self._clock_ms
            self._post(events.TimeLimit())

    def _bridge(self, language: str) -> None:
        """A few words where the bot is at work for long, and an end to it where it takes too long."""
        reply = self._bridging.due(self._clock_ms, silent=not (self._playback.busy or self._hearing.speaking))
        if reply == "too_late":
            self._give_up()
        elif reply:
            text = self._shared.bridge(reply, language, self._bridging.number)
            self._speak([actions.Say(text, language, self.state.turn, self.state.rate)])

    def _give_up(self) -> None:
        """What is waited for takes too long: its answer is dropped when it comes."""
        if self._asked:
            request, self._asked = self._asked, 0
            self._bridging.answered()
            _log.warning("the back end takes too long", call=self._caller.call_id)
            self._post(events.BackendAnswered(request, error=events.TOO_LATE))
        else:
            self._thinking = False
            self._events.clear()
            self._fail(TimeoutError())

    def _settle(self) -> None:
        """When everything was said: end the call, or give the caller the floor."""
        if self._playback.busy or self._thinking or self._events:
            return
        if self._ending is not None:
            self._finish(self._ending)
        elif self._silence_from is None and self._listen is not None and self._quiet:
            self._silence_from = self._clock_ms

    @property
    def _quiet(self) -> bool:
        return not (self._hearing.busy or self._keypad.pending or self.state.waiting)

    @property
    def _closing(self) -> bool:
        return self._done is None or self._done.done() or self._ending is not None

    # What the caller did

    def _heard(self, speech: HeardSpeech) -> None:
        heard = speech.recognition
        filled = self._bridging.heard()
        if self._closing or self._listen is None:
            return
        if filled:
            self._take(speech)
            return
        backchannel = is_backchannel(heard.text, self._listen.language) and not self._listen.yes_no
        if self._playback.interrupted and backchannel:
            self._minutes.heard(speech, actions.Note("went on: a backchannel"))
            self._playback.resume()
            return
        if self._playback.busy and (backchannel or heard.verdict is not Verdict.ACCEPT):
            self._minutes.heard(speech, actions.Note("ignored: under the bot's voice"))
            return
        if heard.verdict is Verdict.REJECT and speech.voiced_ms < _NOISE_MS:
            self._minutes.heard(speech, actions.Note("ignored: noise"))
            self._playback.resume()
            return
        self._playback.interrupt()
        self._report_interruption()
        self._take(speech)

    def _written(self, text: str, listener: str, by: str = "") -> None:
        text = " ".join(text.split())[:_MOST_WRITTEN]
        if self._closing or not text or not self.state.turn:
            return
        self._silence_from = None
        self._bridging.heard()
        self._hearing.drop()
        self._playback.interrupt()
        self._report_interruption()
        self._waiting.begin(self._clock_ms, self._clock_ms)
        secret = self._listen is not None and self._listen.secret
        record = functools.partial(self._minutes.written, text, self._clock_ms, listener, secret=secret, by=by)
        self._post(events.Heard(text, listener=listener), record)

    def _take(self, speech: HeardSpeech) -> None:
        """The words are a turn of the caller."""
        self._patience = 1
        heard = speech.recognition
        self._waiting.begin(speech.ended_at_ms, self._clock_ms)
        others = tuple(candidate.text for candidate in heard.candidates[1:4])
        voice = voice_feeling(speech.prosody, self._baseline)
        self._baseline = self._baseline.after(speech.prosody)
        event = events.Heard(
            heard.text,
            heard.verdict.value,
            heard.score,
            others,
            heard.listener,
            asdict(voice) if voice is not None else {},
            self._pause_ms,
        )
        secret = self._listen is not None and self._listen.secret
        self._post(event, functools.partial(self._minutes.heard, speech, secret=secret))

    def _entered(self, keys: str) -> None:
        if not keys:
            return
        self._report_interruption()
        self._waiting.begin(self._clock_ms, self._clock_ms)
        self._post(events.Keyed(keys), functools.partial(self._minutes.keyed, keys, self._clock_ms))

    def _report_interruption(self) -> None:
        if self._playback.interrupted:
            heard = round(self._playback.heard, 3)
            self._minutes.cut_off(heard)
            self._post(events.Interrupted(self.state.turn, heard))
            self._playback.forget()

    # What the dialogue decides

    def _post(self, event: events.Event, record: Recorder = _unrecorded) -> None:
        """Events are taken one after the other, each against the state that the one before it made."""
        self._events.append((event, record))
        if not self._thinking:
            self._think()

    def _think(self) -> None:
        event, record = self._events.pop(0)
        self._thinking = True
        self._bridging.thinks(self._clock_ms)
        turn = functools.partial(self._shared.dialogue.turn, self.state, event)
        self._think_off(turn, functools.partial(self._decided, event, record))

    def _decided(
        self, event: events.Event, record: Recorder, result: tuple[State, list[actions.Action]] | BaseException
    ) -> None:
        self._thinking = False
        self._bridging.thought()
        self._waiting.spent("thinking", self._clock_ms)
        if isinstance(result, BaseException):
            self._stumble(result)
        else:
            before = self.state
            self.state, todo = result
            if not self.state.waiting:
                self._asked = 0
                self._bridging.answered()
            self.unfinished = None if self.state.ended else self.state
            self._minutes.turn(before, event, self.state, todo, self._clock_ms)
            if isinstance(event, events.Heard) and self._shared.overheard is not None:
                self._shared.overheard(self._caller.call_id, before, event, todo)
            if self._recorder is not None:
                self._record(self._recorder)
            record(next((action for action in todo if isinstance(action, actions.Note)), actions.Note("")))
            # Written while the answer is being spoken, and before it is heard: what was answered is not lost.
            self._continuity.keep(self.unfinished, self._clock_ms)
            if not isinstance(event, events.Resumed):
                self._troubles = 0
            self._carry_out(todo)
        if self._events and not self._closing:
            self._think()
        else:
            self._settle()

    def _record(self, recorder: CallRecorder) -> None:
        """As the caller wants it."""
        if self.state.forgotten:
            recorder.drop()
        elif self.state.recording == "yes":
            recorder.start(self._clock_ms)

    def _carry_out(self, todo: list[actions.Action]) -> None:
        self._keep(todo)
        says = [action for action in todo if isinstance(action, actions.Say)]
        if says:
            self._silence_from = None
            self._speak(says, self._taken_by)
        for action in todo:
            match action:
                case actions.Listen():
                    self._listen = action
                case actions.AskBackend():
                    self._silence_from = None
                    self._ask(action)
                case actions.HandOver():
                    queue = f"{AGENT}{self._taken_by}" if self._taken_by else action.queue
                    self._ending = Outcome("hand_over", action.reason, queue, action.summary, self.state.language)
                case actions.HangUp():
                    self._ending = Outcome("hang_up", action.reason, language=self.state.language)

    def _keep(self, todo: list[actions.Action]) -> None:
        """Not tied to the call: what is to be kept is kept, though the call ends meanwhile."""
        kept = [action for action in todo if isinstance(action, Kept)]
        if kept and self._shared.keeping is not None:
            keep = functools.partial(self._context.copy().run, self._keep_off, kept)
            asyncio.get_running_loop().run_in_executor(self._shared.pools.thinking, keep)

    def _keep_off(self, kept: list[Kept]) -> None:
        try:
            for action in kept:
                assert self._shared.keeping is not None
                self._shared.keeping.keep(self._caller, action)
        except Exception as error:  # the call itself must not suffer
            _log.error("something could not be kept", error=type(error).__name__, place=place(error))

    def _ask(self, action: actions.AskBackend) -> None:
        self._asked = action.request
        self._bridging.asks(self._clock_ms)

        def answered(result: Any) -> None:
            if self._asked != action.request:
                return
            self._asked = 0
            self._bridging.answered()
            self._waiting.spent("back_end", self._clock_ms)
            if isinstance(result, BaseException):
                known = isinstance(result, BackendError)
                _log.warning(
                    "the back end failed",
                    call=self._caller.call_id,
                    operation=action.operation,
                    error=str(result) if known else type(result).__name__,
                )
                self._post(events.BackendAnswered(action.request, error=type(result).__name__))
            else:
                self._post(events.BackendAnswered(action.request, result))

        self._ask_off(functools.partial(self._shared.backend.call, action.operation, action.arguments), answered)

    def _speak(self, says: list[actions.Say], by: str = "") -> None:
        asked = self._waiting.asked()
        text = " ".join(said.text for said in says)
        if self._pace != 1.0:
            says = [replace(said, rate=round(said.rate * self._pace, 2)) for said in says]

        def began(at_ms: int) -> None:
            self._minutes.said(text, at_ms, *waited(asked, at_ms), by=by)
            self._continuity.keep(self.unfinished, self._clock_ms)

        self._playback.say(says, began)

    # The loop

    def _off(self, executor: Executor | None) -> RunOff:
        """Runs work in `executor`, then goes on with its result or exception on the loop; not after the call's end."""

        def run_off(work: Callable[[], Any], then: Callable[[Any], None]) -> None:
            future = asyncio.get_running_loop().run_in_executor(executor, self._context.copy().run, work)
            self._tasks.add(future)

            def finished(future: asyncio.Future[Any]) -> None:
                self._tasks.discard(future)
                if future.cancelled() or self._done is None or self._done.done():
                    return
                error = future.exception()
                try:
                    then(future.result() if error is None else error)
                except Exception as failure:  # nobody else would notice, and the caller would be left in silence
                    self._stumble(failure)

            future.add_done_callback(finished, context=self._context)

        return run_off

    def _speaking(self, run_off: RunOff) -> RunOff:
        """Sound is made at once, and heard when the turn that it belongs to is kept."""

        def speak_off(work: Callable[[], Any], then: Callable[[Any], None]) -> None:
            def spoken(result: Any) -> None:
                self._continuity.when_kept(lambda: self._safely(then, result))
                if isinstance(result, BaseException) or not len(result):
                    self._silent(result)

            run_off(work, spoken)

        return speak_off

    def _silent(self, result: Any) -> None:
        """A sentence could not be spoken. Twice, and the caller is better off with another voice."""
        self._mute += 1
        if self._mute > _TROUBLES and not self._closing:
            error = result if isinstance(result, BaseException) else RuntimeError("no sound")
            self._fail(error)

    def _safely(self, then: Callable[[Any], None], result: Any) -> None:
        if self._done is None or self._done.done():
            return
        try:
            then(result)
        except Exception as failure:
            self._stumble(failure)

    def _stumble(self, error: BaseException) -> None:
        """A mistake of ours: apologise and ask again; where that goes wrong too, people take over."""
        self._troubles += 1
        if self._troubles > _TROUBLES or self._closing or not self.state.turn:
            self._fail(error)
            return
        _log.error("a turn failed", call=self._caller.call_id, error=type(error).__name__, place=place(error))
        self._events.clear()
        self._post(events.Resumed("trouble"))

    def _fail(self, error: BaseException) -> None:
        """People take over."""
        _log.error("the call failed", call=self._caller.call_id, error=type(error).__name__, place=place(error))
        self._ending = Outcome("failed", type(error).__name__, language=self.state.language)
        self._settle()

    def _finish(self, outcome: Outcome) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(outcome)
