"""How well the bot does, counted from the history."""
