"""Rewrites of the normal form: one module each, holding `REWRITE`. Modules with an underscore are helpers."""
