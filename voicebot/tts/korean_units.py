"""Units of measure and counters as they are said in Korean."""

from __future__ import annotations

import re

from voicebot.nlu import numerals

UNITS = {
    **{"%p": "퍼센트포인트", "%": "퍼센트", "‰": "퍼밀", "ppm": "피피엠", "P": "포인트"},
    **{
        "km/h": "킬로미터",
        "m/s": "미터 퍼 세컨드",
        "Mbps": "메가비피에스",
        "Gbps": "기가비피에스",
        "Kbps": "킬로비피에스",
    },
    **{"MB/s": "메가바이트 퍼 세컨드", "kcal": "킬로칼로리", "cal": "칼로리", "kWh": "킬로와트시", "Wh": "와트시"},
    **{
        "kg": "킬로그램",
        "mg": "밀리그램",
        "μg": "마이크로그램",
        "µg": "마이크로그램",
        "g": "그램",
        "t": "톤",
        "lb": "파운드",
    },
    **{
        "oz": "온스",
        "km²": "제곱킬로미터",
        "km": "킬로미터",
        "cm²": "제곱센티미터",
        "cm": "센티미터",
        "mm": "밀리미터",
    },
    **{"m²": "제곱미터", "m³": "세제곱미터", "m": "미터", "ha": "헥타르", "ft": "피트", "nm": "나노미터"},
    **{"mL": "밀리리터", "ml": "밀리리터", "L": "리터", "l": "리터", "cc": "씨씨", "dl": "데시리터"},
    **{"TB": "테라바이트", "GB": "기가바이트", "MB": "메가바이트", "KB": "킬로바이트", "kB": "킬로바이트"},
    **{"mAh": "밀리암페어시", "Ah": "암페어시", "mA": "밀리암페어", "A": "암페어", "kW": "킬로와트", "W": "와트"},
    **{"kV": "킬로볼트", "V": "볼트", "kHz": "킬로헤르츠", "MHz": "메가헤르츠", "GHz": "기가헤르츠", "Hz": "헤르츠"},
    **{"dB": "데시벨", "hPa": "헥토파스칼", "kPa": "킬로파스칼", "rpm": "알피엠", "fps": "에프피에스"},
    **{"℃": "도", "°C": "도", "℉": "화씨", "°F": "화씨", "°": "도", '"': "인치", "″": "인치"},
    **{"USD": "달러", "KRW": "원", "EUR": "유로", "JPY": "엔"},
}
UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))

_MORE_NATIVE = "팀 종류 식구 꼭지 다스 문제 문장 단어 과목 걸음 업체 회사 매장 지점 나라 도시 갑 그룹"
_MORE_SINO = "영업일 근무일 순위 호점 개국어 주차 년차 개소 마일 마력 에이커 프레임 캐럿 촌 승 패"
_NATIVE = numerals.NATIVE_COUNTERS.union(_MORE_NATIVE.split())
_SINO = numerals.SINO_COUNTERS.union(_MORE_SINO.split())
COUNTERS = "|".join(sorted(_NATIVE | _SINO, key=len, reverse=True))


def is_native(counter: str) -> bool:
    """Whether a counter takes native numbers and no others."""
    return counter in _NATIVE and counter not in _SINO


def counted(number: int, counter: str) -> str:
    """The number's words before a counter. Native ones fall to Sino-Korean above 99."""
    return numerals.native_prenominal(number) if is_native(counter) and 1 <= number <= 99 else numerals.sino(number)
