#!/usr/bin/env python3
"""fit_faults.py TABLE... [--decay D] [--unseen TABLE...] [--write FILE]: fits the weights of the fault finder to what `examples/weigh_faults.rs`
wrote (TABLE) of the sessions that `plant_sessions.py` made; FILE is `src/takes/doubt_weights.rs`.

A missing note is a fault if none of its pitch was played near it; an extra one, or a brushed key, if it was played as wrong or
extra. What was played beside the score on purpose is left out. Weights by logistic regression, regularised at decay D; prints
precision and recall at some thresholds, cross-validated over the sessions; then, of each unseen table, what would be found of all
that was planted: by a doubt of the wanted or the played pitch within 0.15 s (missed: 0.30 s)."""
import argparse, csv, os
import numpy as np

FOLDS = 5
NAMES = {'missing': 'MISSING', 'extra': 'EXTRA', 'faint': 'FAINT'}
SAYS = {'missing': 'A written note that was not struck, or hardly.', 'extra': 'A strike that is not written.',
        'faint': 'A key brushed beside a written one.'}


def tsv(path):
    return list(csv.DictReader(open(path), delimiter='\t'))


def played_in(folder):
    notes = [(float(r['onset_s']), int(r['midi_pitch']), r['score_note_id'] != '-') for r in tsv(f'{folder}/notes.tsv')]
    stray = [float(r['onset_s']) for r in tsv(f'{folder}/notes.tsv') if r['segment'] == '-1']
    return notes, stray


def doubts(tables):
    played, rows = {}, {kind: [] for kind in NAMES}
    for line in (line for table in tables for line in open(table)):
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
        rows[kind].append((folder, label, [float(f) for f in features]))
    return rows, len(played)


def fit(x, y, decay):
    """Weights for the features as they are; the first feature is 1. Fitted to features of mean 0 and deviation 1."""
    mean, scale = x.mean(0), np.maximum(x.std(0), 0.05)
    mean[0], scale[0] = 0, 1
    z = (x - mean) / scale
    weights, held = np.zeros(x.shape[1]), decay * np.eye(x.shape[1])
    held[0, 0] = 1e-6
    for _ in range(30):
        p = 1 / (1 + np.exp(-z @ weights))
        weights += np.linalg.solve((z.T * (p * (1 - p))) @ z + held, z.T @ (y - p) - held @ weights)
    weights /= scale
    weights[0] -= weights[1:] @ mean[1:]
    return weights


def found(table, weights, least=0.5):
    """What of the planted faults of all sessions of a table is found, and the false faults."""
    told, planted, right, false, notes = {}, {}, {}, 0, 0
    for line in open(table):
        folder, kind, at, pitch, *features = line.rstrip('\n').split('\t')
        logit = np.array(features, float) @ weights[kind]
        told.setdefault(folder, []).extend([(float(at), int(pitch), kind)] if logit >= np.log(least / (1 - least)) else [])
    for folder, doubts in told.items():
        played, stray = played_in(folder)
        notes += len(played)
        errors = tsv(f'{folder}/errors.tsv') if os.path.exists(f'{folder}/errors.tsv') else []
        errors = [(float(e['audio_seconds']), e['kind'], {e['true_pitch'], e['played_pitch']}) for e in errors
                  if e['kind'] in ('wrong', 'missed', 'extra')]
        hit = set()
        for at, pitch, kind in doubts:
            # One that is missing here and comes there is late, which is another fault.
            if any(p == pitch and abs(t - at) <= 0.7 and {k, kind} == {'missing', 'extra'} for t, p, k in doubts):
                continue
            about = [n for n, (time, what, pitches) in enumerate(errors)
                     if abs(time - at) <= (0.30 if what == 'missed' else 0.15) and str(pitch) in pitches]
            loose = any(abs(time - at) <= 0.15 and p == pitch and not right for time, p, right in played)
            hit.update(about[:1])
            false += not about and not loose and not (stray and min(stray) - 0.2 <= at <= max(stray) + 0.2)
        for n, (_, kind, _) in enumerate(errors):
            planted[kind] = planted.get(kind, 0) + 1
            right[kind] = right.get(kind, 0) + (n in hit)
    count = sum(right.values())
    return (f'{count} of {sum(planted.values())} ' + ', '.join(f'{kind} {right[kind]}/{planted[kind]}' for kind in sorted(planted))
            + f'; precision {count / max(1, count + false):.3f}, {1000 * false / max(1, notes):.1f} false per 1,000 notes')


def as_rust(kind, weights):
    rows = [', '.join(f'{w:.3f}' for w in weights[i:i + 10]) for i in range(0, len(weights), 10)]
    return (f'/// {SAYS[kind]}\n#[rustfmt::skip]\n#[allow(clippy::approx_constant)]\npub(super) const {NAMES[kind]}: [f32; {NAMES[kind]}_FEATURES] = [\n'
            + ''.join(f'    {row},\n' for row in rows) + '];\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('tables', nargs='+')
    parser.add_argument('--decay', type=float, default=3.0)
    parser.add_argument('--unseen', nargs='*', default=[])
    parser.add_argument('--write')
    args = parser.parse_args()
    rows, sessions = doubts(args.tables)
    tables, weights = [], {}
    for kind, data in rows.items():
        folders = sorted({d[0] for d in data})
        fold = np.array([folders.index(d[0]) % FOLDS for d in data])
        y = np.array([d[1] for d in data], float)
        x = np.array([d[2] for d in data])
        guess = np.zeros(len(y))
        for part in range(FOLDS):
            inside = fold == part
            guess[inside] = 1 / (1 + np.exp(-x[inside] @ fit(x[~inside], y[~inside], args.decay)))
        unlikely = -np.sum(np.log(np.clip(np.where(y > 0, guess, 1 - guess), 1e-6, 1)))
        print(f'{kind}: {len(y)} doubts, {int(y.sum())} faults; unlikelihood {unlikely:.1f}')
        for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
            told = guess >= threshold
            hit = (told & (y > 0)).sum()
            print(f'  at {threshold}: recall {hit / y.sum():.3f}, precision {hit / max(1, told.sum()):.3f}, told {told.sum()}')
        for low in np.arange(0, 1, 0.2):
            part = (guess >= low) & (guess < low + 0.2)
            if part.any():
                print(f'  said {low:.1f}-{low + 0.2:.1f}: {y[part].mean():.2f} true of {part.sum()}')
        weights[kind] = fit(x, y, args.decay)
        tables.append(as_rust(kind, weights[kind]))
    for table in args.unseen:
        print(f'{table}: {found(table, weights)}')
    if args.write:
        uses = ', '.join(['EXTRA_FEATURES', 'FAINT_FEATURES', 'MISSING_FEATURES'])
        with open(args.write, 'w') as out:
            out.write(f'//! What the features of a doubt weigh; written by `tests/compare/fit_faults.py` from {sessions} sessions.\n\n'
                      f'use super::doubt::{{{uses}}};\n\n' + '\n'.join(tables))


main()
