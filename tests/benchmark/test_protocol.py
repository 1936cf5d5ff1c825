import pytest

from fv_benchmark.protocol import PRESETS, Protocol, protocol_for
from fv_core.errors import UnknownName


@pytest.mark.parametrize(("name", "calls", "seconds"), [("quick", 128, 10.0), ("normal", 1024, 60.0)])
@pytest.mark.parametrize("blocks", [None, 1, 3, 5, 40])
def test_a_preset_is_kept_whatever_number_of_processes_share_it(name, calls, seconds, blocks):
    protocol = protocol_for(name, blocks)
    assert protocol.preset == name
    assert protocol.blocks == (blocks or 5)
    assert protocol.blocks * protocol.min_calls >= calls
    assert protocol.blocks * protocol.block_seconds == pytest.approx(seconds)
    assert protocol.max_calls >= protocol.min_calls
    # The sandbox ends no block that the protocol still allows.
    assert protocol.block_limit_seconds > protocol.max_block_seconds + protocol.warm_up_seconds


def test_only_normal_waits_for_the_machine_to_cool():
    assert PRESETS["normal"].cool_down_seconds > 0
    assert [protocol_for(name).cool_down_seconds for name in ("default", "quick")] == [0.0, 0.0]


def test_the_default_is_the_protocol_without_a_preset():
    assert protocol_for("default") == Protocol()
    assert protocol_for("default", 9) == Protocol(blocks=9)


def test_an_unknown_preset_is_refused():
    with pytest.raises(UnknownName):
        protocol_for("norml")
