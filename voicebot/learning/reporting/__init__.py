"""The weekly report: what callers wanted, how it went, what it cost, what changed and what is proposed."""
