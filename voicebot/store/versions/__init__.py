"""Versions of a pack: content and models together, immutable, with a state that says which callers get them."""
