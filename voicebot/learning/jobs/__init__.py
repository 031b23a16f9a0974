"""Work that is done by itself, beside the calls: what there is, when it is due, and who does it."""
