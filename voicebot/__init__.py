"""An offline voice and telephony support bot. The core: it knows nothing of Twilio."""
