"""The recording script on paper, in a table, or as a page: for the speaker, in the speaker's language."""

from __future__ import annotations

import csv
import html
from io import StringIO
from itertools import groupby

from voicebot.tts.recordings.piece import Ending
from voicebot.tts.recordings.script import Line, Script

FORMATS = ("text", "csv", "html")

_SECTIONS = {
    "ko": {
        "phrase": "문장",
        "carrier": "이어 붙일 말",
        "digit": "번호의 숫자",
        "number": "수와 금액",
        "count": "개수",
        "date": "날짜",
        "time": "시각",
        "value": "값",
        "title": "업무 이름 (여유가 있을 때)",
    },
    "en": {
        "phrase": "Sentences",
        "carrier": "Parts of sentences",
        "digit": "Digits of numbers",
        "number": "Numbers and amounts",
        "count": "Counts",
        "date": "Dates",
        "time": "Times of day",
        "value": "Values",
        "title": "Names of subjects (if there is time)",
    },
}
_MELODIES = {
    "ko": {
        Ending.OPEN: "이어지게",
        Ending.PAUSE: "쉬기 전처럼",
        Ending.STATEMENT: "끝을 내려서",
        Ending.QUESTION: "묻는 말로",
    },
    "en": {
        Ending.OPEN: "runs on",
        Ending.PAUSE: "as before a pause",
        Ending.STATEMENT: "falls",
        Ending.QUESTION: "as a question",
    },
}
_HEADINGS = {
    "ko": ("순서", "파일", "읽을 말", "억양", "쓰이는 곳"),
    "en": ("no.", "file", "read", "melody", "heard in"),
}
_ADVICE = {
    "ko": (
        "{lines}줄, 약 {minutes}분입니다. "
        "한 줄을 파일 하나로, 적힌 이름으로 저장해 주세요: 16비트 PCM WAV, 모노, 16~48kHz.",
        "대괄호 안의 말만 읽되, 문장 전체를 말할 때의 억양으로 읽어 주세요. 앞뒤로 0.5초쯤 조용히 두세요.",
        "조용한 방에서 같은 마이크와 같은 거리로, 같은 속도로 읽어 주세요. "
        "소리가 찢어지면 마이크를 줄이고 다시 녹음해 주세요.",
    ),
    "en": (
        "{lines} lines, about {minutes} minutes. "
        "Save each line as a file of its name: 16-bit PCM WAV, mono, 16-48 kHz.",
        "Read only what stands in square brackets, with the melody that it has in the whole sentence. "
        "Leave half a second of silence before and after it.",
        "Use a quiet room, one microphone at one distance, and one pace. "
        "Where it clips, turn the microphone down and read the line again.",
    ),
}


def sheet(script: Script, form: str) -> str:
    """The script in one of FORMATS."""
    return {"text": _text, "csv": _csv, "html": _html}[form](script)


def _advice(script: Script) -> list[str]:
    values = {"lines": len(script.lines), "minutes": script.minutes}
    return [sentence.format(**values) for sentence in _ADVICE[script.language]]


def _melody(line: Line, script: Script) -> str:
    return _MELODIES[script.language][line.piece.ending]


def _text(script: Script) -> str:
    rows = [*_advice(script), ""]
    number = 0
    for section, lines in groupby(script.lines, key=lambda line: line.section):
        rows += [f"# {_SECTIONS[script.language][section]}", ""]
        for line in lines:
            number += 1
            rows.append(f"{number:5}  {line.id}.wav  {line.piece}  ({_melody(line, script)})")
            if line.context:
                rows.append(f"       {line.context}")
        rows.append("")
    return "\n".join(rows)


def _csv(script: Script) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*_HEADINGS[script.language], "position", "section"))
    for number, line in enumerate(script.lines, start=1):
        where = line.context or line.piece.written
        melody = _melody(line, script)
        writer.writerow(
            (number, f"{line.id}.wav", line.piece.written, melody, where, line.piece.position, line.section)
        )
    return out.getvalue()


def _html(script: Script) -> str:
    headings = "".join(f"<th>{heading}" for heading in _HEADINGS[script.language])
    body = "".join(f"<p>{html.escape(sentence)}\n" for sentence in _advice(script))
    number = 0
    for section, lines in groupby(script.lines, key=lambda line: line.section):
        body += f"<h2>{_SECTIONS[script.language][section]}</h2>\n<table><tr>{headings}\n"
        for line in lines:
            number += 1
            context = html.escape(line.context).replace("[", "<b>[").replace("]", "]</b>")
            body += (
                f"<tr><td>{number}<td><code>{line.id}.wav</code><td class=words>{html.escape(line.piece.written)}"
                f"<td>{_melody(line, script)}<td>{context}\n"
            )
        body += "</table>\n"
    return _PAGE.format(language=script.language, body=body)


_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<title>voicebot</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 75rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top }}
tr {{ break-inside: avoid }}
code {{ font-size: 13px; white-space: nowrap }}
.words {{ font-size: 20px }}
</style>
{body}</html>
"""
