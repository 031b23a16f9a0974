"""Reading the binary files of a Kaldi model: matrices, a network of nnet3, a diagonal mixture, an i-vector extractor.

Form: kaldi-matrix.cc, nnet-component-itf.cc, diag-gmm.cc and ivector-extractor.cc of kaldi-asr/kaldi. A binary file
begins with a zero byte and `B`; a token is followed by a space, a number by its size in a byte before it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicebot.asr.vocabulary import ModelError

Matrix = NDArray[np.float32]
Matrix64 = NDArray[np.float64]

_TYPES = {b"F": "<f4", b"D": "<f8"}


@dataclass(frozen=True)
class Component:
    """A layer of the network."""

    kind: str
    """Kaldi's name of its class, such as `TdnnComponent`."""
    arrays: dict[str, Matrix]
    """`LinearParams`, `BiasParams`, `Params`, `StatsMean`, `StatsVar`: those that it has."""
    numbers: dict[str, float]
    """`Epsilon`, `TargetRms`: those that it has."""
    time_offsets: tuple[int, ...] = field(default=())
    """Of a TdnnComponent, in frames."""


class KaldiFile:
    """One file in memory. Every method raises ModelError where the file is not as expected."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._data = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{path}: can't be read ({error.strerror}); install the model again with: voicebot models install."
            ) from None

    def after(self, token: str, start: int = 0) -> int:
        """Where what follows a token begins."""
        at = self._data.find(f"<{token}> ".encode(), start)
        if at < 0:
            raise self._unreadable()
        return at + len(token) + 3

    def integer(self, at: int) -> tuple[int, int]:
        """The number at `at`, and where the next thing begins."""
        return int(struct.unpack_from("<i", self._data, at + 1)[0]), at + 5

    def double(self, at: int) -> float:
        return float(struct.unpack_from("<d", self._data, at + 1)[0])

    def array(self, at: int) -> tuple[NDArray[np.float32 | np.float64], int]:
        """The vector, matrix or symmetric matrix (made full) at `at`, and where the next thing begins."""
        dtype, kind = _TYPES.get(self._data[at : at + 1]), self._data[at + 1 : at + 3]
        if dtype is None or kind not in (b"V ", b"M ", b"P "):
            raise self._unreadable()
        rows, at = self.integer(at + 3)
        columns, at = self.integer(at) if kind == b"M " else (1, at)
        count = rows * (rows + 1) // 2 if kind == b"P " else rows * columns
        try:
            flat = np.frombuffer(self._data, dtype, count, at)
        except ValueError:
            raise self._unreadable() from None
        end = at + flat.nbytes
        if kind == b"V ":
            return flat, end
        if kind == b"M ":
            return flat.reshape(rows, columns), end
        full = np.zeros((rows, rows), flat.dtype)
        lower = np.tril_indices(rows)
        full[lower] = flat
        full.T[lower] = flat
        return full, end

    def matrix(self, at: int) -> Matrix:
        return np.asarray(self.array(at)[0], dtype=np.float32)

    def components(self) -> dict[str, Component]:
        """The layers of the network in the file, by name."""
        start = self._data.find(b"<NumComponents>")
        heads = list(re.finditer(rb"<ComponentName> (\S+) <(\w+)>", self._data[max(start, 0) :]))
        if start < 0 or not heads:
            raise self._unreadable()
        ends = [start + head.start() for head in heads[1:]] + [len(self._data)]
        return {
            head.group(1).decode(): self._component(head.group(2).decode(), start + head.end(), end)
            for head, end in zip(heads, ends, strict=True)
        }

    def _component(self, kind: str, start: int, end: int) -> Component:
        arrays, numbers = {}, {}
        for name in ("LinearParams", "BiasParams", "Params", "StatsMean", "StatsVar"):
            at = self._data.find(f"<{name}> ".encode(), start, end)
            if at >= 0:
                arrays[name] = self.matrix(at + len(name) + 3)
        for name in ("Epsilon", "TargetRms"):
            at = self._data.find(f"<{name}> ".encode(), start, end)
            if at >= 0:
                numbers[name] = float(struct.unpack_from("<f", self._data, at + len(name) + 4)[0])
        offsets: tuple[int, ...] = ()
        at = self._data.find(b"<TimeOffsets> ", start, end)
        if at >= 0:
            count, at = self.integer(at + 14)
            offsets = struct.unpack_from(f"<{count}i", self._data, at)
        return Component(kind, arrays, numbers, offsets)

    def transitions(self) -> NDArray[np.int32]:
        """The transition model's tuples: phone, state, first frame's pdf, further frames' pdf. Shape (n, 4).

        Transition ids 2n+1 (staying) and 2n+2 (leaving) belong to tuple n.
        """
        count, at = self.integer(self.after("Tuples"))
        sized = np.dtype([("size", "u1"), ("value", "<i4")])
        try:
            return np.frombuffer(self._data, sized, count * 4, at)["value"].reshape(count, 4).astype(np.int32)
        except ValueError:
            raise self._unreadable() from None

    def _unreadable(self) -> ModelError:
        return ModelError(f"{self._path}: not a Kaldi file of the expected form; use one of the catalogue's models.")


def read_contexts(model: Path, tuples: NDArray[np.int32]) -> NDArray[np.int32]:
    """Which transition tuple a phone has after another, shape (phones + 1, phones + 1), -1 for none.

    The model folder has no tree of contexts; they are read off the arcs of `graph/HCLr.fst`: on every way through that
    graph the phone of an arc and the phone before it are known. Takes about half a second.
    """
    path = model / "graph" / "HCLr.fst"
    try:
        with path.open("rb") as file:
            head = file.read(512)
        # The graph is a `const` FST inside an `olabel_lookahead` FST: its type, version, flags, properties, start and
        # numbers of states and arcs stand before the states.
        at = head.index(b"const") + 5
        at += 4 + struct.unpack_from("<i", head, at)[0] + 8
        _, _, states_count, arcs_count = struct.unpack_from("<Qqqq", head, at)
        at += 32
        states = np.memmap(path, _STATE, "r", at, (states_count,))
        arcs = np.memmap(path, _ARC, "r", at + states_count * _STATE.itemsize, (arcs_count,))
        source = np.repeat(np.arange(states_count, dtype=np.int32), states["arcs"])
        label, target = np.array(arcs["input"]), np.array(arcs["next"])
    except (OSError, ValueError, struct.error):
        raise ModelError(
            f"{path}: not a graph of the expected form; install the model again with: voicebot models install."
        ) from None
    leaving = (label > 0) & (label % 2 == 0) & (label <= 2 * len(tuples))
    silent = label > 2 * len(tuples)
    entered = np.full(states_count, -1, np.int32)
    entered[target[leaving]] = tuples[(label[leaving] - 1) // 2, 0]
    while True:  # arcs of disambiguation symbols pass the phone on
        passed = silent & (entered[source] >= 0) & (entered[target] < 0)
        if not passed.any():
            break
        entered[target[passed]] = entered[source[passed]]
    known = leaving & (entered[source] >= 0)
    chosen = (label[known] - 1) // 2
    size = int(tuples[:, 0].max()) + 1
    contexts = np.full((size, size), -1, np.int32)
    contexts[entered[source[known]], tuples[chosen, 0]] = chosen
    return contexts


_STATE = np.dtype([("final", "<f4"), ("first", "<u4"), ("arcs", "<u4"), ("input_eps", "<u4"), ("output_eps", "<u4")])
_ARC = np.dtype([("input", "<i4"), ("output", "<i4"), ("weight", "<f4"), ("next", "<i4")])
