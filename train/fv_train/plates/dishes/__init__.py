"""The dishes of `builtin:plates`: one module each, `DISH` in it; the stem is the class name."""
