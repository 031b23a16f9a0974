"""What callers said that went wrong: collected, clustered, ranked by its cost; and suggestions drawn from it."""
