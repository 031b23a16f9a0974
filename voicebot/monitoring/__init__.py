"""What the service tells those who watch over it: metrics and traces."""
