"""Randomness as data: every draw is a pure function of what it is for.

A stream is named by a seed and a purpose, for example `(seed, "dropout", "drop6", step, sample)`. The name
is hashed to the key of a Philox counter generator (Salmon et al. 2011), so a draw does not depend on what
was drawn before it, on the backend, or on the number of devices, and no generator state has to be saved.

Values come from NumPy's `RandomState` over that generator: NumPy's compatibility policy (NEP 19) freezes its
streams, so a seed gives the same numbers in every NumPy version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Purpose = str | int


def key(seed: int, *purpose: Purpose) -> NDArray[np.uint64]:
    """The 128-bit key of a stream. Text and numbers never collide: 1 and "1" name different streams."""
    return np.frombuffer(_hash(seed, *purpose).digest(), dtype=np.uint64)


def _hash(*parts: Purpose) -> hashlib.blake2b:
    name = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return hashlib.blake2b(name.encode(), digest_size=16)


def stream(seed: int, *purpose: Purpose) -> np.random.RandomState:
    """A fresh generator for one purpose."""
    return np.random.RandomState(np.random.Philox(key=key(seed, *purpose)))


def _streams(
    seed: int, *purpose: Purpose, samples: Sequence[int] | NDArray[np.int64]
) -> Iterator[tuple[np.random.Philox, np.random.RandomState]]:
    """The streams of a purpose and each of the samples, one after another.

    It is one generator that is set to the beginning of each stream: making one takes five times as long. The
    caller takes normal numbers in pairs, because half a pair would be handed to the next sample.
    """
    source = np.random.Philox(key=np.zeros(2, dtype=np.uint64))
    numbers = np.random.RandomState(source)
    # The state of a new generator; the setter copies what it is given.
    state = source.state
    begun = _hash(seed, *purpose)
    for sample in samples:
        named = begun.copy()
        named.update(f"\x1fint:{int(sample)}".encode())
        state["state"]["key"] = np.frombuffer(named.digest(), dtype=np.uint64)
        source.state = state
        yield source, numbers


def permutation(seed: int, *purpose: Purpose, count: int) -> NDArray[np.int64]:
    """The numbers 0 to count - 1 in an order that depends on the purpose alone."""
    return stream(seed, *purpose).permutation(count).astype(np.int64)


def uniforms(seed: int, *purpose: Purpose, samples: Sequence[int] | NDArray[np.int64], count: int) -> Array:
    """`count` uniform numbers in [0, 1) for each sample, shape (samples, count)."""
    values = np.empty((len(samples), count))
    for row, (_, numbers) in zip(values, _streams(seed, *purpose, samples=samples), strict=True):
        row[:] = numbers.random_sample(count)
    return values


def normals(seed: int, *purpose: Purpose, samples: Sequence[int] | NDArray[np.int64], count: int) -> Array:
    """`count` standard normal numbers for each sample, shape (samples, count)."""
    values = np.empty((len(samples), count))
    for row, (_, numbers) in zip(values, _streams(seed, *purpose, samples=samples), strict=True):
        row[:] = numbers.standard_normal(count + count % 2)[:count]
    return values


def betas(seed: int, *purpose: Purpose, samples: Sequence[int] | NDArray[np.int64], alpha: float) -> Array:
    """A number of the distribution Beta(alpha, alpha) for each sample, shape (samples,).

    Each from a generator of its own: one that is used again would hand on half a pair of normal numbers.
    """
    numbers = (stream(seed, *purpose, int(sample)).beta(alpha, alpha) for sample in samples)
    return np.fromiter(numbers, dtype=np.float64, count=len(samples))


@dataclass(frozen=True)
class Draws:
    """The random numbers of one purpose, for each of some samples.

    Every call starts at the beginning of each sample's stream, so all that is needed is asked for at once.
    """

    seed: int
    purpose: tuple[Purpose, ...]
    samples: NDArray[np.int64]

    def uniforms(self, count: int) -> Array:
        """`count` uniform numbers in [0, 1) for each sample, shape (samples, count)."""
        return uniforms(self.seed, *self.purpose, samples=self.samples, count=count)

    def normals(self, count: int) -> Array:
        """`count` standard normal numbers for each sample, shape (samples, count)."""
        return normals(self.seed, *self.purpose, samples=self.samples, count=count)

    def betas(self, alpha: float) -> Array:
        """A number of the distribution Beta(alpha, alpha) for each sample, shape (samples,).

        It has a stream of its own, beside that of the other numbers.
        """
        return betas(self.seed, *self.purpose, "beta", samples=self.samples, alpha=alpha)


def keep_mask(
    seed: int,
    *purpose: Purpose,
    samples: Sequence[int] | NDArray[np.int64],
    shape: tuple[int, ...],
    rate: float,
) -> NDArray[np.uint8]:
    """Dropout's mask for a batch: 0 with probability `rate`, else 1; shape (samples, *shape).

    A unit is dropped when its 32-bit draw lies below rate * 2**32.
    """
    units = int(np.prod(shape))
    threshold = np.uint64(round(rate * 2**32))
    mask = np.empty((len(samples), units), dtype=np.uint8)
    for row, (source, _) in zip(mask, _streams(seed, *purpose, samples=samples), strict=True):
        raw = source.random_raw((units + 1) // 2)
        row[:] = raw.astype("<u8").view("<u4")[:units] >= threshold
    return mask.reshape(len(samples), *shape)
