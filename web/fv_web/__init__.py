"""The pages of fv and the two runtimes that they use; `fv` finds them by this package's place."""

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
