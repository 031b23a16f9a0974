"""Rules that tell people when a figure leaves its bounds."""
