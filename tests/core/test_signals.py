"""Signals that wait for the end of a block."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from fv_core.signals import held_back


def test_ctrl_c_waits_for_the_end_of_the_block_whichever_thread_it_meets() -> None:
    """The kernel may hand the signal to any thread that does not block it; Python then acts in the main one."""
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    reached = []

    def press() -> None:
        with held_back():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)  # time enough for the other thread to take it
            reached.append(True)

    try:
        with pytest.raises(KeyboardInterrupt):
            press()
    finally:
        done.set()
        other.join()
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_ctrl_c_nothing_is_raised_and_the_handler_is_back() -> None:
    with held_back():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_of_two_signals_the_first_is_the_last_where_its_handler_raises() -> None:
    def press() -> None:
        with held_back():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                signal.raise_signal(number)

    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        with pytest.raises(KeyboardInterrupt):
            press()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]
