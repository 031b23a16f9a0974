"""Listening: domain graphs, the Vosk listener, the second listener, verification."""
