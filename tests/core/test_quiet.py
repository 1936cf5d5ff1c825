"""Pillow's warnings under many threads."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from fv_core.quiet import pillow_is_quiet


def pillow_warns() -> None:
    warnings.warn_explicit("bad EXIF", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin")


def test_pillow_is_quiet_inside_and_heard_outside() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pillow_is_quiet():
            pillow_warns()
        with pytest.raises(UserWarning, match="bad EXIF"):
            pillow_warns()


def test_other_modules_are_heard_inside() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pillow_is_quiet(), pytest.raises(UserWarning, match="mine"):
            warnings.warn("mine", stacklevel=1)


def test_overlapping_threads_leave_the_filters_as_they_were() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        both_inside, first_out = threading.Barrier(2), threading.Event()

        def first() -> None:
            with pillow_is_quiet():
                both_inside.wait(10)
            first_out.set()

        def second() -> None:
            with pillow_is_quiet():
                both_inside.wait(10)
                first_out.wait(10)
                pillow_warns()

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(first), pool.submit(second)]:
                done.result(20)
        assert list(warnings.filters) == before
