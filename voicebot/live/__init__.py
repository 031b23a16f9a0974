"""Calls as they happen: told by those who hold them, seen and steered by those who watch."""
