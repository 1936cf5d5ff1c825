"""Pages for a browser: what serves them, and what they are told. The pages themselves are built from `web/`."""
