"""How the bot gets better by its own calls, with people approving."""
