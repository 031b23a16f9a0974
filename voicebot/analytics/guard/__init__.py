"""The guard of a version that a share of callers gets: its calls are compared with the active version's."""
