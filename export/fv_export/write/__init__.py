"""The rooms that know a file format: one writer each, from the normal form and its annotation to bytes."""
