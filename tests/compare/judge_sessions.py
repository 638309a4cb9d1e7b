#!/usr/bin/env python3
"""judge_sessions.py COLLA_PARTE SESSIONS KEPT [--worst N]: how sessions of `plant_sessions.py` were followed.

KEPT: what `colla-parte evaluate SESSIONS --keep KEPT` wrote. Back after a jump: from the first moment on from which nine tenths of
the next two seconds are within a beat of the true place. *Alike*: so is a place whose notes are those played since the jump (at
most 8 beats of them), since nobody can tell the two apart. False jump: more than 4 beats off, having been right or alike in that
stretch; *leapt*: away from such a place. The others went on at an alike place when the playing parted from it, or stood still.
Stray: share of the stray playing that was called following. Also the share of the time called following that is not alike, and the
share of the time alike that is called following."""
import argparse, csv, glob, io, json, os, subprocess
import numpy as np

STEP = 0.02
LEAP = 15  # steps before a false jump is noticed within which its leap lies


def tsv(path):
    return list(csv.DictReader(open(path), delimiter='\t'))


class Score:
    def __init__(self, program, path):
        text = subprocess.run([program, 'score', path, '--notes', '-'], check=True, capture_output=True, text=True).stdout
        rows = csv.DictReader(io.StringIO(text), delimiter='\t')
        notes = sorted((float(r['score_beat']), int(r['midi_pitch'])) for r in rows if r['grace'] in ('0', 'false', 'False', ''))
        self.at = {}
        for beat, pitch in notes:
            self.at.setdefault(round(beat, 3), set()).add(pitch)
        self.beats = np.array(sorted(self.at))

    def passage(self, since, until):
        inside = self.beats[(self.beats >= since - 1e-6) & (self.beats <= until + 1e-6)]
        return [(round(b, 3), self.at[round(b, 3)]) for b in inside]

    def alike(self, told, true, since):
        if abs(told - true) <= 1.0:
            return True
        played = self.passage(max(since, true - 8.0), true)
        if not played:
            return False
        last = played[-1][0]
        near = self.beats[np.abs(self.beats - (last + told - true)) <= 1.0]
        for other in near:
            shift = other - last
            if all(self.at.get(round(b + shift, 3)) == pitches for b, pitches in played):
                return True
        return False


def back(right):
    for at in range(len(right)):
        ahead = right[at:at + int(2 / STEP)]
        if right[at] and np.mean(ahead) >= 0.9:
            return at * STEP
    return float('inf')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program')
    parser.add_argument('sessions')
    parser.add_argument('kept')
    parser.add_argument('--worst', type=int, default=8)
    args = parser.parse_args()
    recoveries, stray, wrong, right = [], [0, 0], [0, 0], [0, 0]
    false, straights = [], 0
    for folder in sorted(glob.glob(args.sessions + '/*/')):
        name = os.path.basename(folder.rstrip('/'))
        meta = json.load(open(folder + 'meta.json'))
        score = Score(args.program, folder + 'score.mxl')
        trace = tsv(f'{args.kept}/{name}.trace.tsv')
        number = lambda text: float(text) if text not in ('', 'nan', '-') else float('nan')
        times = np.array([float(r['audio_seconds']) for r in trace])
        beats = np.array([number(r['score_beat']) for r in trace])
        states = [r['state'] for r in trace]
        rows = tsv(folder + 'alignment.tsv')
        segments = sorted({int(r['segment']) for r in rows})
        straights += meta['straight']
        for n, segment in enumerate(segments):
            here = [(float(r['audio_seconds']), float(r['score_beat'])) for r in rows if int(r['segment']) == segment]
            here.sort()
            if len(here) < 4:
                continue
            begin, end, since = here[0][0], here[-1][0], here[0][1]
            clock = np.arange(begin, end, STEP)
            true = np.interp(clock, [t for t, _ in here], [b for _, b in here])
            index = np.searchsorted(times, clock, 'right') - 1
            told = np.where(index >= 0, beats[index], np.nan)
            called = [states[i] == 'following' if i >= 0 else False for i in index]
            close = np.abs(told - true) <= 1.0
            alike = np.array([not np.isnan(a) and score.alike(a, b, since) for a, b in zip(told, true)])
            wrong[0] += sum(called)
            wrong[1] += sum(c and not a for c, a in zip(called, alike))
            if n > 0:
                recoveries.append((back(close), back(alike), name, begin, since))
            right[0] += int(alike.sum())
            right[1] += sum(c and a for c, a in zip(called, alike))
            settled = np.argmax(alike) if alike.any() else len(alike)
            was = True
            for k in range(settled, len(alike)):
                if was and not np.isnan(told[k]) and abs(told[k] - true[k]) > 4 and not alike[k]:
                    was = False
                    leapt = any(alike[j - 1] and abs(told[j] - told[j - 1]) > 2 for j in range(max(k - LEAP, 1), k + 1))
                    false.append((meta['straight'], name, clock[k], true[k], told[k], leapt))
                was = was or bool(close[k])
        notes = [r for r in tsv(folder + 'notes.tsv') if r['segment'] == '-1']
        onsets = sorted(float(r['onset_s']) for r in notes)
        for a, b in zip(onsets, onsets[1:]):
            if b - a < 1.0:
                inside = (times >= a) & (times < b)
                stray[0] += inside.sum()
                stray[1] += sum(states[i] == 'following' for i in np.flatnonzero(inside))
    for kind, name in ((0, 'back'), (1, 'back, or alike')):
        values = np.array([r[kind] for r in recoveries])
        within = lambda s: 100 * np.mean(values <= s)
        print(f'{name}: {len(values)} jumps; within 1/2/5 s {within(1):.1f} {within(2):.1f} {within(5):.1f} %, '
              f'never {np.isinf(values).sum()}; median {np.median(values):.2f} s')
    print(f'false jumps: {len(false)}, {sum(f[0] for f in false)} of them in {straights} sessions without jumps; leapt {sum(f[5] for f in false)}')
    print(f'stray playing called following: {100 * stray[1] / max(1, stray[0]):.1f} % of {stray[0] / 100:.0f} s')
    print(f'called following where it is not: {100 * wrong[1] / max(1, wrong[0]):.2f} %; '
          f'where it is: {100 * right[1] / max(1, right[0]):.1f} %')
    for close, alike, name, begin, since in sorted(recoveries, key=lambda r: -r[1])[:args.worst]:
        print(f'  {name} at {begin:.1f} s to beat {since:.1f}: back after {close:.2f} s, alike {alike:.2f} s')
    for straight, name, at, true, told, leapt in sorted(false, reverse=True)[:args.worst]:
        print(f'  {name} at {at:.1f} s: false jump from beat {true:.1f} to {told:.1f}{", leapt" * leapt}{" (no jumps in it)" * straight}')


main()
