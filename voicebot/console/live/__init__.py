"""Calls as they happen: the list, one call's words, and stepping in."""
