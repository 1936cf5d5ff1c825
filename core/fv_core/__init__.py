"""Pictures, labels, files, errors: what every package of `fv` stands on. Knows no framework, clock or terminal."""
