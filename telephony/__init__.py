"""Twilio: webhook, media stream, signatures, hand-over, and the simulated phone."""
