"""The kinds of source: one module each, `SOURCE` in it; the stem is the KIND of `KIND:WHAT`."""
