"""Listening side by side: free Vosk, Whisper alone, and ours with one listener and with two, on the same utterances.

    python benchmarks/peers/listening.py --peers PEERS/bin/python --whisper FOLDER [--phrases 4] [--json]

`domain`: human Korean speech (../shared/speech; whole clips and phrases cut out of them), and 300 sentences of which
the one said is one; each is heard once more with 300 others. The peers' words are looked up as the sentence nearest in
jamo. `shop`: what callers say in the shop's test dialogues and means something without what was asked before, in the
voice of Kokoro (`said.py`), which Vosk hears worse than people, and the support-line clips of ../shared/speech in the
voice of MBROLA, which Whisper hears worse; the intent by the shop's understanding of text, right is what that makes of
the words themselves. `outside`: human speech that has nothing to do with the shop.

Everything is 8 kHz mu-law in chunks of 100 ms. Processor time is that of the listening alone, one thread: per second
of speech, and after the last sample, which is the least a caller waits for it. `right accepted at 5 % outside`: each
system's threshold is put so that 5 % of what is outside is accepted. The peers offer no such threshold: for them it is
put on how near the nearest sentence is. Intervals are 95 %, Wilson's or by bootstrap. PEERS: README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import said
from asr_utterances import SHARED, WORSENINGS, Cutter, Spoken, clips, on_the_telephone, other_sentences
from asr_verification import korean_model
from interval import bootstrapped, share
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from recognisers import FreeVosk, WhisperOnly, Words
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from voicebot import config
from voicebot.asr.domain_graph import key_of
from voicebot.asr.port import Domain, Recogniser, Sentence, Verdict
from voicebot.asr.segmentation import Segmenter
from voicebot.asr.spoken_forms import spoken_forms
from voicebot.asr.two_opinions import better, is_doubtful
from voicebot.asr.vocabulary import read_vocabulary
from voicebot.audio.format import SAMPLE_RATE
from voicebot.dialogue.domains import PackDomains
from voicebot.listeners import open_recogniser
from voicebot.loading import open_dialogue, open_pack

_CHUNK = SAMPLE_RATE // 10 * 2
"""Bytes: 100 ms."""


@dataclass(frozen=True)
class Heard:
    """What one system made of one utterance with one domain."""

    text: str
    """Words, or the domain's sentence."""
    transcribed: bool
    """Whether they are words, which a character error rate can be told of."""
    score: float
    """How sure it is, comparable within the system."""
    verdict: Verdict
    cpu_s: float
    after_s: float
    """Of it, after the last sample."""


System = Callable[[bytes, Domain], Heard]


def chunks(sound: bytes) -> Sequence[bytes]:
    return [sound[start : start + _CHUNK] for start in range(0, len(sound), _CHUNK)]


def by_words(peer: FreeVosk | WhisperOnly) -> System:
    """A system that transcribes, and knows no domain: the same words serve all domains."""
    known: dict[bytes, tuple[Words, float]] = {}

    def hear(sound: bytes, domain: Domain) -> Heard:
        if sound not in known:
            began = time.process_time()
            utterance = peer.begin()
            for chunk in chunks(sound):
                utterance.feed(chunk)
            words = utterance.finish()
            own = time.process_time() - began
            known[sound] = words, own if isinstance(peer, FreeVosk) else own + words.cpu_s
        words, cpu_s = known[sound]
        key = key_of(words.text)
        nearness = [Levenshtein.normalized_similarity(key, wanted) for wanted in _keys(domain)] if key else [0.0]
        verdict = Verdict.ACCEPT if key else Verdict.REJECT
        return Heard(words.text, True, max(nearness), verdict, cpu_s, words.cpu_s)

    return hear


def ours(recogniser: Recogniser) -> System:
    """As a call listens: words where they are needed, a closer look at the end, the second listener where in doubt."""

    def hear(sound: bytes, domain: Domain) -> Heard:
        began = time.process_time()
        utterance = recogniser.listen(domain)
        for chunk in chunks(sound):
            utterance.feed(chunk) if recogniser.streams(domain) else utterance.take(chunk)
        last = time.process_time()
        utterance.peek()
        found = utterance.finish()
        if recogniser.hears_twice and is_doubtful(found, domain):
            found = better(found, recogniser.second_opinion(sound, domain), domain)
        over = time.process_time()
        return Heard(found.text, False, found.score, found.verdict, over - began, over - last)

    return hear


_KEYS: dict[str, list[str]] = {}


def _keys(domain: Domain) -> list[str]:
    return _KEYS.setdefault(domain.name, [key_of(sentence.text) for sentence in domain.sentences])


