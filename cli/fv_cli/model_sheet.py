"""What `fv inspect` found in a model file, as rows of (heading, text); a heading is empty where a row goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fv_core.units import bytes_as_text, count_as_text, percent_as_text

if TYPE_CHECKING:
    from fv_core.manifest import Manifest
    from fv_edge_runtime.facts import ModelFacts, QuantizedTensor, TensorFacts

# More rows than a screen has are counted, not listed; --json has them all.
MAX_ROWS = 12
_SHA_CHARACTERS = 12
Row = tuple[str, str]


def sheet(facts: ModelFacts) -> Iterator[Row]:
    """The whole sheet, in the order in which somebody asks."""
    yield "file", f"{facts.name} · {facts.format} · {facts.scheme} · {bytes_as_text(facts.size_bytes)}"
    yield "sha256", facts.sha256
    if facts.producer:
        yield "made by", facts.producer
    if facts.opsets:
        yield "opsets", ", ".join(f"{domain} {version}" for domain, version in facts.opsets.items())
    if facts.unsound:
        yield "unsound", facts.unsound
    yield from listed("beware", [remark.text for remark in facts.remarks])
    yield from listed("input", [_tensor(tensor) for tensor in facts.inputs])
    yield from listed("output", [_tensor(tensor) for tensor in facts.outputs])
    signatures = [f"{one.key}: {', '.join(one.inputs)} -> {', '.join(one.outputs)}" for one in facts.signatures]
    yield from listed("signature", signatures)
    yield from listed("operators", [f"{count:>4} {name}" for name, count in facts.operators.items()])
    yield from _work(facts)
    yield from _quantization(facts)
    yield from _runtime(facts)
    yield from _floats(facts)
    if facts.custom_operators:
        yield "not built in", ", ".join(facts.custom_operators)
    if facts.metadata:
        labels = "" if facts.metadata.label_count is None else f", {facts.metadata.label_count} labels"
        yield "metadata", f"{facts.metadata.standard}{labels}"
        yield from listed("", [f"{heading}: {text}" for heading, text in facts.metadata.entries])
    yield from _manifest(facts)


def _tensor(tensor: TensorFacts) -> str:
    shape = ", ".join("free" if size < 0 else str(size) for size in tensor.shape)
    text = f"{tensor.name}: {tensor.dtype} ({shape})"
    if tensor.quantization:
        text += f", real = {tensor.quantization.scale:.6g} · (stored - {tensor.quantization.zero_point})"
    return text


def _work(facts: ModelFacts) -> Iterator[Row]:
    yield "computed in", ", ".join(f"{dtype} ({count})" for dtype, count in facts.activation_dtypes.items())
    yield "weights", ", ".join(f"{dtype} {bytes_as_text(size)}" for dtype, size in facts.constant_bytes.items())
    unknown = sum(layer.multiply_adds is None for layer in facts.layers)
    besides = f", without {unknown} operators whose work is not known" if unknown else ""
    yield "work", f"{count_as_text(facts.multiply_adds)} multiply-adds{besides}"


def _quantization(facts: ModelFacts) -> Iterator[Row]:
    if not facts.precisions:
        return
    rows = [
        f"{count} layers: {name.replace(' x ', ' weights, ')} activations" for name, count in facts.precisions.items()
    ]
    yield from listed("layers", rows)
    whole = [one for one in facts.quantized if one.axis is None and not one.is_constant]
    weights = [one for one in facts.quantized if one.is_constant]
    by_channel = [one for one in weights if one.axis is not None]
    if whole:
        yield "", f"{len(whole)} activations per tensor, {_scales(whole)}"
    if by_channel:
        yield "", f"{len(by_channel)} weights per channel, {_scales(by_channel)}"
    if len(weights) > len(by_channel):
        alone = [one for one in weights if one.axis is None]
        yield "", f"{len(alone)} constants per tensor, {_scales(alone)}"


def _scales(tensors: list[QuantizedTensor]) -> str:
    known = [tensor.scales for tensor in tensors if tensor.scales]
    low, high = min((one[0] for one in known), default=0.0), max((one[1] for one in known), default=0.0)
    first, last = min(tensor.zero_points[0] for tensor in tensors), max(tensor.zero_points[1] for tensor in tensors)
    zeros = f"zero point {first}" if first == last else f"zero points {first} to {last}"
    return f"scales {low:.3g} to {high:.3g}, {zeros}"


def _runtime(facts: ModelFacts) -> Iterator[Row]:
    if facts.not_opened:
        yield "not opened", facts.not_opened
        return
    yield "opened by", str(facts.runtime)
    if facts.partitions is None:
        return
    breaks = [one for one in facts.outside if one.breaks]
    broken = f", {len(breaks)} of them break the graph" if breaks else ""
    yield "partitions", f"{facts.partitions} of the delegate, {len(facts.outside)} operators outside{broken}"
    rows = [(one.breaks, f"{one.operator} ({one.dtype}): {one.why}") for one in facts.outside]
    # Those that cost a partition first.
    ordered = sorted(rows, key=lambda row: not row[0])
    yield from listed("", [f"{text} [breaks the graph]" if breaks else text for breaks, text in ordered])


def _floats(facts: ModelFacts) -> Iterator[Row]:
    if facts.float_activations:
        islands = len(facts.float_islands)
        yield "float tensors", f"{len(facts.float_activations)}, {islands} of them islands between quantized ones"
        yield from listed("", [f"{tensor.name}: {tensor.why}" for tensor in facts.float_activations])


def _manifest(facts: ModelFacts) -> Iterator[Row]:
    manifest = facts.manifest
    if manifest is None:
        has_labels = facts.metadata is not None and facts.metadata.label_count
        yield "manifest", "none: not written by fv" if has_labels else "none: give its labels with --labels"
        return
    chain = manifest.preprocess
    yield "manifest", f"{manifest.name}, {manifest.scheme}, {len(manifest.labels)} labels from {manifest.labels_from}"
    yield "labels", ", ".join(manifest.labels[:3]) + (", …" if len(manifest.labels) > 3 else "")
    yield "pictures", f"square of {chain.store_size} px, {chain.crop_fraction:g} of it, to {chain.input_size} px"
    yield from _provenance(manifest)


def _provenance(manifest: Manifest) -> Iterator[Row]:
    yield "from", f"model {manifest.source_sha256[:_SHA_CHARACTERS]}"
    if manifest.calibration:
        one = manifest.calibration
        where = f"set {one.dataset_sha256[:_SHA_CHARACTERS]}, ids {one.ids_sha256[:_SHA_CHARACTERS]}"
        yield "calibration", f"{one.count} pictures of {one.split}, {one.method}, seed {one.seed}; {where}"
    if manifest.drop:
        drop, (low, high) = manifest.drop, manifest.drop.ci95_pp
        yield "drop", f"{drop.drop_pp:+.2f} points [{low:+.2f}, {high:+.2f}] on {drop.n} pictures of {drop.split}"
        yield "agreement", f"{percent_as_text(drop.agreement)} with the full model"
    if manifest.rewrites:
        yield "rewrites", ", ".join(manifest.rewrites)
    how = "; --verify draws them again" if manifest.golden else ""
    yield "golden", f"{len(manifest.golden)} pictures, tolerance {manifest.golden_tolerance:g}{how}"
    if manifest.versions:
        yield "versions", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())


def listed(heading: str, rows: Iterable[str]) -> Iterator[Row]:
    """The rows below one another, equal ones once with their number, the rest counted."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row] = counts.get(row, 0) + 1
    for number, (row, count) in enumerate(counts.items()):
        if number == MAX_ROWS:
            yield "", f"… and {len(counts) - MAX_ROWS} more (--json lists them)"
            return
        yield ("" if number else heading), f"{count} × {row}" if count > 1 else row
