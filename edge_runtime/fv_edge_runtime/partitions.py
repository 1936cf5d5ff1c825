"""Which operators a delegate took, and why it left the others.

The interpreter shows each partition as one DELEGATE node with the tensors that go in and come out; the operators that
it replaced are still listed. An operator is inside a partition if the partition's results are computed from it without
passing one of the partition's inputs: walking back from the results to the inputs finds exactly these.

Why XNNPACK leaves an operator: see `VisitUnaryNode` and its sisters in xnnpack_delegate.cc of TensorFlow Lite. Of the
functions of one tensor they take LOGISTIC, TANH, ELU and LEAKY_RELU in int8, QUANTIZE from float or within one type,
and nothing in int16.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fv_edge_runtime.facts import OutsideOperator
from fv_edge_runtime.tflite_file import NO_TENSOR, Operator, TfliteFile
from fv_edge_runtime.tflite_names import type_name

# (input tensors, output tensors) of one DELEGATE node.
DelegateNode = tuple[tuple[int, ...], tuple[int, ...]]

_NO_INT8_KERNEL = tuple(
    "HARD_SWISH SOFTMAX RELU RELU6 ABS FLOOR NEG ROUND SQRT SQUARE GELU AVERAGE_POOL_2D PADV2".split()
)
_WITH_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_SHAPES = ("SHAPE", "STRIDED_SLICE", "PACK")
_NO_INT8 = "this runtime's XNNPACK takes float operators only; its own kernels run it"
_NOT_KNOWN = "the delegate did not take it; the reason is not in fv's table"


def outside_operators(
    model: TfliteFile, delegates: Sequence[DelegateNode], *, delegates_int8: bool = True
) -> tuple[OutsideOperator, ...]:
    """The operators of the graph that no partition contains, in order; all of them where there is no delegate.

    `delegates_int8`: whether the runtime's delegate takes int8 operators at all.
    """
    inside = _inside(model.operators, delegates)
    between = _between(model.operators, inside)
    return tuple(
        replace(_described(model, operator, delegates_int8), breaks=number in between)
        for number, operator in enumerate(model.operators)
        if number not in inside
    )


def _between(operators: Sequence[Operator], inside: set[int]) -> set[int]:
    """Those outside that are computed from something inside, and that something inside is computed from."""
    behind = _reached([(one.inputs, one.outputs) for one in operators], inside)
    turned = [(one.outputs, one.inputs) for one in reversed(operators)]
    last = len(operators) - 1
    before = {last - number for number in _reached(turned, {last - number for number in inside})}
    return (behind & before) - inside


def _reached(steps: Sequence[tuple[Sequence[int], Sequence[int]]], start: set[int]) -> set[int]:
    """Numbers of the steps that read, directly or through others, what the steps of `start` write."""
    written: set[int] = set()
    reached: set[int] = set()
    for number, (reads, writes) in enumerate(steps):
        is_behind = not written.isdisjoint(reads)
        if is_behind:
            reached.add(number)
        if is_behind or number in start:
            written.update(writes)
    return reached


def _inside(operators: Sequence[Operator], delegates: Sequence[DelegateNode]) -> set[int]:
    writer = {tensor: number for number, operator in enumerate(operators) for tensor in operator.outputs}
    inside: set[int] = set()
    for sources, results in delegates:
        left, stop = list(results), set(sources)
        while left:
            number = writer.get(left.pop())
            if number is None or number in inside:
                continue
            inside.add(number)
            left.extend(tensor for tensor in operators[number].inputs if tensor not in stop)
    return inside


def _types(model: TfliteFile, indices: Sequence[int]) -> list[str]:
    return [type_name(model.tensors[index].type_code) for index in indices if index != NO_TENSOR]


def _described(model: TfliteFile, operator: Operator, delegates_int8: bool) -> OutsideOperator:
    result = model.tensors[operator.outputs[0]] if operator.outputs else None
    dtype = type_name(result.type_code) if result else "none"
    why = _why(model, operator, dtype) if delegates_int8 or dtype != "int8" else _NO_INT8
    return OutsideOperator(operator.name, dtype, result.name if result else "", why)


def _why(model: TfliteFile, operator: Operator, dtype: str) -> str:
    name, is_last = operator.name, bool(set(operator.outputs) & set(model.outputs))
    if name.startswith("CUSTOM:"):
        return "a custom operator: only the program that brings it can run it"
    if name in _SHAPES:
        return "it computes a shape while running: the batch is free"
    if name == "QUANTIZE" and "uint8" in (dtype, *_types(model, operator.inputs)):
        return "expected at the network's shores: XNNPACK does not turn uint8 into int8 or back"
    if dtype == "float32" and name in _WITH_WEIGHTS and "int8" in _types(model, operator.inputs):
        return "XNNPACK has no kernel for it with int8 weights and float activations"
    if dtype == "int16":
        return "XNNPACK has no kernels for 16-bit activations"
    if dtype == "int8" and name in _NO_INT8_KERNEL:
        return "XNNPACK has no int8 kernel for it, only a float one"
    if name == "DEQUANTIZE" or (is_last and name == "SOFTMAX"):
        return "expected: it turns the network's integers into float32 probabilities"
    return _NOT_KNOWN
