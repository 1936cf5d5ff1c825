"""The command line: words, progress, exit codes. No logic."""

__version__ = "0.1.0"
