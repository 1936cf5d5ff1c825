import pytest

from fv_benchmark.errors import BadTarget
from fv_benchmark.targets.ssh.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address", "arguments"),
    [
        ("ssh://board", Address("board"), ["--", "board"]),
        ("ssh://pi@raspberrypi.local", Address("raspberrypi.local", "pi"), ["-l", "pi", "--", "raspberrypi.local"]),
        ("ssh://pi@10.0.0.7:2222/", Address("10.0.0.7", "pi", 2222), ["-l", "pi", "-p", "2222", "--", "10.0.0.7"]),
        ("ssh://[fe80::1%eth0]:22", Address("fe80::1%eth0", None, 22), ["-p", "22", "--", "fe80::1%eth0"]),
    ],
)
def test_an_address_becomes_arguments(text, address, arguments):
    assert parse_address(text) == address
    assert address.arguments() == arguments


@pytest.mark.parametrize(
    "text",
    [
        "ssh:board",
        "ssh://",
        "ssh://-oProxyCommand=id",
        "ssh://-l@board",
        "ssh://a@-board",
        "ssh://board;id",
        "ssh://$(id)@board",
        "ssh://`id`",
        "ssh://board\n",
        "ssh://board:0",
        "ssh://board:65536",
        "ssh://board:22:22",
        "ssh://board/home",
        "ssh://a b",
        "ssh://pi@board'",
        "ssh://пи",
        "ssh://board\x1b[2J",
    ],
)
def test_what_a_shell_or_ssh_could_take_for_something_else_is_refused(text):
    with pytest.raises(BadTarget) as error:
        parse_address(text)
    assert str(error.value).isprintable()


def test_it_is_typed_as_people_type_it():
    assert Address("board", "pi", 2222).typed() == "-p 2222 pi@board"
    assert Address("board").typed() == "board"
