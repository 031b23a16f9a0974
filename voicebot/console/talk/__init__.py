"""/talk: a telephone in the browser, for everybody."""
