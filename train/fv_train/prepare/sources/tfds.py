"""`tfds:NAME[/VERSION]`: any TensorFlow Datasets set with one image and one class label.

The encoded bytes come out of TFDS untouched (`SkipDecoding`), and go through `fv_core.preprocess` like every other
picture. Shards are read one after the other: order and ids are the same each time. `NAME` is a plain name: TFDS's
`namespace:name` form would run or fetch somebody's code.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fv_core.progress import Progress
from fv_train.prepare.catalogue import Catalogue, Picture, Sample, Source
from fv_train.prepare.errors import BadSource, MissingDataSet
from fv_train.prepare.sources._files import Encoded

_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_.\-]+)?(:\d+\.\d+\.\d+)?", re.ASCII)
# Text features that TFDS sets name a picture by.
_NAME_FEATURES = ("image/filename", "file_name", "filename", "image_id", "id")
# A server that answers at all does so within this, from anywhere.
_CONNECT_S = 10.0


class TfdsSet:
    """The catalogue of a prepared TFDS builder."""

    drawn = False

    def __init__(self, what: str, builder: Any) -> None:
        self.source = f"tfds:{what}"
        self._builder = builder
        self._image, self._label = _keys(what, builder.info)
        features = builder.info.features
        self.classes = tuple(str(name) for name in features[self._label].names)
        self._name = next((key for key in _NAME_FEATURES if _is_text(features, key)), None)

    @property
    def identity(self) -> str:
        """Version and sizes of the splits."""
        info = self._builder.info
        return f"{info.full_name} " + " ".join(
            f"{name}:{split.num_examples}:{split.num_bytes}:{split.shard_lengths}"
            for name, split in info.splits.items()
        )

    def splits(self) -> dict[str, tuple[Sample, ...]]:
        """See `Catalogue`; reads every label once. Raises `BadSource` for a split without labels."""
        return {name: tuple(self._samples(name)) for name in self._builder.info.splits}

    def pictures(self, split: str, samples: Sequence[Sample]) -> Iterator[Picture]:
        """See `Catalogue`."""
        del split  # a source with one split is divided after it was listed: the id says where a record is
        if not samples:
            return
        wanted = iter(samples)
        sample = next(wanted)
        listed, _, _ = sample.id.partition("/")
        for position, record in enumerate(self._records(listed, {self._image}, sample.position), sample.position):
            if position == sample.position:
                yield Encoded(record[self._image])
                following = next(wanted, None)
                if following is None:
                    return
                sample = following

    def _samples(self, split: str) -> Iterator[Sample]:
        wanted = {self._label} | ({self._name} if self._name else set())
        for position, record in enumerate(self._records(split, wanted, 0)):
            label = int(record[self._label])
            if not 0 <= label < len(self.classes):
                names = [name for name in self._builder.info.splits if name != split]
                raise BadSource(
                    f"the split {split!r} of {self.source} has no labels",
                    why=f"record {position} has label {label}",
                    hint=f"prepare one split: --split {names[0]}" if names else "",
                )
            name = bytes(record[self._name]).decode(errors="backslashreplace") if self._name else f"{position:06d}"
            yield Sample(f"{split}/{name}", label, position)

    def _records(self, split: str, keys: set[str], skip: int) -> Iterator[dict[str, Any]]:
        import tensorflow_datasets as tfds

        undecoded = {self._image: tfds.decode.SkipDecoding()} if self._image in keys else {}
        records = self._builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(dict.fromkeys(keys, True), decoders=undecoded),
            # One shard at a time, in order.
            read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
        )
        yield from records.skip(skip).as_numpy_iterator()


def _open(what: str, data_dir: Path | None, progress: Progress) -> Catalogue:
    if not _NAME.fullmatch(what):
        raise BadSource(f"{what!r} is not the name of a TFDS data set", why="names are like food101 or cifar100/3.0.2")
    # TFDS and TensorFlow talk about their own deprecations; what fails raises.
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(what, **({"data_dir": str(data_dir)} if data_dir else {}))
    except tfds.core.DatasetNotFoundError as error:
        raise BadSource(
            f"TFDS has no data set {what!r}",
            why=str(error).splitlines()[0],
            hint="names: https://www.tensorflow.org/datasets/catalog/overview",
        ) from error
    _download(what, builder, data_dir, progress)
    return TfdsSet(what, builder)


def _download(what: str, builder: Any, data_dir: Path | None, progress: Progress) -> None:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    if builder.is_prepared():
        return
    place = data_dir or Path(str(builder.data_dir)).parents[1]
    unreachable = _unreachable(builder)
    try:
        if unreachable:
            raise ConnectionError(unreachable)
        progress.say(f"{what} is not in {place}: downloading it")
        with contextlib.redirect_stdout(sys.stderr):  # results alone go to stdout
            builder.download_and_prepare()
    except (OSError, tfds.download.DownloadError, tf.errors.OpError) as error:
        raise MissingDataSet(
            f"cannot get {what}",
            why=f"it is not in {place}, and the download failed: {_first_line(error)}",
            hint=f"if you have it elsewhere, say where: --data-dir FOLDER, which holds {what.partition('/')[0]}/",
        ) from error


def _unreachable(builder: Any) -> str:
    """Why the first server of a download cannot be reached; empty if it can. TFDS alone would try for minutes.

    Behind a proxy names need not resolve here, so there nothing is asked.
    """
    for url in list(getattr(builder, "url_infos", ()))[:1]:
        parts = urllib.parse.urlsplit(url)
        if parts.hostname is None or urllib.request.getproxies():
            return ""
        try:
            port = parts.port or (80 if parts.scheme == "http" else 443)
            socket.create_connection((parts.hostname, port), timeout=_CONNECT_S).close()
        except OSError as error:
            return f"{parts.hostname}: {error.strerror or error}"
    return ""


def _keys(what: str, info: Any) -> tuple[str, str]:
    """Names of the image and of the label feature; raises `BadSource` where there is not one of each."""
    import tensorflow_datasets as tfds

    features = info.features
    if not isinstance(features, tfds.features.FeaturesDict):
        raise BadSource(f"{what} has no image and label", why=f"its records are {type(features).__name__}")
    images = [key for key in features if isinstance(features[key], tfds.features.Image)]
    labels = [key for key in features if isinstance(features[key], tfds.features.ClassLabel)]
    supervised = info.supervised_keys or ()
    images = [key for key in images if key in supervised] or images
    labels = [key for key in labels if key in supervised] or labels
    if len(images) != 1 or len(labels) != 1:
        raise BadSource(
            f"{what} is not a set of pictures with one class each",
            why=f"images: {', '.join(images) or 'none'}; class labels: {', '.join(labels) or 'none'}",
        )
    return images[0], labels[0]


def _is_text(features: Any, key: str) -> bool:
    import tensorflow_datasets as tfds

    return key in features and isinstance(features[key], tfds.features.Text)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


SOURCE = Source(_open)
