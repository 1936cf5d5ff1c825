"""Write docs/images from a real quickstart: the terminal as SVG, and the report's page. `make pictures` runs it.

The commands run here and now, in a folder of their own; what they print is recorded by rich and nothing is retouched.
The page of the report is photographed with a Chromium, where there is one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
FV = Path(sys.executable).with_name("fv")
COLUMNS = 132
# rich's SVG fetches its font from a server; the reader's own monospaced one will do.
FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WINDOW = "1200,1500"


def main() -> int:
    """Run the quickstart, or take one that is there (the first argument), and write both pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]).parent if len(sys.argv) > 1 else Path(scratch)
        name = Path(sys.argv[1]).name if len(sys.argv) > 1 else "quickstart"
        if not (folder / name / "report.html").is_file():
            subprocess.run([FV, "quickstart", "--out", name], cwd=folder, check=True)
        exported = f"{name}/runs/plates/export"
        write_terminal(
            IMAGES / "benchmark.svg",
            folder,
            ["benchmark", exported, "--against", f"{name}/runs/plates", "--data", f"{name}/data/plates"],
        )
        write_terminal(
            IMAGES / "predict.svg", folder, ["predict", f"{exported}/plates_int8.tflite", f"{name}/lunch.png"]
        )
        photograph(folder / name / "report.html", IMAGES / "report.png")
    return 0


def write_terminal(picture: Path, folder: Path, words: list[str]) -> None:
    """Run one command line as on a terminal and write what it prints."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    done = subprocess.run([FV, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - closed with the process
    console.print(Text(f"$ fv {' '.join(words)}", style="bold"), soft_wrap=True)
    console.print(Text.from_ansi(done.stdout))
    picture.write_text(FONT_FACE.sub("", console.export_svg(title="fv")), encoding="utf-8")


def photograph(page: Path, picture: Path) -> None:
    """A picture of the page, by the first browser that is installed; says so where there is none."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print(f"no browser ({', '.join(BROWSERS)}): {picture.name} was not written", file=sys.stderr)
        return
    subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WINDOW}",
            f"--screenshot={picture}", page.resolve().as_uri(),
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
