"""Everything that can be known to be wrong with a pack before anyone calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from voicebot.asr.segmentation import Segmenter
from voicebot.dialogue.checking_experiments import check_experiments
from voicebot.dialogue.checking_flows import check_flows
from voicebot.dialogue.checking_sentences import Sentences, check_alike, check_sayable
from voicebot.dialogue.checking_sources import Finding, as_finding, read_sources
from voicebot.dialogue.checking_thresholds import check_thresholds
from voicebot.dialogue.checking_words import check_particles, check_replies, check_translations
from voicebot.dialogue.pack import load_pack
from voicebot.nlu.encoder import Encoder
from voicebot.yaml_file import ContentError

__all__ = ["Finding", "check_pack"]


def check_pack(
    content_folder: Path,
    name: str,
    *,
    encoder: Encoder | None = None,
    segmenters: Mapping[str, Segmenter] | None = None,
) -> list[Finding]:
    """What is wrong with a pack, by file and line; what keeps it from being loaded comes first in each file.

    `encoder` finds intents that mean nearly the same; without one, those that are worded nearly the same are found.
    `segmenters`, by language, know which words the first listener can hear; without one that is not checked.
    """
    sources = read_sources(content_folder, name)
    findings = [*sources.findings, *check_flows(sources), *check_replies(sources)]
    findings += [*check_translations(sources), *check_particles(sources), *check_experiments(sources)]
    findings += check_thresholds(sources)
    for language in sources.words:
        sentences = Sentences(sources, language)
        findings += sentences.findings
        findings += check_alike(sentences, encoder)
        if segmenters and language in segmenters:
            findings += check_sayable(sentences, segmenters[language])
    try:
        load_pack(content_folder, name)
    except ContentError as error:
        first = as_finding(error)
        known = {(found.path, found.line) for found in findings if found.level == "error"}
        if (first.path, first.line) not in known:
            findings.append(first)
    return sorted(set(findings))
