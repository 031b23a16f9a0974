"""The simulated phone: it plays Twilio and the caller."""
