"""Documents for tests, made here so that what stands in them is seen."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter

HANDBOOK = """\
# 인사 규정

## 연차 휴가
입사하고 1년이 지나면 연차 휴가가 15일 생깁니다. 2년마다 하루씩 늘어나며 최대 25일입니다. 신청은 [사내 포털](https://portal.example.com)에서
**3일 전까지** 하셔야 합니다. 자세한 것은 https://hr.example.com/leave 를 참고하세요.

필요한 서류:

- 휴가 신청서
- 진단서 (병가만)

## 급여 명세서는 어디서 보나요?
급여 명세서는 매달 25일에 사내 포털의 급여 메뉴에서 보실 수 있습니다.

## 증명서

| 증명서 | 수수료 | 처리 시간 |
|---|---|---|
| 재직증명서 | 무료 | 바로 |
| 경력증명서 | 1,000원 | 하루 |

```
연차 휴가를 계산하는 코드
```
"""

HELP_PAGE = """\
<!doctype html><html><head><title>IT</title><style>p { color: red }</style><script>var leave = "vpn";</script></head>
<body><nav><ul><li><a href="/">Home</a></ul></nav>
<h1>IT help</h1>
<h2>Password</h2><p>To reset your password, open the self-service page (https://id.example.com) and choose
<b>Forgot password</b>. You will get a code by text message. The code is valid for ten&nbsp;minutes.</p>
<h2>Remote access</h2><ul><li>Install the client from the portal.<li>Sign in with your staff number.</ul>
<table><tr><th>Office<th>Phone<tr><td>Seoul<td>02-123-4567</table>
<footer>All rights reserved</footer></body></html>
"""


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF whose pages hold these lines, in a font that tells the Unicode of its codes."""
    letters = sorted({char for lines in pages for line in lines for char in line})
    codes = "\n".join(f"<{ord(char):04x}> <{ord(char):04x}>" for char in letters)
    unicode_map = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(letters)} beginbfchar\n{codes}\nendbfchar\nendcmap CMapName currentdict /CMap defineresource pop end end"
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{6 + 2 * n} 0 R' for n in range(len(pages)))}] >>",
        "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [4 0 R] "
        "/ToUnicode 5 0 R >>",
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
        "/Supplement 0 >> /DW 1000 >>",
        f"<< /Length {len(unicode_map)} >>\nstream\n{unicode_map}\nendstream",
    ]
    for number, lines in enumerate(pages):
        shown = "".join(f"<{line.encode('utf-16-be').hex()}> Tj 0 -20 Td\n" for line in lines)
        drawn = f"BT /F1 12 Tf 50 780 Td\n{shown}ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {7 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    written = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        written
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
        ).encode()
    )


def protected(document: bytes) -> bytes:
    """The same PDF behind a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(document)))
    writer.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
