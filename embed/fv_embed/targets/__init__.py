"""The kinds of project, one file each: TARGET = Target(name, formats, files, next_step)."""
