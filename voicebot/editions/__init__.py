"""Versions of the pack as calls use them: opened beside running calls, and chosen for each call when it begins."""
