"""Write the parts of the documentation that the code knows best. `make docs` writes them; a test compares them.

README.md           the table of schemes, between the marks
docs/reference/     one page a command, from its own help; the kinds of failure; the recipes
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- schemes: written by docs/generate.py -->\n", "<!-- end of schemes -->\n"
# Help is wrapped to the width of a terminal; a page has this one on every machine.
COLUMNS = "80"


def pages() -> dict[Path, str]:
    """Every generated file: path -> text."""
    readme = ROOT / "README.md"
    return {
        readme: with_schemes(readme.read_text(encoding="utf-8")),
        ROOT / "docs/reference/commands.md": commands(),
        ROOT / "docs/reference/errors.md": failures(),
        ROOT / "docs/reference/recipes.md": recipes(),
    }


def with_schemes(readme: str) -> str:
    """The text of README.md with today's table of schemes."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{schemes()}{END}{after}"


def schemes() -> str:
    """The table of schemes."""
    from fv_export.schemes import FORMATS, SCHEMES

    lines = ["| scheme | weights | activations | calibration | files | what for |", "|---|---|---|---|---|---|"]
    for scheme in SCHEMES.values():
        weights = f"{scheme.weight_bits}-bit {'float' if scheme.weights == 'float' else 'integer'}"
        written = " and ".join(
            {"tflite": "TFLite", "onnx": "ONNX"}[name] for name in FORMATS if name not in scheme.refused
        )
        needed = "needed" if scheme.needs_calibration else "no"
        lines.append(f"| `{scheme.name}` | {weights} | {scheme.activations} | {needed} | {written} | {scheme.effect} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """One section a command, with its own help."""
    os.environ["COLUMNS"] = COLUMNS
    from typer.core import TyperGroup

    from fv_cli.group import COMMANDS, command_line, load

    root = command_line()
    parts = ["# Commands\n\nWritten by `make docs` from the commands' own help.\n"]
    with root.make_context("fv", [], resilient_parsing=True) as top:
        parts.append(_section("fv", root.get_help(top)))
        for name in COMMANDS:
            command = load(name)
            with command.make_context(name, [], parent=top, resilient_parsing=True) as context:
                parts.append(_section(f"fv {name}", command.get_help(context)))
                for below, inner in command.commands.items() if isinstance(command, TyperGroup) else ():
                    with inner.make_context(below, [], parent=context, resilient_parsing=True) as innermost:
                        parts.append(_section(f"fv {name} {below}", inner.get_help(innermost)))
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    plain = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {title}\n\n```text\n{plain}\n```\n"


def failures() -> str:
    """The kinds of failure: code, exit code, meaning."""
    from fv_core.errors import FvError

    for package in ("core", "edge_runtime", "benchmark", "train", "export", "cli"):
        folder = ROOT / package
        for path in sorted(folder.rglob("*.py")):
            if '    code = "' in path.read_text(encoding="utf-8"):
                importlib.import_module(".".join(path.relative_to(folder).with_suffix("").parts))
    kinds, waiting = [], [FvError]
    while waiting:
        kind = waiting.pop()
        kinds.append(kind)
        waiting.extend(one for one in kind.__subclasses__() if one.__module__.startswith("fv_"))
    rows = [
        f"| `{kind.code}` | {kind.exit_code} | {_first_paragraph(kind)} |"
        for kind in sorted(kinds, key=lambda kind: kind.code)
    ]
    heading = (
        "# Failures\n\nWritten by `make docs`. A failure is one line, `error[code]: problem: why`, and a hint; the "
        "code stays the same across releases.\n\n| code | exit code | meaning |\n|---|---|---|\n"
    )
    return heading + "\n".join(rows) + "\n"


def _first_paragraph(kind: type[object]) -> str:
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())


def recipes() -> str:
    """The recipes and what each is expected to reach."""
    from fv_train.recipe import headline, load_recipe, names

    rows = [f"| `{name}` | {headline(name)} | {load_recipe(name).expect.top1} |" for name in names()]
    heading = "# Recipes\n\nWritten by `make docs`; in full: `fv recipes show NAME`.\n\n"
    return heading + "| recipe | what it trains | top-1 |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def main() -> int:
    """Write every page; with `--check`, write nothing and fail when one is not up to date."""
    stale = []
    for path, text in pages().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"not up to date: {', '.join(stale)}; run: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
