"""Who may see and do what: people's accounts, and the tokens of programs."""
