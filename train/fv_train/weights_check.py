"""Looks through an HDF5 weights file before Keras opens it. Runs in a child process: HDF5 is a native parser.

Refused are links that lead elsewhere (soft, external; CVE-2026-1669), what can be reached by two ways (a group inside
itself has no end), data stored in other files, virtual data sets, and shapes that are larger than the file can account
for (CVE-2026-0897).
"""

from __future__ import annotations

# EfficientNetV2-L, the largest of keras.applications, has 5,000 groups and arrays.
MAX_DATASETS = 20_000


def main(weights: str) -> dict[str, object]:
    """Answer `{"refused": reason or None, "datasets": n, "elements": m, "size_bytes": total}` for a file."""
    import h5py

    from fv_train.keras_archive import MAX_WEIGHTS_BYTES

    count = elements = total = 0
    with h5py.File(weights, "r") as file:
        groups, seen = [file], {h5py.h5o.get_info(file.id).addr}
        while groups:
            group = groups.pop()
            for name in group:
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    return {"refused": f"{name!r} is a {type(link).__name__}"}
                item = group[name]
                count += 1
                if count > MAX_DATASETS:
                    return {"refused": f"more than {MAX_DATASETS} entries"}
                address = h5py.h5o.get_info(item.id).addr
                if address in seen:
                    return {"refused": f"{name!r} stands there twice"}
                seen.add(address)
                if isinstance(item, h5py.Group):
                    groups.append(item)
                    continue
                if item.is_virtual or item.external:
                    return {"refused": f"{name!r} reads another file"}
                if item.dtype.kind not in "fiuSO":
                    return {"refused": f"{name!r} has type {item.dtype}"}
                elements += item.size
                total += item.size * item.dtype.itemsize
                if total > MAX_WEIGHTS_BYTES:
                    return {"refused": f"its arrays unpack to more than {MAX_WEIGHTS_BYTES} bytes"}
    return {"refused": None, "datasets": count, "elements": elements, "size_bytes": total}