def nearest(text: str, domain: Domain) -> str:
    """The domain's sentence nearest in jamo."""
    keys = _keys(domain)
    found = process.extractOne(key_of(text), keys, scorer=Levenshtein.normalized_similarity)
    return domain.sentences[found[2]].text if found and text else ""


def told(row: dict[str, str]) -> dict[str, str]:
    """The row, told at once: the whole takes its time."""
    tqdm.write(json.dumps(row, ensure_ascii=False), file=sys.stderr)
    return row


def character_errors(wanted: str, heard: str) -> tuple[int, int]:
    """Errors and characters, without spaces and punctuation; figures as they may have been spoken."""
    letters = "".join(char for char in wanted if char.isalnum())
    errors = min(
        Levenshtein.distance(letters, "".join(char for char in form if char.isalnum()))
        for form in (heard, *spoken_forms(heard, "ko"))
    )
    return errors, len(letters)


def error_rate(pairs: Sequence[tuple[int, int]]) -> float:
    return 100 * sum(errors for errors, _ in pairs) / max(1, sum(length for _, length in pairs))


def accepted_at(outside: Sequence[Heard], right: Sequence[Heard], total: int, allowed: float = 0.05) -> str:
    """Right ones above the threshold that lets so much of what is outside through."""
    scores = sorted((one.score for one in outside), reverse=True)
    threshold = scores[int(allowed * len(scores))]
    return share(sum(one.score > threshold for one in right), total).text()


def cost(name: str, all_heard: Sequence[Heard], utterances: Sequence[Spoken]) -> dict[str, str]:
    seconds = sum(len(one.pcm) for one in utterances) / SAMPLE_RATE
    afters = sorted(one.after_s for one in all_heard)
    return {
        "system": name,
        "n": str(len(all_heard)),
        "core a second of speech": f"{sum(one.cpu_s for one in all_heard) / seconds:.3f}",
        "s after the end, median": f"{afters[len(afters) // 2]:.3f}",
        "95 %": f"{afters[int(0.95 * (len(afters) - 1))]:.3f}",
    }


def human_clips(options: argparse.Namespace) -> list[Spoken]:
    """Whole ones, without digit strings."""
    return [clip for clip in clips(options.data, "ko") if "," not in clip.text and not clip.synthetic][: options.clips]


def domain_rows(systems: dict[str, System], options: argparse.Namespace) -> list[dict[str, str]]:
    """Human speech and 300 sentences."""
    chance = random.Random(7)
    model = korean_model()
    segmenter = Segmenter(read_vocabulary(model), "ko")
    cutter = Cutter(model, segmenter)
    whole = human_clips(options)
    cuts = [cut for clip in whole for cut in cutter.phrases(clip, options.phrases, chance)]
    fillers = chance.sample(other_sentences(segmenter), 600)
    outside = _domain("outside", fillers[:300])
    rows = []
    for kind, clean in (("whole clips", whole), ("phrases", cuts)):
        own = list(dict.fromkeys(clip.text for clip in clean))
        inside = _domain(f"inside {kind}", [*own, *fillers[300:]][: max(300, len(own))])
        ways = ("", "worsened") if options.worsened else ("",)
        said_so = [on_the_telephone(clip, chance, way and chance.choice(WORSENINGS)) for clip in clean for way in ways]
        for name, system in systems.items():
            heard = [system(one.pcm.tobytes(), inside) for one in tqdm(said_so, f"{kind}, {name}")]
            away = [system(one.pcm.tobytes(), outside) for one in tqdm(said_so, f"outside, {name}")]
            words = [nearest(one.text, inside) if one.transcribed else one.text for one in heard]
            right = [h for h, found, one in zip(heard, words, said_so, strict=True) if found == one.text]
            wrong = sum(h.verdict is Verdict.ACCEPT for h in heard) - sum(h.verdict is Verdict.ACCEPT for h in right)
            pairs = [character_errors(one.text, h.text) for one, h in zip(said_so, heard, strict=True)]
            rows.append(
                told(
                    {
                        "utterances": kind,
                        **cost(name, heard, said_so),
                        "right sentence %": share(len(right), len(heard)).text(),
                        "CER %": bootstrapped(pairs, error_rate).text() if heard[0].transcribed else "-",
                        "wrong and accepted %": share(wrong, len(heard)).text(),
                        "outside accepted %": share(sum(h.verdict is Verdict.ACCEPT for h in away), len(away)).text(),
                        "right accepted at 5 % outside": accepted_at(away, right, len(heard)),
                    }
                )
            )
    return rows


