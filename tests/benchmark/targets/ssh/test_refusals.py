"""What OpenSSH prints, word for word, and what we make of it."""

import pytest

from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.errors import DeviceUnreachable, HostKeyChanged, HostKeyUnknown, LoginRefused
from fv_benchmark.targets.ssh.refusals import last_line, lost, refusal

PI = Address("pi.local", "pi", 2222)
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for [pi.local]:2222 has changed and you have requested strict checking.
Host key verification failed.
"""


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        (CHANGED, HostKeyChanged),
        ("Host key verification failed.\n", HostKeyUnknown),
        ("No ED25519 host key is known for pi.local and you have requested strict checking.\n", HostKeyUnknown),
        ("pi@pi.local: Permission denied (publickey,password).\n", LoginRefused),
        ("Received disconnect from 10.0.0.7: Too many authentication failures\n", LoginRefused),
        ("ssh: Could not resolve hostname pi.local: Name or service not known\n", DeviceUnreachable),
        ("ssh: connect to host pi.local port 22: Connection refused\n", DeviceUnreachable),
        ("ssh: connect to host pi.local port 22: No route to host\n", DeviceUnreachable),
        ("kex_exchange_identification: Connection closed by remote host\n", DeviceUnreachable),
        ("", DeviceUnreachable),
    ],
)
def test_each_refusal_has_its_own_error_and_something_to_type(stderr, kind):
    error = refusal(stderr, PI)
    assert type(error) is kind
    assert "pi@pi.local" in error.hint


def test_a_changed_key_is_forgotten_under_the_name_that_ssh_knows():
    assert "ssh-keygen -R '[pi.local]:2222'" in refusal(CHANGED, PI).hint
    assert "ssh-keygen -R 'pi.local'" in refusal(CHANGED, Address("pi.local")).hint


def test_the_last_words_are_fit_for_a_terminal():
    assert last_line("a\n\x1b[2Jgone\x07\n\n@@@@\n") == "\\x1b[2Jgone\\x07"
    assert last_line("") == ""
    assert lost("", PI).why == "it ended without a word"
