"""The catalogue of speech models: where each is found on this machine, and how it gets there."""
