"""Many simulated phones in one process, cheap enough to measure a service on the machine that it runs on.

`phone.Call` plays Twilio in full and costs 0.05 of a core; a phone of these costs a tenth of that or less. It speaks
the same protocol with messages that are made ahead, keeps what it hears as it came, and measures when the call is over.
"""
