"""The catalogue of speech models and its resolver."""
