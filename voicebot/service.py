"""The service: everything that calls share, put together from the configuration. It answers calls for any channel."""

from __future__ import annotations

import functools
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import structlog
from sqlalchemy.exc import SQLAlchemyError

from voicebot import capacity
from voicebot.analytics.alerts.waiting import waiting_now
from voicebot.asr.second_listener import TwoListeners
from voicebot.asr.second_listener_admission import Pressure
from voicebot.audio.format import Pcm
from voicebot.call import Call, Conversation, Pools
from voicebot.call.continuing import KeptCalls
from voicebot.call.hand_over import hand_over_context
from voicebot.call.keeping import Keeping
from voicebot.call.keyed import KeyedCalls, KeyedConversation
from voicebot.call.rating_share import RatingShare
from voicebot.call.recording import CallRecorder
from voicebot.channel import Caller, Channel, LiveCall, Outcome
from voicebot.config import Configuration
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack
from voicebot.editions.edition import Edition, Opening
from voicebot.editions.in_service import TOPIC, InService
from voicebot.editions.packs import LastServing, first_pack
from voicebot.editions.shadowing import Shadowing
from voicebot.errors import VoicebotError
from voicebot.failure import place
from voicebot.hours import OpeningHours
from voicebot.knowledge.base import KnowledgeBase
from voicebot.listeners import open_recogniser
from voicebot.live.announcing import Announcer
from voicebot.live.desk_captions import Captioned, Captioner
from voicebot.live.steering import obey
from voicebot.loading import (
    Preloaded,
    first_domains,
    open_encoder,
    open_history,
    open_sealer,
)
from voicebot.monitoring.measured import (
    MeasuredBackend,
    MeasuredPool,
    MeasuredRecogniser,
)
from voicebot.monitoring.monitor import Monitor
from voicebot.monitoring.traces import open_traces
from voicebot.nlu.encoder import Encoder
from voicebot.nlu.stoppable_encoder import StoppableEncoder
from voicebot.office import Office
from voicebot.priority import Patience, lower_priority
from voicebot.process_memory import give_back
from voicebot.running_experiments import RunningExperiments
from voicebot.sharing import machine, open_callbacks, open_profiles, open_voicemails
from voicebot.speaking_ahead import PHRASES_WITHIN_S, open_voice, phrases, read_ahead, speak_first
from voicebot.store import call_log, mined_embeddings
from voicebot.store.bus import Bus, LocalBus
from voicebot.store.call_log import CallLog
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.callbacks import Callbacks
from voicebot.store.hand_overs import HandOvers, SharedHandOvers
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.keeping import CallHistory
from voicebot.store.history.records import Record
from voicebot.store.journal import Entry, Follower, Journal
from voicebot.store.live import LiveStore, MemoryStore
from voicebot.store.profiles import CallerProfiles
from voicebot.store.versions.registry import Versions
from voicebot.tts.voice import TelephoneVoice

_log = structlog.get_logger()

_OVER_KEPT = 100
"""Of the calls that are over, those that stay in memory: their hand-overs are still being written."""

_JOURNALS_KEPT = 200
"""Journals of calls, running ones and the last ones, that stay in memory: some 50 kB for a long call. Others are read
from the live state, as long as that keeps them."""

_CALLS_LOOKED_AT = 100
"""Of the latest calls, to see whether any is running."""

_PROVISIONAL = 40
"""Calls at once, until it was measured how many this machine holds."""

_MEASURED_S = 60.0
"""For which one worker's measure holds for those that start with it."""

_NICENESS = 10
"""Of work in the background: with both cores busy it gets a tenth of what calls get."""

_WORK_ENDS_S = 5.0
"""Longest wait for work in the background when the service closes; it looks up between two phrases and
between a few sentences that are learnt."""

_GIVE_BACK_EVERY_S = 30.0
"""Between two times that memory in no use is given back."""

_FORGET_EVERY_S = 24 * 3600.0
"""Between two looks for what is past its time."""

Progress = Callable[[str], None]
"""Is told what is being loaded, in a few words; from any thread."""


class SpeechError(VoicebotError):
    """No call can be held: speech is not to be had."""


