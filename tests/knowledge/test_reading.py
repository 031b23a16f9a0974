"""Documents of each kind become sections; what can't be read is refused in one sentence."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.files import HANDBOOK, HELP_PAGE, pdf, protected
from voicebot.knowledge import reading
from voicebot.knowledge.passage import LONGEST_PASSAGE, KnowledgeError, Section, Source, passages
from voicebot.knowledge.reading import find_documents, read_bytes, read_sections


def test_markdown_is_cut_at_headings_without_its_marks() -> None:
    leave, payslip, papers = read_sections("hr.md", HANDBOOK.encode())
    assert leave.titles == ("인사 규정", "연차 휴가")
    assert leave.paragraphs[0].startswith("입사하고 1년이 지나면")
    assert "사내 포털에서 3일 전까지" in leave.paragraphs[0]
    assert leave.paragraphs[1] == "필요한 서류: 휴가 신청서, 진단서 (병가만)"
    assert (payslip.titles, payslip.question) == (("인사 규정",), "급여 명세서는 어디서 보나요?")
    assert papers.paragraphs == (
        "재직증명서, 수수료 무료, 처리 시간 바로",
        "경력증명서, 수수료 1,000원, 처리 시간 하루",
    )


def test_a_web_page_loses_everything_but_its_text() -> None:
    password, remote = read_sections("it.html", HELP_PAGE.encode())
    assert password.titles == ("IT help", "Password")
    assert password.paragraphs[0].endswith("The code is valid for ten minutes.")
    assert remote.paragraphs == (
        "Install the client from the portal.",
        "Sign in with your staff number.",
        "Seoul, Phone 02-123-4567",
    )


def test_an_old_korean_page_is_decoded_as_it_says() -> None:
    page = '<meta charset="euc-kr"><h1>민원</h1><p>등본은 무인 발급기에서 떼실 수 있습니다.</p>'
    assert read_sections("old.htm", page.encode("euc-kr"))[0].titles == ("민원",)


def test_pages_of_a_pdf_are_kept_and_their_edges_left_out() -> None:
    pages = [
        ["가온 복지 안내", "제1장 월세 지원", "월세는 한 달에 20만 원까지", "열두 달 동안 지원합니다.", "1"],
        ["가온 복지 안내", "소득이 적은 청년이 신청할 수 있습니다.", "2"],
        ["가온 복지 안내", "제2장 문의", "문의는 129로 하시면 됩니다.", "3"],
        ["가온 복지 안내", "4"],
    ]
    found = read_sections("welfare.pdf", pdf(pages))
    assert [(section.titles, section.paragraphs, section.source.page) for section in found] == [
        (("제1장 월세 지원",), ("월세는 한 달에 20만 원까지 열두 달 동안 지원합니다.",), 1),
        (("제1장 월세 지원",), ("소득이 적은 청년이 신청할 수 있습니다.",), 2),
        (("제2장 문의",), ("문의는 129로 하시면 됩니다.",), 3),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("faq.csv", "Question,Answer,Documents\n몇 시까지 해요?,6시까지 합니다.,영업\n".encode()),
        ("faq.csv", "\ufeff질문;답변;분류\r\n몇 시까지 해요?;6시까지 합니다.;영업\r\n".encode()),
        ("faq.csv", '분류,질문,답변\n영업,"몇 시까지 해요?","6시까지 합니다."\n,빈 줄,\n'.encode("cp949")),
        ("faq.tsv", "질문\t답변\t분류\n몇 시까지 해요?\t6시까지 합니다.\t영업\n".encode("utf-16")),
    ],
)
def test_tables_of_questions_are_read_however_spreadsheets_write_them(name: str, content: bytes) -> None:
    assert read_sections(name, content) == [
        Section(("영업",), "몇 시까지 해요?", ("6시까지 합니다.",), Source(name, row=1))
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.docx", b"x", "not read"),
        ("a.md", b" \n", "empty"),
        ("a.md", b"```\ncode\n```", "no text"),
        ("a.md", b"\xff\xfe\xfd\x80\x80", "UTF-8"),
        ("a.md", b"a\0b", "UTF-8"),
        ("a.html", b"<script>1</script>", "no text"),
        ("a.csv", b"name,price\na,1\n", "question"),
        ("a.csv", b"question,answer\n" + b"x," + b"y" * 30_000, "shorten"),
        ("a.csv", b"question,answer\n", "no text"),
        ("a.pdf", b"%PDF-1.4 rubbish", "PDF"),
        ("a.pdf", pdf([[]]), "OCR"),
        ("a.pdf", protected(pdf([["hello"]])), "password"),
    ],
)
def test_what_can_not_be_read_is_refused_in_one_sentence(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(KnowledgeError) as raised:
        read_sections(name, read_bytes(path))
    assert name in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.md"
    with path.open("wb") as file:
        file.truncate(reading.LARGEST_FILE + 1)
    with pytest.raises(KnowledgeError, match="larger than 30 MB"):
        read_bytes(path)


def test_a_folder_is_searched_below_but_not_its_hidden_parts(tmp_path: Path) -> None:
    for name in ("b.md", "deep/a.html", ".git/c.md", "picture.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert [name for name, _ in find_documents(tmp_path)] == ["b.md", "deep/a.html"]
    with pytest.raises(KnowledgeError):
        find_documents(tmp_path / "nowhere")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(reading.READERS)), st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(ending: str, content: bytes) -> None:
    with suppress(KnowledgeError):
        assert read_sections(f"any{ending}", content)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), min_size=1, max_size=6))
def test_a_broken_pdf_is_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    content = bytearray(protected(pdf([["가온 복지 안내"]])))
    for place, put in changes:
        content[place % len(content) : place % len(content) + len(put)] = put
    with suppress(KnowledgeError):
        assert read_sections("any.pdf", bytes(content))


def test_deep_nesting_is_read_or_refused() -> None:
    assert read_sections("deep.html", b"<div>" * 50_000 + b"text")
    assert read_sections("deep.md", b"> " * 5_000 + b"text\n\ntext")


sentence_texts = st.lists(
    st.text(st.sampled_from("가나다 abc"), min_size=1, max_size=200).map(str.strip).filter(bool),
    min_size=1,
    max_size=12,
)


@given(st.lists(sentence_texts.map(lambda made: ". ".join(made) + "."), max_size=4))
def test_passages_hold_everything_in_order_and_are_short(paragraphs: list[str]) -> None:
    section = Section(("제목",), "", tuple(paragraphs), Source("x.md"))
    found = list(passages(section))
    assert "".join("".join(one.text.split()) for one in found) == "".join("".join(p.split()) for p in paragraphs)
    assert all(len(one.text) <= LONGEST_PASSAGE for one in found)
    assert all(one.titles == ("제목",) for one in found)
