"""Names of people in Korean: a surname and one or two syllables, where the words around say that a person is named.

Surnames after the population census of 2015 (Statistics Korea): those that cover 99 % of the people, and the two-syllable
ones. Given names: the syllables that names are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.privacy.kinds import Found

_SURNAMES = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용라나예경봉사부가복태목형피두감음빈동온호범승간견당팽단"
_DOUBLE = "남궁|황보|제갈|사공|선우|서문|독고|동방"
_GIVEN = (
    "가강건겸경계고공관광교구국권귀규균근금기길김나난남내녀노누늘다단달담대덕도동두라란람래려련령로록루륜률름리린림마만말매명모"
    "무묵문미민바반방배백범별병보복봄봉부비빈빛사산삼상새샘서석선설섭성세소솔송수숙순숭슬승시식신실심아안애양언엄여연열엽영예오옥온완왕"
    "요용우욱운웅원월위유윤율융으은을음응의이익인일임자장재전절점정제조종좌주준중지직진찬창채천철청초춘충치태택판평포표품풍필하학한해"
    "향허헌혁현형혜호홍화환활황회효후훈휘휴흔희힘찬랑결들"
)
_ONE = rf"(?:(?:{_DOUBLE}) ?[{_GIVEN}] ?[{_GIVEN}]|(?:{_DOUBLE}) ?[{_GIVEN}]|[{_SURNAMES}] ?[{_GIVEN}] ?[{_GIVEN}])"
"""Whole names of three or four syllables; recognisers put spaces into them."""
_SHORT = rf"[{_SURNAMES}] ?[{_GIVEN}]"
_COPULA = r"(?:이라고|라고|이라|이에요|예요|에요|입니다|인데요|인데|이고요|이고|고요|이구요|구요|이요|이야|야|거든요|이거든요|이며|이니까|요)"
_END = rf"(?= ?{_COPULA}(?:[^가-힣]|$| ?(?:합|해|하|불|부))|[.,!?…\"'/]|$)"
_ROLES = (
    r"이름|성함|성명|존함|예금주|수령인|수취인|받는 ?(?:사람|분)|받으실 ?분|보내는 ?(?:사람|분)|명의자?|신청인|신청자|대리인|보호자|가입자|주문자"
    r"|구매자|계약자|피보험자|본인|환자|아버지|어머니|남편|아내|딸|아들|배우자|담당자|입금자(?:명)?|주문하신 분"
)
_NAMED = re.compile(
    rf"(?:{_ROLES})(?: ?(?:이름|성함))?(?:은|는|이|가|란은|란에는|란에|을|를|도|께서는)?(?:,? |: ?|,)(?:저는 |음+,? |어+,? |그,? |네,? |제가 )?"
    rf"(?:(?P<name>{_ONE})(?:{_END}|(?= ?(?:씨|님)(?![가-힣])|(?:이|가|은|는|을|를|으로|로|와|과|이랑) | ?(?:이고 )?(?:연락처|전화|휴대|번호|주소|생년)))|(?P<short>{_SHORT}){_END})"
)
_GIVEN_ONLY = re.compile(
    rf"(?:제|내|저희 \S+|아이|아기)? ?(?:이름|성함)(?:은|는|이)? (?P<name>[가-힣]{{2,4}}?)(?={_COPULA}(?:[^가-힣]|$| ?(?:합|해|하|불)))"
)
_PERSON = re.compile(
    rf"(?<![가-힣])(?:저는|전|제가|나는|난|여기는|저희는|본인은|저,|저 |네,? ?|맞아요,? |맞습니다,? |아니요,? |아뇨,? |여보세요,? |반갑습니다,? |수고하십니다,? "
    rf"|안녕하(?:세요|십니까),? ?(?:저는 )?)[ ,]*(?:음+,? |어+,? |그 )?"
    rf"(?P<name>{_ONE})(?= ?{_COPULA}(?:[^가-힣]|$| ?(?:합|해|하)))"
)
_CALLED = re.compile(
    rf"(?<![가-힣])(?P<name>{_ONE}|{_SHORT})(?= ?이?라고 (?:합니다|해요|하는데|하고요|하는 사람|불러|하는|하거든))"
)
_ADDRESSED = re.compile(
    rf"(?<![가-힣])(?P<name>{_ONE})(?= ?(?:님|씨)(?![가-힣]*[은는이가]? ?동)| ?(?:고객|선생님|본인|명의|앞으로 |사원|대리님|과장님|부장님|팀장님|주무관))"
)
_ALONE = re.compile(
    rf"(?:네,? |예,? |음+,? |어+,? |저 |아 )?(?P<name>{_ONE})(?: ?(?:이에요|예요|입니다|이요|요|인데요|이라고 (?:합니다|해요)|라고 (?:합니다|해요)))?[.!]?"
)
_NOT_NAMES = frozenset(
    "한국인 유학생 임산부 정규직 임직원 주민등 신용카 공무원 지점장 안내원 주무관 구청장 도지사 이용자 신청자 신청인 주인공 구매자 연구원 전문가 임차인"
    " 소비자 심사역 위원장 조합원 유가족 하나님 어르신 고객님 선생님 사장님 신혼부 기초수 노인분 장애인 주부인 이사람 주문자 수령인 전업주 강사님 교수님"
    " 소상공 임대인 구직자 기사님 원장님 지원자 이직자 신입사 명예퇴 한가지 이거요 주문이 문의요 전화요 이번주 우리은 신한은 하나은 국민은 전화기 이어폰 이유가"
    " 고양이 강아지 전기차 도시가 여권이 여행자 오전이 오후요 사진이 인터넷 이메일 이사요 주소요 제주도 강원도 경기도 부산시 대전시 인천시 서울시"
    " 반품요 환불요 배송이 조회요 안전한 정확한 이상한 가능한 한가한 고마운 공과금 관리비 국가유 기준일 사원증 오만원 이만원 한영수 영수증 증명서 신분증 여권용"
    " 인감증 가족관 주민세 재산세 도서관 보건소 주차장 시청인 구청인 이벤트 세금이 월세요 전세요 연말정 성과급 명세서 급여일 휴가요 연차요 반차요 병가요"
    " 가지고 경비원 은행원 노조원 조부모 주민센 주소지 상담원 상담사 관리자 담당자 운전자 방문자 예약자 대상자 배우자 보호자 가입자 이상이 이하요 전자기 정기예 정기적 예금이 적금이 대출이"
    " 이자요 이율이"
    # Points out of five, as an answer by themselves.
    " 한점이 두점이 이점이 사점이 오점이 백점이".split()
)
_NOT_ENDS = frozenset("구동시군역점도면읍청")


def find_korean_names(text: str) -> Iterator[Found]:
    """Names that a word beside them tells of, and those that are all that was said."""
    for pattern in (_NAMED, _GIVEN_ONLY, _PERSON, _CALLED, _ADDRESSED):
        for match in pattern.finditer(text):
            group = "short" if pattern is _NAMED and match["short"] else "name"
            name = match[group].replace(" ", "")
            if pattern is _PERSON and name[-1] in _NOT_ENDS and name[0] not in "김이박최정":
                continue
            if _is_name(name):
                yield Found("name", *match.span(group))
    alone = _ALONE.fullmatch(text.strip(" "))
    if alone is not None and _is_name(alone["name"].replace(" ", "")):
        shift = len(text) - len(text.lstrip(" "))
        yield Found("name", alone.start("name") + shift, alone.end("name") + shift)


def _is_name(name: str) -> bool:
    return name not in _NOT_NAMES and name not in _NOT_ANSWERS


_NOT_ANSWERS = frozenset(
    "뭐 뭔가 무엇 어떻게 비밀 누구 변경 확인 수정 조회 등록 안나 안바 없어 있어 잘못 달라 다른 맞아 바꿔 고객 주부 이사 전화 주문 문의 고장 하자 사고 오전 오후"
    " 이거 이것 이번 이제 이미 정말 전혀 전부 하나 한번 한국 서울 부산 우리 본인 남자 여자 아이 이름 성함 성명 주소 연락 배송 반품 교환 환불 취소 신청 예약"
    " 안내 안돼 안되 안맞 조금 조회 문제 모두 모름 공개 필수 선택 정보 기재 기입 인증 구분 가명 실명 예명 표시 제대 오타 오류 한글 영문 영어 한자".split()
)
