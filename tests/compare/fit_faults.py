#!/usr/bin/env python3
"""fit_faults.py OUT TABLE: fits the weights of `src/takes/doubt.rs` to what `examples/weigh_faults.rs` wrote (TABLE) of the performances
that `plant_faults.py` made in OUT.

A missing note is a fault if none of its pitch was played near it; an extra one if it was played as wrong or extra. Weights by
regularised logistic regression, cross-validated over performances; prints them, and precision and recall at .5."""
import csv, collections, math, sys
import numpy as np

out, table = sys.argv[1:3]


def tsv(path):
    return list(csv.DictReader(open(path), delimiter='\t'))


played, rows = {}, {'extra': [], 'missing': []}
for line in open(table):
    folder, kind, at, pitch, *features = line.rstrip('\n').split('\t')
    if folder not in played:
        played[folder] = [(float(r['onset_s']), int(r['midi_pitch']), r['how']) for r in tsv(f'{folder}/played.tsv')]
    at, pitch = float(at), int(pitch)
    near = [how for t, p, how in played[folder] if p == pitch and abs(t - at) <= (0.08 if kind == 'extra' else 0.15)]
    if kind == 'extra':
        # A right note that only was not matched is neither.
        label = 'right' not in near and bool(near)
    else:
        label = not near
    rows[kind].append((folder, label, [float(f) for f in features], at, pitch))

# Whether a doubt of the other kind is beside it, where a slip would be: what the finder itself adds as the last feature.
for kind, other in (('extra', 'missing'), ('missing', 'extra')):
    beside = collections.defaultdict(list)
    for row in rows[other]:
        beside[row[0]].append(row[3:])
    for folder, _, features, at, pitch in rows[kind]:
        near = any(abs(t - at) <= 0.11 and 0 < abs(p - pitch) <= 4 for t, p in beside[folder])
        features.append(float(near))


def fit(x, y, decay=1e-2):
    w = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-x @ w))
        reg = decay * len(y) * np.eye(len(w)) * 0.1
        reg[0, 0] = 1e-6
        h = (x.T * (p * (1 - p))) @ x + reg
        w += np.linalg.solve(h, x.T @ (y - p) - reg @ w)
    return w


for kind, data in rows.items():
    folders = np.array([d[0] for d in data])
    y = np.array([d[1] for d in data], float)
    x = np.array([d[2] for d in data])
    guess = np.zeros(len(y))
    for folder in sorted(set(folders)):
        inside = folders == folder
        guess[inside] = 1 / (1 + np.exp(-x[inside] @ fit(x[~inside], y[~inside])))
    print(f'{kind}: {len(y)} doubts, {int(y.sum())} faults')
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        told = guess >= threshold
        hit = (told & (y > 0)).sum()
        print(f'  at {threshold}: recall {hit / y.sum():.3f}, precision {hit / max(1, told.sum()):.3f}, told {told.sum()}')
    for low in np.arange(0, 1, 0.2):
        part = (guess >= low) & (guess < low + 0.2)
        if part.any():
            print(f'  said {low:.1f}-{low + 0.2:.1f}: {y[part].mean():.2f} true of {part.sum()}')
    print('  weights:', ', '.join(f'{w:.2f}' for w in fit(x, y)))
