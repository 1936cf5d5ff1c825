"""`fv export`, as a function: a source and a list of (format, scheme) in, proven files out.

    open source ─▶ normal form ─▶ rewrites ─▶ annotation ─▶ bytes ─▶ opened and judged in a child ─▶ put in place

A file is put in place only after its final bytes have been run, and, with `--max-drop`, when the accuracy gate lets it
pass. A file that fails or is refused does not keep the others of the call from their places.

Where to hook in: how files are made is `_maker` (a `Variants`: another kind of file is another class there, and may ask
the `Gatekeeper`, which stands before it); how one is judged is `_prove`; what decides its place is `_place`.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fv_benchmark.gate import Budget, Decision, Gated
from fv_core.errors import FvError
from fv_core.files import check_writable, write_bytes
from fv_core.manifest import FloatTensor, Manifest
from fv_core.progress import Progress
from fv_export import pictures
from fv_export.calibration_check import check_channels
from fv_export.finetune import Finetune, finetuner_for
from fv_export.from_keras import graph_of
from fv_export.gate import Gate, Gatekeeper, drop_of, gatekeeper_for
from fv_export.mixed.options import Mix
from fv_export.mixed.outcome import Answer, Outcome, Timed
from fv_export.mixed.variant import Asked, Mixed
from fv_export.pictures import BadCalibration, Pictures
from fv_export.provenance import calibration_record, first_manifest, golden_answers, measured_drop
from fv_export.question import Question, Remembering, ask_full_model, in_words
from fv_export.schemes import SCHEMES, Pair, check_pair
from fv_export.source import Source, open_source
from fv_export.variants import AsItIs, FromGraph, Variant, Variants, method_for
from fv_export.verify import MAX_DROP_PP, Verdict, answers_of_file, judge

# Rewrites are checked on this many of the verification pictures, in float32: seconds for the largest network.
PROBE = 4
SUFFIX = {"tflite": ".tflite", "onnx": ".onnx"}


@dataclass(frozen=True)
class ExportOptions:
    """What `fv export` was asked for. `pairs`: (format, scheme), in the order of the output.

    `source`: a run, a `.keras` file, None for the newest run. `calibration`: an image set or a folder; None for the
    run's own training split. `verification_samples`: pictures that every file is compared on. `keep`: put refused files
    in place as `NAME_SCHEME.refused.SUFFIX`. `via_converter`: the stock converters in place of our own writers, for
    layers that those do not know. `finetune`: how int8 is fine-tuned, None where it is not. `gate`: the accuracy gate
    that every file has to pass, None where there is none. `mix`: which layers of integer files stay in float, and how
    fast those files must be.
    """

    pairs: tuple[Pair, ...]
    source: Path | None = None
    calibration: Path | None = None
    calibration_samples: int = 200
    calibration_method: str | None = None
    verification_samples: int = 256
    labels: Path | None = None
    input_range: tuple[float, float] | None = None
    out: Path | None = None
    keep: bool = False
    via_converter: bool = False
    finetune: Finetune | None = None
    gate: Gate | None = None
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True)
class ExportedFile:
    """One file of the call. `path`: None where nothing was put in place; `failure`: what kept it from being made;
    `gated`: what the accuracy gate says, None where there was none. `mixed`, `timed`: as in `Variant`."""

    pair: Pair
    path: Path | None
    size_bytes: int
    sha256: str
    verdict: Verdict | None
    gated: Gated | None
    failure: FvError | None
    float_tensors: tuple[FloatTensor, ...]
    applied: tuple[str, ...]
    not_applied: tuple[str, ...]
    mixed: Outcome | None = None
    timed: Timed | None = None


@dataclass(frozen=True)
class Exported:
    """The outcome of a call: `verified_on` says in words which pictures the files were compared on. `calibration_ids`:
    sample ids of the calibration pictures, empty where none were needed. `judged_on`: the gate's image set, a folder of
    this machine."""

    name: str
    out: Path
    files: tuple[ExportedFile, ...]
    verified_on: str
    calibration_sha256: str
    calibration_ids: tuple[str, ...]
    judged_on: Path | None


def export(options: ExportOptions, progress: Progress) -> Exported:
    """Export; raises an `FvError` when nothing could be tried (bad source, bad calibration)."""
    for pair in options.pairs:
        check_pair(pair)
    source = open_source(options.source, options.labels, options.input_range, options.out)
    check_writable(source.out / source.name)
    progress.say(f"{source.name}: {len(source.labels)} classes, {source.preprocess.input_size} px")
    ask = Remembering(source)
    calibration = _calibration(source, options, ask, progress)
    keeper = gatekeeper_for(options.gate, source, calibration, progress) if options.gate else None
    asked = _asked(options.mix, source, keeper, calibration, progress)
    question = ask_full_model(source, calibration, options.verification_samples, ask)
    maker = _maker(source, question, calibration, options, asked, progress)
    files = []
    for done, pair in enumerate(options.pairs):
        progress.advance("exporting", done, len(options.pairs), f"{pair.format} {pair.scheme}")
        files.append(_export_one(pair, source, maker, question, calibration, options, keeper))
    progress.advance("exporting", len(options.pairs), len(options.pairs))
    return Exported(
        name=source.name,
        out=source.out,
        files=tuple(files),
        verified_on=in_words(question.verification),
        calibration_sha256=calibration.dataset_sha256 if calibration else "",
        calibration_ids=calibration.ids if calibration else (),
        judged_on=keeper.imageset.folder if keeper else None,
    )


def _asked(
    mix: Mix, source: Source, keeper: Gatekeeper | None, calibration: Pictures | None, progress: Progress
) -> Asked | None:
    """The pictures that a search chooses and reports by: those of the gate, where there is one."""
    if mix.target_drop_pp is None:
        return None
    gate = Gate(Budget(mix.target_drop_pp), mix.data)
    known = keeper or gatekeeper_for(gate, source, calibration, progress)
    return Asked(known.imageset, known.full)


def _maker(
    source: Source,
    question: Question,
    calibration: Pictures | None,
    options: ExportOptions,
    asked: Asked | None,
    progress: Progress,
) -> Variants:
    finetuner = None
    if options.finetune is not None:
        schemes = [] if options.via_converter else [pair.scheme for pair in options.pairs]
        finetuner = finetuner_for(options.finetune, source, schemes, progress)
    if options.via_converter:
        return AsItIs(source)
    files = FromGraph(
        graph_of(source.model, source.name, source.input_range),
        question.verification.inputs[:PROBE],
        calibration.inputs if calibration else None,
        options.calibration_method,
        progress,
        finetuner,
        options.mix.keep_float,
        searched=options.mix.target_drop_pp is not None,
    )
    return Mixed(files, options.mix, source, asked, progress)


def _export_one(
    pair: Pair,
    source: Source,
    maker: Variants,
    question: Question,
    calibration: Pictures | None,
    options: ExportOptions,
    keeper: Gatekeeper | None,
) -> ExportedFile:
    try:
        variant = maker.get(pair)
        record = None
        if calibration is not None and SCHEMES[pair.scheme].needs_calibration:
            method = method_for(pair.scheme, options.calibration_method)
            words = f"{method}, {variant.finetuned}" if variant.finetuned else method
            record = calibration_record(calibration, words)
        manifest = first_manifest(source, pair, record, variant.float_tensors, variant.rewrites)
        data, verdict, gated = _prove(variant, pair, manifest, question, keeper)
    except FvError as failure:
        return ExportedFile(pair, None, 0, "", None, None, failure, (), (), ())
    refused = _is_refused(verdict, gated, variant, options.mix)
    path = _place(data, pair, source, refused=refused, keep=options.keep)
    return ExportedFile(
        pair=pair,
        path=path,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        verdict=verdict,
        gated=gated,
        failure=None,
        float_tensors=variant.float_tensors,
        applied=variant.applied,
        not_applied=variant.refused,
        mixed=variant.mixed,
        timed=variant.timed,
    )


def _is_refused(verdict: Verdict, gated: Gated | None, variant: Variant, mix: Mix) -> bool:
    """Whether the file has to stay out of its place: a promise that was asked for is broken, or not surely kept."""
    promises = [
        verdict.kind != "refused",
        gated is None or gated.decision is Decision.PASSES,
        variant.mixed is None or variant.mixed.answer is Answer.KEPT,
        not mix.require_faster or variant.timed is None or variant.timed.answer is Answer.KEPT,
    ]
    return not all(promises)


def _prove(
    variant: Variant, pair: Pair, manifest: Manifest, question: Question, keeper: Gatekeeper | None
) -> tuple[bytes, Verdict, Gated | None]:
    """Write, run on the verification and golden pictures, judge, and write again with what was measured inside."""
    scheme = SCHEMES[pair.scheme]
    # A budget that was asked for goes before the one that nobody asked for.
    max_drop_pp = max(MAX_DROP_PP, keeper.budget.max_drop_pp) if keeper else MAX_DROP_PP
    with tempfile.TemporaryDirectory(prefix="fv-export-") as folder:
        path = Path(folder) / f"model{SUFFIX[pair.format]}"
        path.write_bytes(variant.write(manifest))
        answers = answers_of_file(path, np.concatenate([question.verification.inputs, question.golden]))
        n, labels = len(question.verification), question.verification.labels
        verdict = judge(question.full, answers[:n], labels, scheme.largest_difference, max_drop_pp)
        # Answers that are not finite cannot be judged by a gate.
        finite = verdict.largest_difference is not None
        mixed = variant.mixed
        rows = None if mixed is None else mixed.reporting
        gated = keeper.judge(path, file_name(manifest.name, pair), rows) if keeper and finite else None
        measured = drop_of(gated) if gated else measured_drop(verdict, question.verification)
        final = replace(
            manifest,
            drop=mixed.drop if mixed else measured,
            golden=golden_answers(question.golden, question.golden_full, answers[n:]),
            golden_tolerance=scheme.golden_tolerance,
        )
        data = variant.write(final)
        path.write_bytes(data)
        again = answers_of_file(path, question.golden)
        if not np.array_equal(again, answers[n:]):
            difference = float(np.abs(again - answers[n:]).max())
            verdict = replace(
                verdict, kind="refused", why=f"two runs of the file differ by {difference:.1e} on the golden pictures"
            )
    return data, verdict, gated


def _place(data: bytes, pair: Pair, source: Source, *, refused: bool, keep: bool) -> Path | None:
    if refused and not keep:
        return None
    path = source.out / file_name(source.name, pair, mark=".refused" if refused else "")
    write_bytes(path, data)
    return path


def file_name(name: str, pair: Pair, mark: str = "") -> str:
    """`NAME_SCHEME.SUFFIX`, with a mark before the suffix where there is one."""
    return f"{name}_{pair.scheme}{mark}{SUFFIX[pair.format]}"


def _calibration(source: Source, options: ExportOptions, ask: Remembering, progress: Progress) -> Pictures | None:
    if not any(SCHEMES[pair.scheme].needs_calibration for pair in options.pairs):
        return None
    folder = options.calibration
    if folder is None:
        if source.imageset is None:
            raise BadCalibration(
                "int8 needs calibration pictures",
                why=source.imageset_missing,
                hint="add --calibration IMAGESET or --calibration FOLDER_OF_PICTURES",
            )
        folder = source.imageset.folder
    count = options.calibration_samples
    found = pictures.calibration_pictures(folder, count, source.preprocess, progress)
    if source.imageset is None or found.dataset_sha256 != source.imageset.fingerprint:
        check_channels(ask, found.inputs, folder)
    return found
