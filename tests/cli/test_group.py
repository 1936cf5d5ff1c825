"""The table of commands and the group that loads them."""

from __future__ import annotations

import importlib.util

import pytest

from fv_cli.group import COMMANDS, command_line, load

# An 80-column terminal less the indentation and the longest name; a longer line ends in dots.
LINE_LIMIT = 64


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_module_and_its_help(name: str) -> None:
    assert importlib.util.find_spec(f"fv_cli.commands.{name}") is not None
    command = load(name)
    assert command.help


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_line_fits_a_terminal(name: str) -> None:
    assert len(COMMANDS[name]) <= LINE_LIMIT


def test_every_module_of_the_folder_is_in_the_table() -> None:
    import pkgutil

    import fv_cli.commands

    modules = {module.name for module in pkgutil.iter_modules(fv_cli.commands.__path__)}
    assert {name for name in modules if not name.startswith("_")} <= set(COMMANDS)


def test_the_root_knows_every_command_in_the_order_of_the_table() -> None:
    assert list(command_line().commands) == list(COMMANDS)
