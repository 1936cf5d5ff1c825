"""EfficientNet-Lite0: its known size, and weights that fit exactly or not at all."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from fv_train.efficientnet_lite import lite0, load_npz

# 4,652,008 of the published model less its classifier of 1280 x 1000 + 1000.
PARAMETERS = 4_652_008 - 1_281_000


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return lite0(32)


def arrays(model: keras.Model) -> dict[str, np.ndarray]:
    return {f"{layer.name}/{v.name}": np.asarray(v).astype(np.float16) for layer in model.layers for v in layer.weights}


def test_it_has_the_published_number_of_weights(network: keras.Model) -> None:
    trainable = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert trainable == PARAMETERS
    assert network.output_shape == (None, 1, 1, 1280)


def test_nothing_in_it_is_hard_for_8_bits(network: keras.Model) -> None:
    kinds = {type(layer).__name__ for layer in network.layers}
    assert kinds == {"InputLayer", "Rescaling", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Add"}
    assert len(network.get_config()["layers"]) == len(network.layers)


def test_weights_come_back_from_the_archive(network: keras.Model, tmp_path: Path) -> None:
    wanted = arrays(network)
    np.savez(tmp_path / "w.npz", **wanted)
    fresh = lite0(32)
    assert not np.array_equal(arrays(fresh)["stem_conv/kernel"], wanted["stem_conv/kernel"])
    load_npz(fresh, tmp_path / "w.npz")
    for name, array in arrays(fresh).items():
        np.testing.assert_array_equal(array, wanted[name])


def test_what_does_not_fit_changes_nothing(network: keras.Model, tmp_path: Path) -> None:
    before = arrays(network)
    first, *others = before
    for spoiled in (
        {name: before[name] for name in others},
        before | {"more/kernel": np.zeros(3)},
        {name: array + np.float16(1) for name, array in before.items()} | {first: before[first][:1]},
    ):
        np.savez(tmp_path / "w.npz", **spoiled)
        with pytest.raises(ValueError, match=r"do not fit|the network has"):
            load_npz(network, tmp_path / "w.npz")
    for name, array in arrays(network).items():
        np.testing.assert_array_equal(array, before[name])


def test_pickles_and_noise_are_refused(network: keras.Model, tmp_path: Path) -> None:
    spoiled = arrays(network) | {"stem_conv/kernel": np.array([object()])}
    np.savez(tmp_path / "pickle.npz", **spoiled, allow_pickle=True)
    (tmp_path / "noise.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ValueError, match="of object"):
        load_npz(network, tmp_path / "pickle.npz")
    with pytest.raises(ValueError, match="zip file"):
        load_npz(network, tmp_path / "noise.npz")


@pytest.mark.data
def test_the_sample_weights_load(test_data: Path, network: keras.Model) -> None:
    load_npz(network, test_data / "weights" / "efficientnet_lite0_224_notop.npz")
