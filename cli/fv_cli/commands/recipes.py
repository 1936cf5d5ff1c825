"""`fv recipes`: which recipes there are, and what one of them says in full."""

from __future__ import annotations

from typing import Annotated

import typer

from fv_cli import output

app = typer.Typer()


@app.callback(invoke_without_command=True)
def recipes(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the published recipes."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from fv_train.recipe import headline, load_recipe, names

    if as_json:
        rows = [{"name": name, "about": headline(name), "top1": load_recipe(name).expect.top1} for name in names()]
        output.print_json({"schema_version": 1, "recipes": rows})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("recipe", "what it trains", "top-1"):
        table.add_column(column)
    for name in names():
        table.add_row(name, headline(name), load_recipe(name).expect.top1)
    output.stdout().print(table)
    output.next_step(f"fv recipes show {names()[0]}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A recipe, or a .toml file.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key first.")
    ] = None,
) -> None:
    """Print a recipe with everything that it extends and every default."""
    import sys

    from fv_train.recipe import load_recipe

    sys.stdout.write(load_recipe(name, settings or []).to_toml())
    output.next_step(f"fv train {name}")
