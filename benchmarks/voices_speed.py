"""How soon each engine that is here has spoken a new sentence, and what that costs.

    python benchmarks/voices_speed.py

Prints for every engine and language the wall time from asking to the whole sound of a new sentence (median and longest
of eight, the workers warm), the speech that was made, and the CPU time of its processes, loading included.
"""

from __future__ import annotations

import resource
import statistics
import time

from voicebot import config
from voicebot.tts.engines import LANGUAGES, installed
from voicebot.tts.port import NORMAL, Engine

SENTENCES = {
    "ko": (
        "네, 확인했습니다.",
        "주문하신 상품은 내일 도착해요.",
        "전화번호 뒷자리를 말씀해 주세요.",
        "상담원에게 연결해 드릴게요.",
        "취소는 보내기 전까지 하실 수 있어요.",
        "더 도와드릴 일이 있으신가요?",
        "배송비는 삼천 원이에요.",
        "어떤 상품을 찾으시나요?",
    ),
    "en": (
        "All right, I have found it.",
        "Your order arrives tomorrow afternoon.",
        "What are the last four digits of your number?",
        "I'll put you through to a colleague.",
        "You can cancel until we have sent it.",
        "Is there anything else I can do for you?",
        "Shipping costs three thousand won.",
        "Which product are you looking for?",
    ),
}


def measure(engine: Engine, language: str) -> str:
    """One line of the table."""
    engine.warm_up()
    engine.synthesise("네." if language == "ko" else "Yes.", language, NORMAL)
    waits, seconds = [], 0.0
    for sentence in SENTENCES[language]:
        began = time.perf_counter()
        sound = engine.synthesise(sentence, language, NORMAL)
        waits.append(time.perf_counter() - began)
        seconds += len(sound.pcm) / sound.rate
    middle, longest = statistics.median(waits), max(waits)
    waited = f"median {middle * 1000:5.0f} ms  longest {longest * 1000:5.0f} ms"
    return f"{language}  {engine.name:<10}  {waited}  {seconds:4.1f} s"


def main() -> None:
    """Every engine in every language, one after the other."""
    for language in LANGUAGES:
        for engine in installed(config.load()):
            if language in engine.languages:
                before = _cpu()
                line = measure(engine, language)
                engine.close()
                print(f"{line} of speech, {_cpu() - before:.1f} s of CPU")
            else:
                engine.close()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
