"""Personal data: found in what is said and written, and taken out before anything is stored."""
