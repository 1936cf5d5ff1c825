"""Pooling and means."""

from __future__ import annotations

from fv_export.from_keras.building import Call, Converter
from fv_export.from_keras.convolutions import explicit_padding
from fv_export.graph import Mean, Pool, PoolKind, Reshape


def _pooling(kind: PoolKind) -> Converter:
    def convert(call: Call) -> str:
        window, strides = tuple(call.layer.pool_size), tuple(call.layer.strides)
        padding = explicit_padding(call, window, strides)
        name = call.name
        return call.build.add(
            Pool(name=name, inputs=call.inputs, output=name, kind=kind, window=window, strides=strides, padding=padding)
        )

    return convert


def _global_average(call: Call) -> str:
    call.require(call.layer.data_format == "channels_last", "only channels_last is exported")
    name = call.name
    return call.build.add(Mean(name=name, inputs=call.inputs, output=name, keep_dims=bool(call.layer.keepdims)))


def _global_max(call: Call) -> str:
    call.require(call.layer.data_format == "channels_last", "only channels_last is exported")
    name, (_, rows, columns, channels) = call.name, call.shape
    tensor = call.build.add(
        Pool(
            name=name,
            inputs=call.inputs,
            output=name,
            kind=PoolKind.MAX,
            window=(rows, columns),
            strides=(rows, columns),
        )
    )
    if call.layer.keepdims:
        return tensor
    name = call.build.name(f"{call.layer.name}_flat")
    return call.build.add(Reshape(name=name, inputs=(tensor,), output=name, shape=(1, channels)))


def _mean_operation(call: Call) -> str:
    axes = call.layer.axis if isinstance(call.layer.axis, (tuple, list)) else (call.layer.axis,)
    rank = len(call.shape)
    over = {axis % rank for axis in axes if axis is not None}
    call.require(rank == 4 and over == {1, 2}, "only a mean over rows and columns has an entry")
    name = call.name
    return call.build.add(Mean(name=name, inputs=call.inputs, output=name, keep_dims=bool(call.layer.keepdims)))


CONVERTERS: dict[str, Converter] = {
    "layers.MaxPooling2D": _pooling(PoolKind.MAX),
    "layers.AveragePooling2D": _pooling(PoolKind.AVERAGE),
    "layers.GlobalAveragePooling2D": _global_average,
    "layers.GlobalMaxPooling2D": _global_max,
    "ops.Mean": _mean_operation,
}
