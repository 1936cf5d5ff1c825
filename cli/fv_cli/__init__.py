"""The command line: words, progress, exit codes. No logic."""
