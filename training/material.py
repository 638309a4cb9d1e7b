"""Training material as the generator writes it: spectra on disk, dense targets made here."""

from pathlib import Path

import numpy as np
import torch

from model import BINS, CONTEXT, KEYS, RESOLUTIONS

LOWEST = 21
FRAMES_A_SECOND = 100.0


class Material:
    """One folder of the generator's. Memory-mapped: nothing is read before it is used."""

    def __init__(self, folder):
        folder = Path(folder)
        self.features = np.memmap(folder / "features.f16", np.float16, "r").reshape(-1, RESOLUTIONS, BINS)
        rows = [line.split("\t") for line in (folder / "pieces.tsv").read_text().splitlines()[1:]]
        self.pieces = [(int(row[0]), int(row[1])) for row in rows]
        self.sounds = [row[2] for row in rows]
        table = np.loadtxt(folder / "notes.tsv", skiprows=1, ndmin=2)
        self.notes = [table[table[:, 0] == piece][:, 1:] for piece in range(len(self.pieces))]
        self.targets = [
            targets(notes, frames) for notes, (_, frames) in zip(self.notes, self.pieces, strict=True)
        ]

    def chunk(self, piece, start, frames, delays):
        """levels [R, frames + CONTEXT, F] and targets [frames, K, D, 5] (the heads', then where velocity counts) of
        the piece from `start`; the targets lag by each of D `delays`. Before the piece there is silence."""
        first, length = self.pieces[piece]
        levels = np.zeros((frames + CONTEXT, RESOLUTIONS, BINS), np.float16)
        a, b = max(start - CONTEXT, 0), min(start + frames, length)
        levels[a - start + CONTEXT : b - start + CONTEXT] = self.features[first + a : first + b]
        wanted = np.zeros((frames, KEYS, len(delays), 5), np.uint8)
        for place, delay in enumerate(delays):
            a, b = max(start - delay, 0), min(start + frames - delay, length)
            wanted[a - start + delay : b - start + delay, :, place] = self.targets[piece][a:b]
        return torch.from_numpy(levels).transpose(0, 1), torch.from_numpy(wanted)


def targets(notes, frames):
    """Dense targets [frames, K, 5], in 1/255: onset, sounding, offset, velocity, where velocity counts."""
    dense = np.zeros((frames, KEYS, 5), np.uint8)
    for onset_s, offset_s, pitch, velocity in notes:
        key = int(pitch) - LOWEST
        on, off = round(onset_s * FRAMES_A_SECOND), round(offset_s * FRAMES_A_SECOND)
        for column, centre in ((0, on), (2, off)):
            for frame, value in ((centre - 1, 100), (centre, 255), (centre + 1, 100)):
                if 0 <= frame < frames:
                    dense[frame, key, column] = max(dense[frame, key, column], value)
        dense[on : max(off, on + 1), key, 1] = 255
        dense[max(on - 1, 0) : on + 3, key, 3] = round(velocity / 127 * 255)
        dense[max(on - 1, 0) : on + 3, key, 4] = 255
    return dense


class Batches:
    """Random chunks of random pieces, transposed and levelled anew each time; the same for the same seed."""

    def __init__(self, materials, frames, batch, delays, seed):
        self.materials, self.frames, self.batch, self.delays = materials, frames, batch, delays
        self.random = np.random.default_rng(seed)
        self.places = [(m, p) for m, material in enumerate(materials) for p in range(len(material.pieces))]

    def next(self):
        levels, wanted = [], []
        for _ in range(self.batch):
            m, piece = self.places[self.random.integers(len(self.places))]
            material = self.materials[m]
            length = material.pieces[piece][1]
            start = int(self.random.integers(-20, max(length - self.frames, -19)))
            x, y = material.chunk(piece, start, self.frames, self.delays)
            x, y = x.to(torch.bfloat16), y.clone()
            if self.random.random() < 0.3:
                keys = int(self.random.integers(-4, 5))
                x, y = transposed(x, 3 * keys, 2), transposed(y, keys, 1)
            if self.random.random() < 0.5:
                x = (x + float(self.random.uniform(-0.25, 0.15))).clamp_(min=0)
            levels.append(x)
            wanted.append(y)
        return torch.stack(levels), torch.stack(wanted).float() / 255


def transposed(x, places, dim):
    """x moved up `places` along `dim`, zeros where nothing comes from."""
    if places == 0:
        return x
    size = x.shape[dim]
    moved = torch.zeros_like(x)
    low, high = max(places, 0), size + min(places, 0)
    moved.narrow(dim, low, high - low).copy_(x.narrow(dim, low - places, high - low))
    return moved
