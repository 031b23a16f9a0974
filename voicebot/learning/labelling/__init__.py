"""Which turns people label, and in which order: the most telling first, with a random share for honest figures."""
