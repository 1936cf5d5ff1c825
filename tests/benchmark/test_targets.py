import pytest

from fv_benchmark.errors import BadTarget
from fv_benchmark.targets import TARGETS, TargetOptions, make_target
from fv_core.errors import UnknownName


def test_this_machine_is_a_target():
    assert make_target("local", TargetOptions()).name == "local"


@pytest.mark.parametrize("text", ["locl", "", "telnet://pi@host", ":", "local\x1b[2J"])
def test_an_unknown_kind_is_refused_and_the_valid_ones_are_named(text):
    with pytest.raises(UnknownName) as error:
        make_target(text, TargetOptions())
    assert "local" in error.value.hint


def test_a_known_kind_in_another_syntax_is_refused():
    with pytest.raises(BadTarget):
        make_target("local:2", TargetOptions())


@pytest.mark.parametrize("name", TARGETS.names())
def test_every_kind_says_how_it_is_written(name):
    assert TARGETS.get(name).syntax.partition(":")[0].partition("[")[0] == name
