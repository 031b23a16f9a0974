"""Knowledge: FAQ and documents, imported, searched, and answered from in at most two spoken sentences."""
