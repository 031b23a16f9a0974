"""An engine in a speaker's place: reads a recording script aloud, one WAV file a line, to try recordings out.

voicebot voices script shop --json | python script/read_recordings.py DIR [ENGINE]
voicebot voices import DIR shop --to OTHER_DIR
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from voicebot import config
from voicebot.audio.wav import write_wav
from voicebot.tts.engines import engines
from voicebot.tts.port import NORMAL, EngineError

_SILENCE_S = 0.5


def main(folder: Path, wanted: str | None) -> int:
    """Read the script on standard input into `folder`; the exit status."""
    script = json.load(sys.stdin)
    language = script["language"]
    able = [
        engine for engine in engines(config.load()) if language in engine.languages and wanted in (None, engine.name)
    ]
    if not able:
        sys.stderr.write(f"no engine {wanted or ''} speaks {language}; see voicebot voices list\n")
        return 2
    engine = able[0]
    failed = 0
    for line in script["lines"]:
        try:
            sound = engine.synthesise(line["text"], language, NORMAL)
        except EngineError as error:
            sys.stderr.write(f"{line['file']}: {error}\n")
            failed += 1
            continue
        silence = np.zeros(int(_SILENCE_S * sound.rate), np.int16)
        write_wav(folder / line["file"], np.concatenate((silence, sound.pcm, silence)), sound.rate)
    for one in able:
        one.close()
    return 1 if failed else 0


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.stderr.write(__doc__ or "")
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) == 3 else None))
