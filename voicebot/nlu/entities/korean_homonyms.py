"""Korean words that read like numbers or counts and are mostly something else."""

from __future__ import annotations

from voicebot.nlu.entities.grammar import words

OTHER_WORDS = frozenset(
    words(
        "공, 구, 구만, 구이, 만, 백, 백만, 사, 사이, 사일, 사천, 삼, 억, 영, 영천, 오, 오만, 오이, 육, 이, "
        "이만, 이백, 이사, 이일, 이천, 일, 일이, 일일이, 조, 천, 천만, 칠, 팔"
    )
)
"""This person, house moving, this far, arrogance, towns, thanks."""

OTHER_NATIVE = frozenset(words("넉, 네, 두, 석, 세, 열, 한"))
"""Fever; native numbers that only stand before a counter."""

OTHER_COUNTS = frozenset(
    words(
        "공동, 공매, 공모, 공부, 공장, 공포, 구도, 구매, 구인, 구점, 구층, 구호, 네네, 두부, 두통, 만기가, 만부, "
        "만세, 만인, 만장, 만점, 백도, 사건, 사과, 사도, 사동, 사명, 사번, 사병, 사부, 사세, 사위, 사장, 사점, "
        "사채, 사판, 사호, 영장, 영점, 오명, 오병, 오점, 오차, 오판, 이건, 이대, 이도, 이동, 이등, 이매, 이명, "
        "이번, 이부, 이분, 이사, 이장, 이점, 이쪽, 이차, 이통, 이판, 이편, 일개, 일단, 일대, 일도, 일동, 일등, "
        "일명, 일번지, 일부, 일세, 일알, 일위, 일인, 일장, 일점, 일차, 일층, 일편, 일호, 일회, 조건, 조명, "
        "조차, 천명, 천장, 한건, 한대, 한도, 한번, 한점, 한줄, 한층, 한통, 한판, 한편"
    )
)
"""Words that end like a number and its counter: this time, once, employee number, headache, purchase."""
