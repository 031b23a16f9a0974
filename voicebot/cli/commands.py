"""Every command, registered with the application by being imported."""

import voicebot.cli.alerts
import voicebot.cli.backup
import voicebot.cli.call
import voicebot.cli.callbacks
import voicebot.cli.chat
import voicebot.cli.check
import voicebot.cli.database
import voicebot.cli.doctor
import voicebot.cli.evaluate
import voicebot.cli.export
import voicebot.cli.knowledge
import voicebot.cli.mic
import voicebot.cli.models
import voicebot.cli.privacy
import voicebot.cli.replay
import voicebot.cli.serve
import voicebot.cli.simulate
import voicebot.cli.stats
import voicebot.cli.test
import voicebot.cli.transcribe
import voicebot.cli.understand
import voicebot.cli.users
import voicebot.cli.voices
import voicebot.cli.voices_check
import voicebot.cli.voices_reading
import voicebot.cli.voices_recordings