class Service:
    """Implements `voicebot.channel.Answering`. Made at once, ready after `load`."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        followers: tuple[Follower, ...] = (),
        now: Callable[[], datetime] | None = None,
        live: LiveStore | None = None,
        bus: Bus | None = None,
        preloaded: Preloaded | None = None,
        hurry: bool = False,
    ) -> None:
        """`followers` are told of every turn; `now` tells the date to callers' back ends.

        `live`: where running calls are kept, by default in this process's memory; this service closes it. `bus`: where
        it is told what happens in them, by default within this process. `preloaded`: what need not be loaded again.
        """
        self.configuration = configuration
        self.ready = False
        self.trouble = ""
        """Why no call can be held, though the service runs: a sentence for operators."""
        self.editions: InService | None = None
        """The versions of the content that callers get; there as soon as one is loaded, with or without speech."""
        self.live: LiveStore = live or MemoryStore()
        self.capacity = configuration.most_calls or _PROVISIONAL
        """Calls that may stream at once; measured in the background where it is not configured."""
        self._kept: KeptCalls | None = None
        self._preloaded = preloaded
        self._hurry = hurry
        """Whether callers wait already: then phrases are spoken ahead while they are served."""
        self.bus: Bus = bus or LocalBus()
        """What happens in calls, for those who watch."""
        self._announcer = Announcer(self.bus)
        self._stop_looking: Callable[[], None] = lambda: None
        self._stop_obeying = obey(self.bus, self._running_call)
        self._followers: tuple[Follower, ...] = (*followers, self._keep_hand_over, self._announcer)
        self._now = now or (lambda: datetime.now(ZoneInfo(configuration.time_zone)))
        self._voice: TelephoneVoice | None = None
        self._recogniser: TwoListeners | None = None
        self._log = (
            CallLog(configuration.var / "calls", sealer=open_sealer(configuration))
            if configuration.keep_transcripts
            else None
        )
        self.history = open_history(configuration, self._pseudonym) if configuration.keep_history else None
        """What is kept of calls for good; None where nothing is."""
        self.monitor = Monitor()
        """Metrics and traces of this process."""
        self._experiments = RunningExperiments(self.history.database if self.history else None)
        versions = self._database or open_database(configuration.database_url.get_secret_value(), configuration.var)
        self.versions = Versions(versions, configuration.var, changed=self._tell_versions)
        """What versions of the content there are."""
        self._shadowing = Shadowing(versions, configuration.keep_words)
        self._decoding = MeasuredPool(configuration.decode_threads, "listening", self.monitor.service)
        self._calls: OrderedDict[str, Call] = OrderedDict()
        self._journals: OrderedDict[str, Journal] = OrderedDict()
        self._pools = Pools(
            listening=self._decoding,
            thinking=ThreadPoolExecutor(16, "thinking"),
            asking=ThreadPoolExecutor(32, "asking"),
            # Each call has two sentences made at a time at most: none waits here for another call's.
            speaking=ThreadPoolExecutor(2 * (configuration.most_calls or _PROVISIONAL) + 16, "speaking"),
            keeping=ThreadPoolExecutor(4, "keeping"),
            recording=ThreadPoolExecutor(1, "recording"),
        )
        self.hand_overs: HandOvers = SharedHandOvers(self.live, self._keep_off)
        """What agents are told of the calls that they take over."""
        self._closed = threading.Event()
        self._patience = Patience(self._is_busy, self._closed)
        self._background: list[threading.Thread] = []

    def load(self, progress: Progress = lambda _what: None) -> None:
        """Load content, models and the first phrases; ready afterwards. Raises VoicebotError where that can't be.

        Where only speech fails, `trouble` tells why, and `dialogue` is there for those who press keys.
        """
        configuration = self.configuration
        progress("content")
        self._forget_old()
        if self.history is not None:
            self.history.start()
        self._experiments.start()
        self._start_monitor()
        before = self._preloaded
        pack = before.pack if before else first_pack(configuration)
        progress("speech models, understanding, phrases")
        loading = ThreadPoolExecutor(2, "loading")
        first = before.first if before else None
        listening = loading.submit(open_recogniser, pack, configuration, first, pressing=self._pressure)
        speaking = loading.submit(self._open_voice, pack, progress)
        loading.shutdown(wait=False)
        encoder = open_encoder(configuration)
        secret = frozenset(name for name, slot in pack.slots.items() if slot.secret)
        self._kept = KeptCalls(self.live, secret=frozenset() if isinstance(self.live, MemoryStore) else secret)
        editions = self.editions = self._open_editions(pack, encoder, before.dialogue if before else None)
        try:
            recogniser = self._recogniser = listening.result()
            for domain in first_domains(pack, configuration):
                recogniser.prepare(domain)
            voice = speaking.result()
        except Exception as error:  # whatever it is that keeps us from speaking, keys can still be pressed
            known = isinstance(error, VoicebotError)
            self.trouble = str(error) if known else f"speech can't be loaded ({type(error).__name__}); see the log."
            _log.error("speech can't be loaded", reason=self.trouble, place="" if known else place(error))
            progress("no speech")
        else:
            self.ready = True
            progress("ready")
            if not configuration.most_calls:
                self._in_background(self._measure, pack, voice, recogniser)
            self._in_background(self._forget_daily)
            self._in_background(self._give_back_memory)
            self._in_background(self._prepare_domains, recogniser, editions.active.domains)
            self._in_background(self._speak_better, pack, voice)
            if encoder is not None:
                self._in_background(editions.learn, StoppableEncoder(encoder, self._closed, self._patience.wait))
        self._stop_looking = self.bus.subscribe(TOPIC, lambda _message: editions.wake())
        at_once = StoppableEncoder(encoder, self._closed) if encoder is not None else None
        self._in_background(editions.keep_looking, at_once, self._closed)
        self._in_background(self._shadowing.run, editions, self._closed)

    def _open_editions(self, pack: Pack, encoder: Encoder | None, dialogue: Dialogue | None) -> InService:
        opening = Opening(
            self.configuration,
            self.versions,
            encoder,
            today=lambda: self._now().date(),
            measured=lambda backend: MeasuredBackend(backend, self.monitor.service),
        )
        self.monitor.serves(pack.name, pack.version)
        return InService(
            opening.of(pack, dialogue=dialogue),
            opening,
            self.versions,
            LastServing(self.configuration.var, pack.name),
            prepare=self._prepare_edition,
            changed=lambda edition: self.monitor.serves(edition.pack.name, edition.pack.version),
            failed=lambda _version: self.monitor.service.versions_not_loaded.inc(),
        )

    def _prepare_edition(self, edition: Edition) -> None:
        """What would keep its first callers waiting is done before it gets any."""
        if self.ready and self._recogniser is not None and self._voice is not None:
            self._prepare_domains(self._recogniser, edition.domains)
            self._voice.prepare(phrases(edition.pack, self.configuration.language), within_s=PHRASES_WITHIN_S)

    def _tell_versions(self, pack: str) -> None:
        self.bus.publish(TOPIC, {"pack": pack})

    @property
    def dialogue(self) -> Dialogue | None:
        """Understands and decides, for callers who are of no share; None before it is loaded."""
        return self.editions.active.dialogue if self.editions else None

    def _conversation(self, edition: Edition) -> Conversation:
        assert self._recogniser is not None
        assert self._voice is not None
        return Conversation(
            dialogue=edition.dialogue,
            domains=edition.domains,
            recogniser=MeasuredRecogniser(self._recogniser, self.monitor.service),
            voice=self._voice,
            backend=edition.backend,
            pools=self._pools,
            bridge=edition.bridge,
            keeping=self._keeping,
            kept=self._kept,
            history=self._take_down,
            log=self._log,
            record=self._recorder if self.configuration.record_calls == "consent" else None,
            rating=RatingShare(self.configuration.csat_share),
            on_version=self._on_version,
            overheard=self._shadowing.overhear,
            longest_s=self.configuration.longest_call_s,
        )

    def _on_version(self, version: str) -> Conversation | None:
        edition = self.editions.of(version) if self.editions else None
        return self._conversation(edition) if edition else None

    @functools.cached_property
    def keyed(self) -> KeyedCalls:
        """Calls that are held by keys alone: from when the content is loaded on, with or without speech."""
        today = lambda: self._now().date().isoformat()  # noqa: E731
        return KeyedCalls(self._keyed_conversation, today=today, followers=self._followers)

    def _keyed_conversation(self, caller: Caller | None, version: str) -> KeyedConversation | None:
        editions = self.editions
        if editions is None or self._closed.is_set():
            return None
        edition = editions.of(version) or (editions.for_call(caller) if caller else editions.active)
        asking, speaking = self._pools.asking, self._pools.speaking
        assert asking is not None
        assert speaking is not None
        return KeyedConversation(
            dialogue=edition.dialogue,
            backend=edition.backend,
            asking=asking,
            speaking=speaking,
            voice=self._voice,
            keeping=self._keeping,
            kept=self._kept,
            history=self._take_down,
            log=self._log,
            variants=self._variants,
            rating=RatingShare(self.configuration.csat_share),
            longest_s=self.configuration.longest_call_s,
        )

    def _take_down(self, record: Record) -> None:
        """What a call tells, for the history and for the metrics. Returns at once."""
        self.monitor.keep(record)
        if self.history is not None:
            self.history.keep(record)

    def _start_monitor(self) -> None:
        history = self.history
        self.monitor.start(
            traces=open_traces(self.configuration.otel_endpoint),
            pool=self._decoding,
            history=(lambda: history.state) if history else None,
            waiting=functools.partial(_waiting, history) if history else None,
        )

    @functools.cached_property
    def recordings(self) -> CallRecordings:
        """The calls whose callers agreed to it. Raises SealError for a key that is too short."""
        configuration = self.configuration
        return CallRecordings(
            configuration.var / "recordings", open_sealer(configuration), today=lambda: self._now().date()
        )

    def _recorder(self, call_id: str) -> CallRecorder:
        recording = self._pools.recording
        assert recording is not None
        return CallRecorder(self.recordings, recording, call_id)

    @functools.cached_property
    def _keeping(self) -> Keeping:
        return Keeping(self._profiles, self.callbacks, self._now)

    def _pseudonym(self, number: str) -> str:
        return self._profiles.pseudonym(number) if self._profiles is not None else ""

    def _variants(self, pack: Pack, caller: Caller, language: str) -> Mapping[str, str]:
        """What a call gets of the experiments that run."""
        whose = self._pseudonym(caller.number) or caller.number or caller.call_id
        return self._experiments.assign(pack, whose, language=language, channel=caller.channel)

    @property
    def _database(self) -> Database | None:
        return self.history.database if self.history is not None else None

    @functools.cached_property
    def callbacks(self) -> Callbacks:
        """The call-backs that callers asked for."""
        return open_callbacks(self.configuration, self._database)

    @functools.cached_property
    def office(self) -> Office:
        """The people behind the bot; also before `load` is done."""
        return Office(
            hours=lambda: OpeningHours(self.configuration.hours or (self._pack.hours if self._pack else None)),
            name=lambda language: self._pack.languages[language].name if self._pack else "",
            hand_overs=self.hand_overs,
            callbacks=self.callbacks,
            voicemails=open_voicemails(self.configuration, self._database),
            now=self._now,
        )

    @property
    def _pack(self) -> Pack | None:
        return self.dialogue.pack if self.dialogue else None

    def _forget_old(self) -> None:
        """What callers left is kept as long as what they said."""
        before = self._now() - timedelta(days=self.configuration.transcript_days)
        call_log.expire(self.configuration.var / "calls", before.date())
        try:
            self.office.callbacks.expire(before)
            self.office.voicemails.expire(before)
            self.recordings.expire(self._now().date() - timedelta(days=self.configuration.recording_days))
            mined_embeddings.expire(self.configuration.var, before)
        except (SQLAlchemyError, OSError) as error:  # no reason not to take calls
            _log.warning("what is past its time could not be deleted", error=type(error).__name__)

    def _give_back_memory(self) -> None:
        """glibc keeps what calls needed, and grows by 70 kB a call where nobody asks for it back."""
        while not self._closed.wait(_GIVE_BACK_EVERY_S):
            give_back()

    def _forget_daily(self) -> None:
        while not self._closed.wait(_FORGET_EVERY_S):
            self._forget_old()

    def _keep_off(self, work: Callable[[], None]) -> None:
        pool = self._pools.keeping
        assert pool is not None
        pool.submit(work)

    def _keep_hand_over(self, call_id: str, entry: Entry) -> None:
        """A call's last entry tells how it ended; whoever takes it over finds there what was said."""
        call = self.keyed.find(call_id) or self._calls.get(call_id)
        editions = self.editions
        if entry.who == "call" and entry.decision in ("hand_over", "failed") and call and editions:
            pack = (editions.of(call.state.version) or editions.active).pack
            outcome = Outcome(**entry.facts)
            self.hand_overs.put(hand_over_context(call.caller, outcome, call.journal, call.state, pack, self._now()))

    @property
    def is_crowded(self) -> bool:
        """Whether this process has half of the calls that it holds well: then nothing else should begin."""
        return self._taken >= 0.5

    @property
    def _taken(self) -> float:
        """Share of this process's places that calls have taken."""
        running = sum(call.running for call in tuple(self._calls.values()))
        return running * self.configuration.workers / max(1, self.capacity)

    def _pressure(self) -> Pressure:
        return Pressure(self._decoding.waits_s, self._taken)

    def _is_busy(self) -> bool:
        return any(call.running for call in tuple(self._calls.values())[-_CALLS_LOOKED_AT:])

    def _in_background(self, work: Callable[..., None], *arguments: object) -> None:
        """Work that can wait, and gives way to calls."""

        def at_low_priority() -> None:
            lower_priority(_NICENESS, threading.get_native_id())
            work(*arguments)
            give_back()

        thread = threading.Thread(target=at_low_priority, name=work.__name__.strip("_"), daemon=True)
        self._background.append(thread)
        thread.start()

    @functools.cached_property
    def _profiles(self) -> CallerProfiles | None:
        configuration = self.configuration
        if not configuration.remember_callers:
            return None
        profiles = open_profiles(configuration, self._database)
        profiles.expire()
        return profiles

    def _open_voice(self, pack: Pack, progress: Progress) -> TelephoneVoice:
        voice = self._voice = open_voice(pack, self.configuration, self.monitor.service)
        if not self._hurry:
            speak_first(pack, voice, self.configuration.language, progress)
        return voice

    def _speak_better(self, pack: Pack, voice: TelephoneVoice) -> None:
        """What a quicker engine spoke, because the best would have held up the start, is made by the best one; then it
        reads pieces of sentences, for moments in which there is no time to make them whole."""
        language = self.configuration.language
        voice.warm_up(pack.languages)
        for phrase in phrases(pack, language):
            self._patience.wait()
            if self._closed.is_set():
                return
            voice.prepare([phrase])
        patience = Patience(self._is_busy, self._closed, math.inf)

        def go_on() -> bool:
            patience.wait()
            return not self._closed.is_set()

        for spoken in sorted(pack.languages, key=lambda spoken: spoken != language):
            read_ahead(pack, voice, spoken, self.configuration.var, go_on)

    def _measure(self, pack: Pack, voice: TelephoneVoice, recogniser: TwoListeners) -> None:
        """See `voicebot.capacity`. The workers of a machine go by the measure of the first."""
        language = self.configuration.language
        greeting = pack.languages[language].replies["go_ahead"][0].render({}, language)
        domain = next(first_domains(pack, self.configuration))
        measured = capacity.measure(recogniser, domain, voice.speak(greeting, language))
        agreed = self.live.change(
            "capacity", machine(self.configuration) or "calls", lambda known: known or str(measured.calls), _MEASURED_S
        )
        self.capacity = int(agreed or measured.calls)
        _log.info("capacity", calls=self.capacity, cores=measured.cores, listening=measured.listening)

    def _prepare_domains(self, recogniser: TwoListeners, domains: PackDomains) -> None:
        """The other questions' domains: none is asked in the first seconds, and one that is, is compiled then."""
        for domain in domains.all:
            if self._closed.is_set():
                return
            recogniser.prepare(domain)

    def answer(self, caller: Caller, channel: Channel) -> LiveCall:
        """See `Answering`. Raises RuntimeError before `load` is done."""
        if self.editions is None or not self.ready:
            raise RuntimeError("the service is not loaded yet")
        journal = self._journals.get(caller.call_id) or Journal(caller.call_id, self._followers)
        edition, language = self.editions.for_call(caller), caller.language or self.configuration.language
        state = edition.dialogue.begin(language, variants=self._variants(edition.pack, caller, language))
        today = self._now().date().isoformat()
        call = Call(caller, channel, self._conversation(edition), journal, today=today, state=state)
        self._announcer.begin(journal, pack=edition.pack.name, language=state.language, channel=caller.channel)
        self._calls[caller.call_id] = call
        self._calls.move_to_end(caller.call_id)
        self._journals[caller.call_id] = journal
        self._journals.move_to_end(caller.call_id)
        self._forget_calls()
        return call

    def _forget_calls(self) -> None:
        over = [call_id for call_id, call in self._calls.items() if not call.running]
        for call_id in over[:-_OVER_KEPT]:
            del self._calls[call_id]
        gone = [call_id for call_id in self._journals if call_id not in self._calls]
        for call_id in gone[: max(0, len(self._journals) - _JOURNALS_KEPT)]:
            del self._journals[call_id]

    def _running_call(self, call_id: str) -> Call | None:
        call = self._calls.get(call_id)
        return call if call is not None and call.running else None

    @property
    def knowledge(self) -> Mapping[str, KnowledgeBase]:
        """The pack's documents by language; none before they are loaded."""
        return self.editions.active.knowledge if self.editions else {}

    def speak(self, text: str, language: str) -> Pcm:
        """`text` in the bot's voice, 8 kHz; nothing where it can't speak. Blocking."""
        return self._voice.speak(text, language) if self._voice is not None else np.zeros(0, np.int16)

    def captions(self, language: str, told: Captioned) -> Captioner | None:
        """Hears somebody who talks with a person, on the running event loop; None where nobody listens."""
        recogniser, pack, pools = self._recogniser, self._pack, self._pools
        if not self.configuration.agent_captions or recogniser is None or pack is None or self._closed.is_set():
            return None
        if language not in pack.languages or pools.listening is None or pools.thinking is None:
            return None
        domain = PackDomains(pack).domain("open", language)
        return Captioner(recogniser, domain, told, listening=pools.listening, second=pools.thinking)

    def journal(self, call_id: str) -> Journal | None:
        """What is known of a call, running or lately over, here or in another process that shares the live state."""
        call = self._calls.get(call_id)
        if call is not None and call.running:
            return call.journal
        kept = self._kept.find(call_id) if self._kept else None
        if kept is None:
            return self._journals.get(call_id)
        journal = Journal(call_id)
        journal.entries[:] = kept.entries
        return journal

    def close(self) -> None:
        """Give back threads and processes. No call may be running."""
        self._closed.set()
        self.ready = False
        self._stop_obeying()
        self._stop_looking()
        if self.editions is not None:
            self.editions.wake()
        self._announcer.close()
        for thread in self._background:
            thread.join(_WORK_ENDS_S)
        for pool in (self._pools.listening, self._pools.thinking, self._pools.asking, self._pools.speaking):
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)
        if self._pools.keeping is not None:
            self._pools.keeping.shutdown()
        if self._pools.recording is not None:
            self._pools.recording.shutdown()
        self._experiments.close()
        self.live.close()
        self.monitor.close()
        if self._voice is not None:
            self._voice.close()
        if self._recogniser is not None:
            self._recogniser.close()
        if self._log is not None:
            self._log.close()
        if self.history is not None:
            self.history.close()


def _waiting(history: CallHistory) -> tuple[float, float] | None:
    return waiting_now(history.database, datetime.now(UTC)) if history.prepared else None


def build(configuration: Configuration, *, followers: tuple[Follower, ...] = ()) -> Service:
    """A service that is loaded and ready."""
    service = Service(configuration, followers=followers)
    service.load()
    if service.trouble:
        service.close()
        raise SpeechError(service.trouble)
    return service
