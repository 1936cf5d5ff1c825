"""Is an ONNX file sound? What the runtime takes on trust is checked here, so that a bad file is refused with a reason.

`onnx_file` reads the main graph. This module walks everything else that a runtime reads, too: the bodies of If, sparse
weights, and the file's own functions. Refused are

    weights in other files     anywhere (CVE-2022-25882, CVE-2024-27318, CVE-2026-27489: paths that lead outside)
    weights of a wrong length  raw bytes that are not as many as shape and type say
    functions in a circle      or calling one another deeper than `MAX_DEPTH`, or growing into more than `MAX_NODES`:
                               onnxruntime puts each in the place of its calls, recursively (GHSA-7w46-vvrh-m8q5)
    loops                      nothing bounds how long a Loop runs, and a picture classifier has none
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from fv_edge_runtime._protobuf import Field, Message, damaged, integers, text
from fv_edge_runtime.errors import UnsupportedModel
from fv_edge_runtime.model_path import read_model
from fv_edge_runtime.onnx_file import MAX_DEPTH, TYPES

_LOOPS = ("Loop", "Scan")
_EXTERNAL = 1
# The largest published classifiers have 50,000 nodes; twenty times that is hostile.
MAX_NODES = 1_000_000
# (domain, name): what an operator or a function is known by.
Name = tuple[str, str]


def check_onnx(path: Path) -> None:
    """Raise `BadModelFile` with the first thing that is wrong, `UnsupportedModel` for outside weights and loops."""
    model = Message(read_model(path))
    main: Counter[Name] = Counter()
    functions: dict[Name, Counter[Name]] = {}
    for entry in model.fields():
        if entry.number == 7:
            main += _check_graph(model.child(entry), 0)
        elif entry.number == 25:
            function = model.child(entry)
            name = _name(function, name_field=1, domain_field=10)
            functions[name] = functions.get(name, Counter()) + _check_nodes(function, node_field=7, depth=0)
    sizes: dict[Name, int] = {}
    for name in main:
        if name in functions:
            _check_calls(name, functions, sizes, ())
    _check_size(sum(count * sizes.get(name, 1) for name, count in main.items()))


def _check_graph(graph: Message, depth: int) -> Counter[Name]:
    """Check a graph and those inside it; returns how often each operator is used."""
    if depth > MAX_DEPTH:
        raise damaged(f"graphs stand inside one another more than {MAX_DEPTH} deep")
    for entry in graph.fields():
        if entry.number == 5:
            _check_tensor(graph.child(entry))
        elif entry.number == 15:
            _check_sparse(graph.child(entry))
    return _check_nodes(graph, node_field=1, depth=depth)


def _check_nodes(parent: Message, *, node_field: int, depth: int) -> Counter[Name]:
    used: Counter[Name] = Counter()
    for entry in parent.fields():
        if entry.number != node_field:
            continue
        node = parent.child(entry)
        used[_name(node, name_field=4, domain_field=7)] += 1
        for part in node.fields():
            if part.number == 5:
                used += _check_attribute(node.child(part), depth)
    looping = next((name for domain, name in used if name in _LOOPS and domain in ("", "ai.onnx")), None)
    if looping:
        raise UnsupportedModel(
            f"the model has a {looping}",
            why="a picture classifier has no loops, and nothing bounds how long they run",
            hint="export the model without control flow",
        )
    return used


def _check_attribute(attribute: Message, depth: int) -> Counter[Name]:
    used: Counter[Name] = Counter()
    for entry in attribute.fields():
        if entry.number in (5, 10):
            _check_tensor(attribute.child(entry))
        elif entry.number in (22, 23):
            _check_sparse(attribute.child(entry))
        elif entry.number in (6, 11):
            used += _check_graph(attribute.child(entry), depth + 1)
    return used


def _check_sparse(tensor: Message) -> None:
    for entry in tensor.fields():
        if entry.number in (1, 2):
            _check_tensor(tensor.child(entry))


def _check_tensor(tensor: Message) -> None:
    dims: list[int] = []
    name, type_code, raw = "", 0, None
    for entry in tensor.fields():
        if entry.number == 1:
            dims.extend(integers(entry))
        elif entry.number == 2:
            type_code = entry.integer
        elif entry.number == 8:
            name = text(entry)
        elif entry.number == 9:
            raw = len(entry.data)
        elif entry.number == 14 and entry.integer == _EXTERNAL:
            raise UnsupportedModel(
                "some of the weights are not in the file",
                why="they are said to stand in another file, and fv opens no other file than the one it is given",
                hint="save the model with its weights inside (onnx.save without external data)",
            )
    _, bits = TYPES.get(type_code, ("", 0))
    wanted = -(-math.prod(dims) * bits // 8)
    if any(size < 0 for size in dims) or (raw is not None and bits and raw != wanted):
        raise damaged(f"the weights {name!r} of shape {tuple(dims)} have {raw} bytes, not {wanted}")


def _check_calls(
    name: Name, functions: dict[Name, Counter[Name]], sizes: dict[Name, int], callers: tuple[Name, ...]
) -> None:
    """Find into how many nodes the function `name` grows when each call is replaced by what it calls: `sizes[name]`."""
    if name in callers:
        raise damaged(f"its function {name[1]!r} calls itself")
    if len(callers) >= MAX_DEPTH:
        raise damaged(f"its functions call one another more than {MAX_DEPTH} deep")
    if name in sizes:
        return
    for inner in functions[name]:
        if inner in functions:
            _check_calls(inner, functions, sizes, (*callers, name))
    sizes[name] = sum(count * sizes.get(inner, 1) for inner, count in functions[name].items())
    _check_size(sizes[name])


def _check_size(nodes: int) -> None:
    if nodes > MAX_NODES:
        raise damaged(f"its functions grow into {nodes} nodes, more than {MAX_NODES}")


def _name(message: Message, *, name_field: int, domain_field: int) -> Name:
    fields: dict[int, Field] = {entry.number: entry for entry in message.fields()}
    domain, name = (text(fields[number]) if number in fields else "" for number in (domain_field, name_field))
    return domain, name
