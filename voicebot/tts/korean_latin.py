"""Latin words as Koreans say them: brands, loan words, and letters with figures that are read in English."""

from __future__ import annotations

_TABLE = """
2d=투디; 3d=쓰리디; a/s=에이에스; a3=에이쓰리; a4=에이포; account=어카운트; adobe=어도비; agent=에이전트; air=에어;
airpods=에어팟; alarm=알람; all=올; amazon=아마존; america=아메리카; and=앤드; android=안드로이드; app=앱;
apple=애플; apps=앱스; apt=아파트; art=아트; auto=오토; b2b=비투비; b2c=비투씨; b5=비파이브; bag=백; bank=뱅크;
banking=뱅킹; basic=베이직; beauty=뷰티; best=베스트; beta=베타; big=빅; bill=빌; black=블랙; block=블록;
blog=블로그; blue=블루; bluetooth=블루투스; board=보드; body=바디; bonus=보너스; book=북; box=박스; boy=보이;
brand=브랜드; buds=버즈; bus=버스; business=비즈니스; button=버튼; buy=바이; cafe=카페; call=콜; cancel=캔슬;
card=카드; cash=캐시; cd=씨디; center=센터; chat=챗; chatbot=챗봇; check-in=체크인; check-out=체크아웃; check=체크;
china=차이나; chrome=크롬; city=시티; class=클래스; classic=클래식; clean=클린; click=클릭; cloud=클라우드;
club=클럽; cm=센티미터; code=코드; coffee=커피; color=컬러; company=컴퍼니; computer=컴퓨터; contact=콘택트;
cool=쿨; coupang=쿠팡; coupon=쿠폰; covid-19=코로나 십구; creative=크리에이티브; customer=커스터머; d2c=디투씨;
data=데이터; date=데이트; daum=다음; day=데이; deal=딜; delivery=딜리버리; desk=데스크; device=디바이스;
digital=디지털; discount=디스카운트; disney=디즈니; dm=디엠; double=더블; dress=드레스; drive=드라이브;
e-book=이북; e-mail=이메일; easy=이지; eco=에코; edge=엣지; edition=에디션; eleven=일레븐; elite=엘리트;
email=이메일; energy=에너지; english=잉글리시; enter=엔터; error=에러; event=이벤트; excel=엑셀;
express=익스프레스; extra=엑스트라; f1=에프원; facebook=페이스북; family=패밀리; fashion=패션; fast=패스트;
fax=팩스; file=파일; film=필름; final=파이널; first=퍼스트; fit=핏; flex=플렉스; flip=플립; flower=플라워;
fm=에프엠; fold=폴드; food=푸드; for=포; free=프리; fresh=프레시; friday=프라이데이; friend=프렌드; full=풀;
fun=펀; galaxy=갤럭시; game=게임; gaon=가온; gift=기프트; girl=걸; github=깃허브; global=글로벌; gmail=지메일;
go=고; gold=골드; golf=골프; good=굿; goods=굿즈; google=구글; grand=그랜드; gray=그레이; green=그린; group=그룹;
guide=가이드; h2o=에이치투오; hanmail=한메일; happy=해피; hello=헬로; help=헬프; here=히어; hi=하이; high=하이;
home=홈; hot=핫; hotel=호텔; house=하우스; hyundai=현대; id=아이디; idea=아이디어; image=이미지; inc=아이엔씨;
info=인포; insta=인스타; instagram=인스타그램; internet=인터넷; ipad=아이패드; iphone=아이폰; item=아이템;
jeans=진스; join=조인; junior=주니어; kakao=카카오; kakaobank=카카오뱅크; kakaopay=카카오페이; kakaotalk=카카오톡;
key=키; kg=킬로그램; kids=키즈; kit=키트; km=킬로미터; korea=코리아; korean=코리안; lab=랩; lady=레이디;
laptop=랩톱; large=라지; library=라이브러리; life=라이프; light=라이트; like=라이크; limited=리미티드; line=라인;
link=링크; linux=리눅스; lite=라이트; live=라이브; login=로그인; logo=로고; lotte=롯데; love=러브; ltd=엘티디;
luxury=럭셔리; macbook=맥북; magic=매직; mail=메일; man=맨; manager=매니저; map=맵; market=마켓; mart=마트;
master=마스터; mastercard=마스터카드; max=맥스; medium=미디엄; membership=멤버십; memory=메모리; men=맨; menu=메뉴;
message=메시지; meta=메타; metro=메트로; microsoft=마이크로소프트; milk=밀크; mini=미니; mint=민트; mobile=모바일;
model=모델; monday=먼데이; money=머니; monitor=모니터; moon=문; mouse=마우스; movie=무비; mp3=엠피쓰리; mp4=엠피포;
music=뮤직; my=마이; nano=나노; naver=네이버; net=넷; netflix=넷플릭스; network=네트워크; new=뉴; news=뉴스;
night=나이트; nike=나이키; no=넘버; note=노트; o2o=오투오; off=오프; office=오피스; oil=오일; ok=오케이; on=온;
one-stop=원스톱; one=원; online=온라인; open=오픈; option=옵션; orange=오렌지; order=오더; outlet=아웃렛;
p2p=피투피; pack=팩; package=패키지; page=페이지; paper=페이퍼; park=파크; party=파티; pass=패스;
password=패스워드; pay=페이; paypal=페이팔; paypay=페이페이; pc=피씨; people=피플; phone=폰; photo=포토; pin=핀;
pink=핑크; pixel=픽셀; play=플레이; please=플리즈; plus=플러스; point=포인트; pop=팝; post=포스트; power=파워;
premium=프리미엄; prepaid=프리페이드; price=프라이스; prime=프라임; print=프린트; pro=프로; program=프로그램;
project=프로젝트; promotion=프로모션; purple=퍼플; q&a=큐앤에이; quick=퀵; r&d=알앤디; real=리얼; red=레드;
refund=리펀드; regular=레귤러; renewal=리뉴얼; reset=리셋; review=리뷰; room=룸; rose=로즈; router=라우터;
royal=로열; safari=사파리; safe=세이프; sale=세일; sample=샘플; samsung=삼성; save=세이브; school=스쿨;
screen=스크린; season=시즌; secret=시크릿; security=시큐리티; self=셀프; seoul=서울; server=서버; service=서비스;
set=세트; shinhan=신한; shirt=셔츠; shoes=슈즈; shop=숍; shopping=쇼핑; show=쇼; signal=시그널; silver=실버;
sim=심; size=사이즈; skin=스킨; sky=스카이; slim=슬림; small=스몰; smart=스마트; smartphone=스마트폰; smile=스마일;
snack=스낵; soft=소프트; software=소프트웨어; song=송; sony=소니; soul=소울; sound=사운드; spec=스펙;
special=스페셜; speed=스피드; sport=스포츠; sports=스포츠; spring=스프링; standard=스탠다드; star=스타;
starbucks=스타벅스; start=스타트; station=스테이션; step=스텝; stop=스톱; storage=스토리지; store=스토어;
story=스토리; street=스트리트; style=스타일; summer=서머; sun=선; sunday=선데이; super=슈퍼; support=서포트;
switch=스위치; system=시스템; t-shirt=티셔츠; t-shirts=티셔츠; tab=탭; table=테이블; tablet=태블릿; talk=톡;
team=팀; tech=테크; telegram=텔레그램; tesla=테슬라; test=테스트; thank=땡큐; thanks=땡스; the=더; ticket=티켓;
tiktok=틱톡; time=타임; tip=팁; today=투데이; top=톱; total=토털; touch=터치; tour=투어; town=타운; travel=트래블;
twitter=트위터; type=타입; ultra=울트라; unlimited=언리미티드; update=업데이트; upgrade=업그레이드; user=유저;
usim=유심; video=비디오; view=뷰; visa=비자; vision=비전; vitamin=비타민; voice=보이스; voucher=바우처; vs=대;
warm=웜; watch=워치; water=워터; way=웨이; we=위; web=웹; website=웹사이트; weekend=위켄드; welcome=웰컴;
white=화이트; wi-fi=와이파이; wifi=와이파이; window=윈도우; windows=윈도우; wing=윙; winter=윈터; woman=우먼;
women=우먼; wonder=원더; woori=우리; work=워크; world=월드; x-ray=엑스레이; xbox=엑스박스; y2k=와이투케이;
year=이어; yellow=옐로; yes=예스; you=유; your=유어; youtube=유튜브; zero=제로; zip=집; zone=존; zoom=줌;
"""
WORDS = dict(entry.strip().split("=") for entry in _TABLE.split(";") if entry.strip())
"""By the word in small letters. Spelling after the National Institute of the Korean Language where it has decided, else
as the brand writes itself."""
