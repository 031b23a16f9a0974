"""A simulated phone: it plays Twilio and the caller, over the network or in the same process, in real or virtual time.

`phone.Call` is a call; `scenario` and `play` hold conversations with the service as files describe them;
`virtual_time.run` with `transport.InProcess` runs caller, Twilio and service in one loop that never waits.
"""
