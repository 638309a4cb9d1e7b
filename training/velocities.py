"""Fits how velocities are read from the levels of a struck key's partials, beside what the network's own heads say of them.

    target/release/examples/weigh_strikes assets/ear.weights SESSIONS/* > strikes.tsv
    python training/velocities.py --train strikes.tsv --readout training/checkpoints/velocities.npz

A row of weights a delay, by least squares on every note that the network hears struck in sessions made by
`tests/compare/plant_sessions.py`. Each session counts with its deviations from its own mean, for its gain and its sounds are its own: what is
read is right up to a constant, which the engine takes from the notes before.

Prints how far velocities are right: the share within a tenth of the range after a linear fit, as the field scores them, and the correlation,
means over sessions, by the heads alone and as read, by weights fitted to the other half of the sessions.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from model import DELAYS

# Of the order of a note: there are thousands.
RIDGE = 1.0
# A session of fewer notes says nothing of how they differ.
FEWEST = 40


def sessions_of(tables):
    """{delay: [(inputs [N, 27], velocities [N]), ...]}, in the sessions' order."""
    rows = defaultdict(list)
    for table in tables:
        for line in table.read_text().splitlines():
            session, delay, *numbers = line.split("\t")
            rows[int(delay), session].append([float(number) for number in numbers])
    sessions = defaultdict(list)
    for (delay, _), numbers in rows.items():
        if len(numbers) >= FEWEST:
            numbers = np.array(numbers)
            sessions[delay].append((numbers[:, 1:], numbers[:, 0]))
    return sessions


def fitted(sessions):
    """Weights [27] and bias."""
    inputs = np.concatenate([inputs - inputs.mean(0) for inputs, _ in sessions])
    velocities = np.concatenate([velocities - velocities.mean() for _, velocities in sessions])
    weights = np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ velocities)
    # Right on the whole, too.
    return weights, np.mean([velocities.mean() - inputs.mean(0) @ weights for inputs, velocities in sessions])


def agreement(estimate, velocities):
    span = max(velocities.max() - velocities.min(), 1 / 127)
    slope, offset = np.polyfit(estimate, velocities, 1)
    return np.mean(np.abs(slope * estimate + offset - velocities) < 0.1 * span), np.corrcoef(estimate, velocities)[0, 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--readout", type=Path, required=True)
    arguments = parser.parse_args()
    sessions = sessions_of(arguments.train)
    weights, biases = [], []
    for delay in DELAYS:
        scores = []
        for half in (0, 1):
            other, _ = fitted(sessions[delay][half::2])
            for inputs, velocities in sessions[delay][1 - half :: 2]:
                scores.append(agreement(inputs[:, 0], velocities) + agreement(inputs @ other, velocities))
        heads, read = np.mean(scores, 0).reshape(2, 2).round(3)
        notes = sum(len(velocities) for _, velocities in sessions[delay])
        print(f"{delay}0 ms, {notes} notes of {len(sessions[delay])} sessions: heads {heads}, read {read}")
        row, bias = fitted(sessions[delay])
        weights.append(row)
        biases.append(bias)
    np.savez(arguments.readout, weights=np.array(weights, np.float32), biases=np.array(biases, np.float32))


if __name__ == "__main__":
    main()
