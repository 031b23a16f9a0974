"""Simulated callers at text level: calls made from the packs, what was heard of them, and what came of it."""
