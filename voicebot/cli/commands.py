"""Every command, registered with the application by being imported."""

import voicebot.cli.doctor
import voicebot.cli.models
