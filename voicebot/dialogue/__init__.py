"""Deciding: the content of a pack and the pure dialogue engine."""
