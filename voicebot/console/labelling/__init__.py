"""The pages on which people say what callers said and meant."""
