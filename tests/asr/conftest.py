from __future__ import annotations

from pathlib import Path

import pytest

from asr_models import catalogue, resolver
from tests.asr.speech import Hear
from voicebot.asr.port import Domain, Recognition, Sentence
from voicebot.asr.vosk_listener import VoskRecogniser
from voicebot.audio.format import FRAME_BYTES


@pytest.fixture(scope="session")
def korean_model() -> Path:
    found = resolver.find(catalogue.model("vosk-ko"), {}, Path("var"))
    if found is None:
        pytest.skip("the Korean Vosk model is not installed")
    return found.folder


@pytest.fixture(scope="session")
def recogniser(korean_model: Path) -> VoskRecogniser:
    return VoskRecogniser({"ko": korean_model})


@pytest.fixture(scope="session")
def hear(recogniser: VoskRecogniser) -> Hear:
    """Feeds sound in frames of 20 ms."""

    def heard(sound: bytes, domain: Domain) -> Recognition:
        utterance = recogniser.listen(domain)
        for start in range(0, len(sound), FRAME_BYTES):
            utterance.feed(sound[start : start + FRAME_BYTES])
        return utterance.finish()

    return heard


@pytest.fixture(scope="session")
def support_line() -> Domain:
    """Sentences of a support line, each with a meaning of its own."""
    texts = """
    배송 언제 도착하나요
    카드를 잃어버렸어요
    상담원 연결해 주세요
    환불하고 싶어요
    연차가 며칠 남았나요
    네
    아니요
    맞습니다
    주문을 취소하고 싶어요
    영업시간이 어떻게 되나요
    비밀번호를 잊어버렸어요
    주소를 변경하려고 합니다
    요금이 왜 이렇게 많이 나왔나요
    예약 날짜를 바꾸고 싶습니다
    포인트를 어떻게 사용하나요
    급여일이 언제인가요
    여권 재발급에 필요한 서류가 뭐예요
    감사합니다
    """.strip().splitlines()
    return Domain("support", "ko", tuple(Sentence(text.strip(), text.strip()) for text in texts))
