"""Speaking: speech text, engines, recordings, the cache."""
