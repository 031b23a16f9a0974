"""Every command, registered with the application by being imported."""
import voicebot.cli.models  # noqa: F401
