#!/usr/bin/env python3
"""fit_faults.py TABLE: fits the weights of `src/takes/doubt.rs` to what `examples/weigh_faults.rs` wrote (TABLE) of the sessions that
`plant_sessions.py` made.

A missing note is a fault if none of its pitch was played near it; an extra one, or a brushed key, if it was played as wrong or
extra. What was played beside the score on purpose is left out. Weights by regularised logistic regression, cross-validated over
sessions; prints them, and precision and recall at some thresholds."""
import csv, collections, math, sys
import numpy as np

table = sys.argv[1]


def tsv(path):
    return list(csv.DictReader(open(path), delimiter='\t'))


def played_in(folder):
    notes = [(float(r['onset_s']), int(r['midi_pitch']), r['score_note_id'] != '-') for r in tsv(f'{folder}/notes.tsv')]
    stray = [float(r['onset_s']) for r in tsv(f'{folder}/notes.tsv') if r['segment'] == '-1']
    return notes, stray


played, rows = {}, {'extra': [], 'missing': [], 'faint': []}
for line in open(table):
    folder, kind, at, pitch, *features = line.rstrip('\n').split('\t')
    if folder not in played:
        played[folder] = played_in(folder)
    at, pitch = float(at), int(pitch)
    notes, stray = played[folder]
    if any(abs(t - at) < 2.0 for t in stray):
        continue
    near = [right for t, p, right in notes if p == pitch and abs(t - at) <= (0.15 if kind == 'missing' else 0.08)]
    # A right note that only was not matched is neither extra nor missing.
    label = not near if kind == 'missing' else bool(near) and not any(near)
    rows[kind].append((folder, label, [float(f) for f in features], at, pitch))

# Whether a doubt of the other kind is beside it, where a slip would be: what the finder itself adds as the last feature.
for kind, other in (('extra', 'missing'), ('missing', 'extra'), ('faint', 'missing')):
    beside = collections.defaultdict(list)
    for row in rows[other]:
        beside[row[0]].append(row[3:])
    for folder, _, features, at, pitch in rows[kind]:
        near = any(abs(t - at) <= 0.11 and 0 < abs(p - pitch) <= 4 for t, p in beside[folder])
        features.append(float(near))


def fit(x, y, decay=0.5):
    w = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-x @ w))
        reg = decay * np.eye(len(w))
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
