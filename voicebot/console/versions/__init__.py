"""Pages of the versions of content and models."""
