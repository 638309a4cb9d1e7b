"""Fits how strikes are judged from what the heads say of them at every delay, and writes that into the weights' file.

    target/release/examples/strike_table assets/ear.weights SESSIONS/* > strikes.f32
    python training/strikes.py --train strikes.f32 --judge training/checkpoints/strikes.npz --into assets/ear.weights \
        --golden tests/golden/strikes.bin

A network of two hidden layers on 45 numbers a candidate (`src/network/strikes.rs`), by Adam on the cross-entropy of every candidate at every lag, of
sessions made by `tests/compare/plant_sessions.py`. The weights of all epochs' second half are averaged. Prints the loss on the sessions' last tenth.
"""

import argparse
import struct
from pathlib import Path

import numpy as np

INPUTS, HIDDEN = 45, (48, 24)
BATCH, RATE, DECAY = 1024, 2e-3, 1e-6
# Little endian, see src/network/weights.rs.
HASH_BYTES = 8
GOLDEN_ROWS = 200


def layers(rng):
    """Weights [inputs, outputs] and biases, He's way."""
    sizes = (INPUTS, *HIDDEN, 1)
    return [
        part
        for inputs, outputs in zip(sizes, sizes[1:])
        for part in (rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32), np.zeros(outputs, np.float32))
    ]


def forward(parts, inputs):
    """Log-odds, and what each layer was given."""
    given = [inputs]
    for weights, biases in zip(parts[:-2:2], parts[1:-2:2]):
        given.append(np.maximum(given[-1] @ weights + biases, 0))
    return (given[-1] @ parts[-2] + parts[-1])[:, 0], given


def gradients(parts, inputs, truth):
    said, given = forward(parts, inputs)
    error = ((1 / (1 + np.exp(-said))) - truth)[:, None] / len(truth)
    found = []
    for layer in range(len(given) - 1, -1, -1):
        weights = parts[2 * layer]
        found = [given[layer].T @ error + DECAY * weights, error.sum(0)] + found
        if layer:
            error = (error @ weights.T) * (given[layer] > 0)
    return found


def loss(parts, inputs, truth):
    said = np.concatenate([forward(parts, block)[0] for block in np.array_split(inputs, len(inputs) // 65536 + 1)])
    return float(np.mean(np.logaddexp(0, said) - truth * said))


def fitted(inputs, truth, epochs, seed):
    rng = np.random.default_rng(seed)
    parts = layers(rng)
    moments = [[np.zeros_like(part) for part in parts] for _ in range(2)]
    average, counted, step = [np.zeros_like(part) for part in parts], 0, 0
    steps = epochs * (len(inputs) // BATCH)
    for epoch in range(epochs):
        order = rng.permutation(len(inputs))
        for batch in range(len(inputs) // BATCH):
            rows = order[batch * BATCH : (batch + 1) * BATCH]
            step += 1
            rate = RATE * (1 - step / (steps + 1)) * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for part, first, second, found in zip(parts, *moments, gradients(parts, inputs[rows], truth[rows])):
                first += 0.1 * (found - first)
                second += 0.001 * (found**2 - second)
                part -= (rate * first / (np.sqrt(second) + 1e-8)).astype(np.float32)
            if 2 * step > steps:
                counted += 1
                for mean, part in zip(average, parts):
                    mean += (part - mean) / counted
        print(f"epoch {epoch + 1} of {epochs}", flush=True)
    return average


def fnv1a(data):
    """64-bit FNV-1a hash."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def layer_bytes(parts):
    """The three layers as the weights' file has them."""
    data = b""
    for weights, biases in zip(parts[::2], parts[1::2]):
        data += struct.pack("<2I", *weights.shape) + weights.astype("<f4").tobytes() + biases.astype("<f4").tobytes()
    return data


def put_into(path, parts):
    """Replaces the layers in the file; they stand before the register biases, which end it but for the hash."""
    data = path.read_bytes()
    channels = struct.unpack_from("<I", data, 8 + 4 + 2 * 4)[0]
    register = 88 * channels * 4
    new = layer_bytes(parts)
    place = len(data) - HASH_BYTES - register - len(new)
    data = data[:place] + new + data[-HASH_BYTES - register : -HASH_BYTES]
    path.write_bytes(data + struct.pack("<Q", fnv1a(data)))


def golden_of(parts, inputs):
    """Some candidates, and how likely they are: their number, then inputs [N][45], then probabilities [N]."""
    chosen = inputs[:: max(1, len(inputs) // GOLDEN_ROWS)][:GOLDEN_ROWS]
    said, _ = forward([part.astype(np.float64) for part in parts], chosen.astype(np.float64))
    likely = 1 / (1 + np.exp(-said))
    return struct.pack("<I", len(chosen)) + chosen.astype("<f4").tobytes() + likely.astype("<f4").tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, nargs="+")
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, help="a weights' file")
    parser.add_argument("--golden", type=Path, help="for the test that holds the engine to this")
    arguments = parser.parse_args()
    if arguments.train:
        rows = np.concatenate([np.fromfile(table, "<f4").reshape(-1, 1 + INPUTS) for table in arguments.train])
        kept = len(rows) * 9 // 10
        mean, spread = rows[:kept, 1:].mean(0, dtype=np.float64), rows[:kept, 1:].std(0, dtype=np.float64) + 1e-6
        inputs, truth = ((rows[:, 1:] - mean) / spread).astype(np.float32), rows[:, 0].copy()
        others = rows[kept:, 1:].copy()
        del rows
        parts = fitted(inputs[:kept], truth[:kept], arguments.epochs, arguments.seed)
        print(f"{kept} candidates: loss {loss(parts, inputs[:kept], truth[:kept]):.4f}, of {len(truth) - kept} others "
              f"{loss(parts, inputs[kept:], truth[kept:]):.4f}")
        # What the inputs are measured by goes into the first layer.
        weights = parts[0] / spread[:, None]
        parts[0], parts[1] = weights.astype(np.float32), (parts[1] - mean @ weights).astype(np.float32)
        np.savez(arguments.judge, *parts)
        if arguments.golden:
            arguments.golden.write_bytes(golden_of(parts, others))
    if arguments.into:
        fitted_parts = np.load(arguments.judge)
        put_into(arguments.into, [fitted_parts[name] for name in fitted_parts.files])


if __name__ == "__main__":
    main()
