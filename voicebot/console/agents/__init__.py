"""The desk of a live agent."""
