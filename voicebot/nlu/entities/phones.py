"""Phone numbers in E.164.

Korean numbering after the Ministry of Science and ICT's plan (mobile 01x, Seoul 02, areas 03x-06x, 050x, 070, 080,
nationwide 15xx/16xx/18xx); North American numbers after the NANP (area code and exchange begin with 2 to 9).
"""

from __future__ import annotations

import re

_KOREAN = re.compile(
    r"010\d{8}|01[16789]\d{7,8}|02\d{7,8}|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4])\d{7,8}|070\d{8}|080\d{7}|050\d\d{7,8}"
)
_NATIONWIDE = re.compile(
    r"1[568](?:00|11|22|33|44|55|66|77|88|99|70|80|90|01|02|05|68|42|21|61|13|60|63|18|20|30|40|50)\d{4}"
)
_NORTH_AMERICAN = re.compile(r"[2-9]\d\d[2-9]\d{6}")
_BRITISH = re.compile(r"07[1-9]\d{8}|01\d{9}|020\d{8}")


def phone_number(digits: str, english: bool = False) -> str | None:
    """The E.164 number of dialled digits (a leading `+` for an international one); None where it can't be one.

    A national number is Korean where the Korean plan has it; in English, else North American or British.
    """
    if digits.startswith("+"):
        number = re.sub(r"^\+82\(?0", "+82", digits)
        return number if re.fullmatch(r"\+[1-9]\d{7,14}", number) else None
    if digits.startswith("82") and _KOREAN.fullmatch("0" + digits[2:]):
        return "+" + digits
    if digits.startswith("0082"):
        return "+82" + digits[4:].lstrip("0") if _KOREAN.fullmatch("0" + digits[4:].lstrip("0")) else None
    if _KOREAN.fullmatch(digits):
        return "+82" + digits[1:]
    if _NATIONWIDE.fullmatch(digits):
        return "+82" + digits
    if english:
        if _NORTH_AMERICAN.fullmatch(digits):
            return "+1" + digits
        if len(digits) == 11 and digits[0] == "1" and _NORTH_AMERICAN.fullmatch(digits[1:]):
            return "+" + digits
        if _BRITISH.fullmatch(digits):
            return "+44" + digits[1:]
    return None
