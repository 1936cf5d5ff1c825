"""The words of a running training, whole."""

from __future__ import annotations

from fv_train.checkpoint import EpochRow, State
from fv_train.epoch_words import line, note
from fv_train.input_limit import Limit
from fv_train.recipe import Select

ROW = EpochRow(3, "all", 1e-3, 2.0, 0.5, 0.25, 100.0, 0.4, 9.0)


def test_an_epoch_says_what_its_accuracy_is_of_and_what_held_it_up() -> None:
    assert line(ROW, Select(), 30, 3, Limit("disk", 0.4, 3.0, 1.0)) == (
        "epoch 3 (all): loss 2.0000, top-1 25.00 % of 30 pictures held out of train, 3 classes; 100 images/s, 40.00 % "
        "waiting for data: the disk is the limit"
    )
    assert "of the reported split" in line(ROW, Select(on="reported"), 30, 3, Limit("device", 0.0, 0.0, 1.0))


def test_the_note_has_the_rate_and_the_waiting_apart() -> None:
    state = State("float32", jit=False, step=4, loss_sum=8.0, seconds=2.0, waited_s=0.5)
    assert note(state, 16) == "loss 2.000, 32 images/s, 25.00 % waiting for data"
    assert "selection top-1 25.00 %" in note(State("float32", jit=False, history=(ROW,)), 16)
