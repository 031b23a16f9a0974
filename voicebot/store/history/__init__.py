"""What is kept of calls for good: their tables, what writes them, and what the pages ask of them."""
