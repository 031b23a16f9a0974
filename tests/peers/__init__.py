"""A telephone that knows the server by the protocol alone.

Nothing here imports voicebot or telephony, nor was it written with a look at them: what it refuses, Twilio would.
"""
