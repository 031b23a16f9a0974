"""The model card of a version (Mitchell et al. 2019, Model Cards for Model Reporting): what it is made of, what it is
for, how good it is beside the one that runs, for whom that is known, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Model card: {pack}",
        "reason": "Why it was made",
        "use": "Intended use",
        "use_text": "Understanding what callers want in telephone calls to the pack {pack}, within its flows and "
        "questions; nothing else. Where it is not sure, it asks or hands over to a person. It decides nothing about "
        "a caller, and knows neither age, sex nor origin.",
        "data": "Data",
        "data_text": "The pack's own sentences; {new_sentences_of_labels} new sentences out of {labels} approved "
        "labels; {suggestions} accepted suggestions. One caller counts at most a few times for one meaning. "
        "{held_out} labels of other callers were held out and never trained on.",
        "set_aside": "Set aside: {reasons}.",
        "nothing_aside": "Nothing was set aside.",
        "models": "Models",
        "size": "Size of the models: {mb:.1f} MB.",
        "models_text": "Intents by kernel ridge regression on n-grams of jamo and letters{encoder}, seed {seed}. "
        "Recogniser graphs are compiled from the sentences when it is loaded. {verification}",
        "and_encoder": " and on embeddings of {encoder}",
        "kept": "How far the listener is believed was kept as it was: too few labelled turns ({turns}).",
        "fitted": "How far the listener is believed was fitted anew to {turns} labelled turns of {callers} callers.",
        "figures": "Figures",
        "against": "Compared with {against}; 95 % intervals; the difference is drawn over callers.",
        "installed": "the content as installed",
        "head": "| | running | this version | difference in points | n |",
        "labels": "Understanding of held-out labels",
        "simulated": "Task success of simulated callers, {language}, {cer:.0%} misheard",
        "groups": "By group",
        "intents": "By intent",
        "intent_head": "| intent | labels | right, running | right, this version | interval |",
        "nothing_known": "(means nothing here)",
        "tests": "Test dialogues: {after}, newly failing {newly}, failing before already {before}.",
        "calibration": "Calibration error: {before:.3f} before, {after:.3f} now.",
        "gate": "Gate",
        "passed": "Passed.",
        "failed": "Not passed:",
        "unknown": "What can't be told",
        "nothing_unknown": "Nothing of what is looked at.",
        "limits": "Limits",
        "limits_text": "Labels that were chosen for being hard (`chosen: informative`) favour the new version: the "
        "running one was wrong about many of them; only `chosen: random` tells how often it is right. Simulated "
        "callers err as the model of listening has it (docs/simulator.md). Callers' age and dialect are not known, so "
        "nothing is said about them. Labels and sentences are without personal data.",
    },
    "ko": {
        "title": "모델 카드: {pack}",
        "reason": "만든 이유",
        "use": "용도",
        "use_text": "{pack} 팩으로 걸려 온 전화에서 발신자의 용건을 알아듣는 데에만 씁니다. 팩의 흐름과 질문 밖의 "
        "일에는 쓰지 않습니다. 확실하지 않으면 되묻거나 상담원에게 연결합니다. 발신자에 관해 아무것도 결정하지 않으며 "
        "나이, 성별, 출신을 알지 못합니다.",
        "data": "데이터",
        "data_text": "팩에 적힌 문장, 승인된 라벨 {labels}개에서 얻은 새 문장 {new_sentences_of_labels}개, 승인된 제안 "
        "{suggestions}건. 한 발신자의 말은 같은 뜻으로 몇 번까지만 셉니다. 다른 발신자들의 라벨 {held_out}개는 "
        "평가용으로 떼어 두었고 학습에 쓰지 않았습니다.",
        "set_aside": "쓰지 않은 것: {reasons}.",
        "nothing_aside": "쓰지 않은 것은 없습니다.",
        "models": "모델",
        "size": "모델 크기 {mb:.1f} MB.",
        "models_text": "자모와 글자 n-gram{encoder}에 커널 능형 회귀를 쓴 의도 분류, 시드 {seed}. 인식기 그래프는 "
        "불러올 때 문장에서 만듭니다. {verification}",
        "and_encoder": " 및 {encoder} 임베딩",
        "kept": "인식 결과를 믿는 기준은 그대로입니다. 라벨이 붙은 발화가 적습니다({turns}개).",
        "fitted": "인식 결과를 믿는 기준은 발신자 {callers}명의 라벨 붙은 발화 {turns}개에 다시 맞췄습니다.",
        "figures": "수치",
        "against": "비교 대상: {against}. 95 % 구간이며, 차이의 구간은 발신자 단위로 구했습니다.",
        "installed": "설치된 콘텐츠",
        "head": "| | 운영 중 | 이 버전 | 차이(포인트) | n |",
        "labels": "평가용 라벨 이해",
        "simulated": "모의 통화 성공, {language}, 오인식 {cer:.0%}",
        "groups": "집단별",
        "intents": "의도별",
        "intent_head": "| 의도 | 라벨 | 운영 중 정답 | 이 버전 정답 | 구간 |",
        "nothing_known": "(팩과 무관한 말)",
        "tests": "시험 대화 {after}개, 새로 실패 {newly}개, 전부터 실패 {before}개.",
        "calibration": "보정 오차: 전 {before:.3f}, 지금 {after:.3f}.",
        "gate": "관문",
        "passed": "통과했습니다.",
        "failed": "통과하지 못했습니다:",
        "unknown": "알 수 없는 것",
        "nothing_unknown": "살펴본 것 가운데 없습니다.",
        "limits": "한계",
        "limits_text": "어려워서 고른 라벨(`chosen: informative`)은 새 버전에 유리합니다. 운영 중인 버전이 틀린 "
        "것이 많기 때문입니다. 얼마나 자주 맞는지는 `chosen: random`만 알려 줍니다. 모의 발신자는 듣기 모델이 정한 "
        "대로 틀립니다(docs/simulator.md). 발신자의 나이와 사투리는 알지 못하므로 그에 관해 말할 수 없습니다. 라벨과 "
        "문장에는 개인정보가 없습니다.",
    },
}

_WHY_KO: Mapping[str, str] = {
    "contradictory": "서로 모순됨",
    "unintelligible": "알아들을 수 없음",
    "no words": "글이 없음",
    "intent is gone": "없어진 의도",
    "too many of one caller": "한 발신자에게서 너무 많음",
    "contradicts the content": "콘텐츠와 모순됨",
    "names personal data": "개인정보가 들어 있음",
    "too long": "너무 김",
    "there is such an entry already": "이미 있는 항목",
    "no name that an entry may have": "쓸 수 없는 항목 이름",
    "no answer that can be said": "말할 수 없는 답",
    "not in a language of the pack": "팩에 없는 언어",
}


def model_card(language: str, about: Mapping[str, Any], evaluation: Mapping[str, Any]) -> str:
    """Markdown in `ko` or `en`. `about`: pack, reason, encoder and seed; `evaluation`: as in evaluation.json."""
    return "\n".join(_lines(_TEXTS[language], language, about, evaluation)) + "\n"


def _lines(say: Mapping[str, str], language: str, about: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    counts, gate = found["data"]["counts"], found["gate"]
    yield f"# {say['title'].format(**about)}"
    yield from _section(say["reason"], about["reason"] or "-")
    yield from _section(say["use"], say["use_text"].format(**about))
    why = _WHY_KO if language == "ko" else {}
    reasons = ", ".join(f"{why.get(name, name)} {count}" for name, count in counts["set_aside"].items())
    aside = say["set_aside"].format(reasons=reasons) if reasons else say["nothing_aside"]
    yield from _section(say["data"], f"{say['data_text'].format(**counts)} {aside}")
    verification = found["verification"]
    known = {"turns": verification.get("turns", 0), "callers": verification.get("callers", 0)}
    believed = say["kept" if verification.get("kept", True) else "fitted"].format(**known)
    encoder = say["and_encoder"].format(**about) if about["encoder"] else ""
    models = say["models_text"].format(encoder=encoder, seed=about["seed"], verification=believed)
    size = say["size"].format(mb=found["models_bytes"] / 1e6)
    yield from _section(say["models"], f"{models} {size}")
    yield from _section(say["gate"], say["passed"] if gate["passed"] else say["failed"])
    yield from (f"- {one}" for one in gate["reasons_ko" if language == "ko" else "reasons"])
    yield from _section(say["figures"], say["against"].format(against=found["against"] or say["installed"]))
    yield from ["", say["head"], "|---|---|---|---|---|", _row(say["labels"], found["labels"])]
    simulated = found["simulated"]
    for each, difference in simulated["languages"].items():
        yield _row(say["simulated"].format(language=each, cer=simulated["cer"]), difference)
    tests = found["tests"]
    told = {"after": tests["after"], "newly": len(tests["newly_failing"]), "before": len(tests["failing_before"])}
    yield from ["", say["tests"].format(**told), "", say["calibration"].format(**found["calibration_error"])]
    if found["groups"]:
        yield from _section(say["groups"], say["head"])
        yield from ["|---|---|---|---|---|", *(_row(name, one) for name, one in found["groups"].items())]
    if found["intents"]:
        yield from _section(say["intents"], say["intent_head"])
        yield "|---|---|---|---|---|"
        for name, one in found["intents"].items():
            interval = f"{100 * one['interval'][0]:.0f}-{100 * one['interval'][1]:.0f} %"
            title = name or say["nothing_known"]
            yield f"| {title} | {one['labels']} | {one['right_before']} | {one['right_after']} | {interval} |"
    unknown = gate["unknown_ko" if language == "ko" else "unknown"]
    yield from _section(say["unknown"], "" if unknown else say["nothing_unknown"])
    yield from (f"- {one}" for one in unknown)
    yield from _section(say["limits"], say["limits_text"])


def _section(title: str, text: str) -> Iterator[str]:
    yield from ["", f"## {title}", ""]
    if text:
        yield text


def _row(name: str, one: Mapping[str, Any]) -> str:
    low, high = one["interval"]
    moved = f"{100 * one['difference']:+.1f} ({100 * low:+.1f} .. {100 * high:+.1f})"
    return f"| {name} | {_share(one['before'])} | {_share(one['after'])} | {moved} | {one['after']['of']} |"


def _share(of: Mapping[str, Any]) -> str:
    if not of["of"]:
        return "-"
    low, high = of["interval"]
    return f"{100 * of['value']:.1f} % ({100 * low:.1f}-{100 * high:.1f})"
