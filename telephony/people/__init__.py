"""Callers are given to people, and never left without an answer."""
