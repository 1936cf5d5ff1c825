"""A report as people read it: as rows and notes (`table`), Markdown, and one self-contained HTML page with plots."""