def shop_rows(systems: dict[str, System], options: argparse.Namespace) -> list[dict[str, str]]:
    """The shop's own questions, and human speech about anything else."""
    configuration = config.load(pack="shop", language="ko")
    pack = open_pack(configuration)
    understander = open_dialogue(pack, configuration.var).understander("ko")
    domain = PackDomains(pack).domain("open", "ko")
    written = {key_of(sentence.text) for sentence in domain.sentences}
    texts = [text for text in said.shop_questions() if understander.understand(text).intent is not None]
    texts = texts[: options.lines]
    said.make(texts)
    questions = [Spoken(said.spoken(text), text, "kokoro", text, synthetic=True) for text in texts]
    known = [one for one in questions if key_of(one.text) in written]
    unknown = [one for one in questions if key_of(one.text) not in written]
    chance = random.Random(3)
    human = [on_the_telephone(clip, chance) for clip in human_clips(options)]
    away = [one for one in human if understander.understand(one.text).intent is None]
    mbrola = [
        on_the_telephone(clip, chance)
        for clip in clips(options.data, "ko")
        if clip.synthetic and understander.understand(clip.text).intent is not None
    ]
    groups = {
        "Kokoro, as in the templates": known,
        "Kokoro, in other words": unknown,
        "MBROLA": mbrola[: options.clips],
        "outside": away,
    }
    rows = []
    for kind, utterances in groups.items():
        if options.only and kind not in options.only:
            continue
        wanted = [understander.understand(one.text).intent for one in utterances]
        for name, system in systems.items():
            heard = [system(one.pcm.tobytes(), domain) for one in tqdm(utterances, f"{kind}, {name}")]
            intents = [
                None if one.verdict is Verdict.REJECT else understander.understand(one.text).intent for one in heard
            ]
            right = sum(intent == want for intent, want in zip(intents, wanted, strict=True))
            wrong = sum(
                intent is not None and intent != want and one.verdict is Verdict.ACCEPT
                for intent, want, one in zip(intents, wanted, heard, strict=True)
            )
            pairs = [character_errors(one.text, h.text) for one, h in zip(utterances, heard, strict=True)]
            rows.append(
                told(
                    {
                        "utterances": f"shop, {kind}",
                        **cost(name, heard, utterances),
                        "right intent %": share(right, len(heard)).text(),
                        "asked yes or no %": share(
                            sum(one.verdict is Verdict.CONFIRM for one in heard), len(heard)
                        ).text(),
                        "CER %": bootstrapped(pairs, error_rate).text() if heard[0].transcribed else "-",
                        "another intent accepted %": share(wrong, len(heard)).text(),
                        "asked again %": share(sum(intent is None for intent in intents), len(heard)).text(),
                    }
                )
            )
    return rows


def _domain(name: str, texts: Sequence[str]) -> Domain:
    return Domain(name, "ko", tuple(Sentence(text, text) for text in texts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="Python of the peers' environment")
    parser.add_argument("--whisper", type=Path, required=True, help="folder of whisper-base")
    parser.add_argument("--data", type=Path, default=SHARED / "speech/manifest.jsonl")
    parser.add_argument("--phrases", type=int, default=4, help="cut out of each human clip")
    parser.add_argument("--worsened", action="store_true", help="each utterance once more: faster, noisier ...")
    parser.add_argument("--clips", type=int, help="human ones, at most")
    parser.add_argument("--lines", type=int, help="of the shop's dialogues, at most")
    parser.add_argument("--only", nargs="*", help="of the shop's groups, such as MBROLA or outside")
    parser.add_argument("--part", choices=("domain", "shop"), help="only this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configuration = config.load(pack="shop", language="ko")
    configuration = configuration.model_copy(
        update={"model_paths": {**configuration.model_paths, "whisper-base": options.whisper}}
    )
    pack = open_pack(configuration)
    alone = open_recogniser(pack, configuration.model_copy(update={"second_listener": False}))
    both = open_recogniser(pack, configuration)
    whisper = WhisperOnly(options.peers, options.whisper, "ko")
    systems = {
        "free Vosk": by_words(FreeVosk(korean_model())),
        "Whisper only": by_words(whisper),
        "ours, one listener": ours(alone),
        "ours, two listeners": ours(both),
    }
    tables = []
    if options.part != "shop":
        tables.append(domain_rows(systems, options))
    if options.part != "domain":
        tables.append(shop_rows(systems, options))
    whisper.close()
    both.close()
    if options.json:
        print(json.dumps(tables, indent=2, ensure_ascii=False))
        return
    for rows in tables:
        table = Table()
        for column in rows[0]:
            table.add_column(column)
        for row in rows:
            table.add_row(*row.values())
        Console(width=240).print(table)


if __name__ == "__main__":
    main()
