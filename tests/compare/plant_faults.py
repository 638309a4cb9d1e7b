#!/usr/bin/env python3
"""plant_faults.py COLLA_PARTE SCORES OUT [COUNT [SEED]]: performances with planted faults, to fit the weights of the fault finder to.

SCORES: a folder of .mxl scores. OUT gets a folder for each performance: score.mxl, audio.wav (fluidsynth, with the sound fonts that
FAULT_FONTS names, separated by colons), played.tsv (onset_s, midi_pitch, how: right, wrong, extra) and missed.tsv (onset_s,
midi_pitch). Tempo, dynamics, asynchrony and pedal vary; 1 note in 25 is at fault: wrong, missed, or a neighbour brushed."""
import csv, io, os, random, shutil, subprocess, sys
import mido

SECONDS = 60.0


def notes_of(program, score):
    text = subprocess.run([program, 'score', score, '--notes', '-'], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(text), delimiter='\t'))
    return [(float(r['score_beat']), float(r['duration_beats']), int(r['midi_pitch']), r['part']) for r in rows
            if r['grace'] in ('0', 'false', 'False', '')]


def perform(notes, rng):
    """[(onset, end, pitch, velocity, how)], [(onset, pitch)] missed, and pedal changes."""
    pace = rng.uniform(0.45, 0.8)
    level, tilt = rng.randint(45, 80), rng.uniform(0.0, 14.0)
    rate = 0.04
    clean_until = 6
    played, missed, pedals = [], [], []
    onsets = sorted({n[0] for n in notes})
    time, at, drift = 0.6, {}, 0.0
    for before, beat in zip([onsets[0]] + onsets, onsets):
        drift = 0.9 * drift + rng.gauss(0, 0.025)
        time += (beat - before) * pace * (1 + max(-0.3, min(0.4, drift)))
        at[beat] = time
        if time > SECONDS:
            break
    uses_pedal = rng.random() < 0.5
    tops = {}
    for beat, _, pitch, _ in notes:
        tops[beat] = max(tops.get(beat, 0), pitch)
    swell = 0.0
    for index, (beat, length, pitch, _) in enumerate(sorted(notes)):
        if beat not in at:
            continue
        swell = 0.97 * swell + rng.gauss(0, 2.5)
        onset = at[beat] + rng.gauss(0, 0.010)
        end = onset + max(0.06, length * pace * rng.uniform(0.75, 1.0))
        loud = level + swell + (tilt if pitch == tops[beat] else 0) + rng.gauss(0, 5)
        velocity = int(max(12, min(122, loud)))
        fate = rng.random() if index > clean_until else 1.0
        if fate < rate / 3:
            missed.append((onset, pitch))
            continue
        if fate < 2 * rate / 3:
            other = pitch + rng.choice([-2, -1, -1, 1, 1, 2])
            played.append((onset, end, other, velocity, 'wrong'))
            continue
        played.append((onset, end, pitch, velocity, 'right'))
        if fate < rate:
            beside = pitch + rng.choice([-2, -1, -1, 1, 1, 2])
            soft = int(max(10, velocity * rng.uniform(0.4, 0.9)))
            start = onset + rng.uniform(-0.03, 0.04)
            played.append((start, start + rng.uniform(0.06, 0.25), beside, soft, 'extra'))
    if uses_pedal:
        for beat in sorted(at):
            if abs(beat % 2) < 1e-6:
                pedals += [(at[beat] + 0.02, 0), (at[beat] + 0.12, 127)]
    return played, missed, pedals


def render(played, pedals, font, wav):
    middle = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    middle.tracks.append(track)
    events = [(t, 1, mido.Message('control_change', control=64, value=v)) for t, v in pedals]
    # A key struck again ends first.
    by_pitch = {}
    for onset, end, pitch, velocity, _ in sorted(played):
        by_pitch.setdefault(pitch, []).append([onset, end, velocity])
    for pitch, strikes in by_pitch.items():
        for one, two in zip(strikes, strikes[1:] + [[1e9]]):
            end = max(one[0] + 0.02, min(one[1], two[0] - 0.01))
            events += [(one[0], 2, mido.Message('note_on', note=pitch, velocity=one[2])),
                       (end, 0, mido.Message('note_off', note=pitch))]
    now = 0
    for time, _, message in sorted(events, key=lambda e: e[:2]):
        tick = round(time * 960)
        track.append(message.copy(time=max(0, tick - now)))
        now = max(now, tick)
    middle.save(wav + '.mid')
    subprocess.run(['fluidsynth', '-ni', '-q', '-g', '0.5', '-r', '44100', '-F', wav, font, wav + '.mid'], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.remove(wav + '.mid')


def main():
    program, scores, out = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 24
    fonts = os.environ['FAULT_FONTS'].split(':')
    rng = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 20)
    files = sorted(os.path.join(d, f) for d, _, fs in os.walk(scores) for f in fs if f.endswith('.mxl'))
    rng.shuffle(files)
    done = 0
    for file in files:
        if done == count:
            break
        notes = notes_of(program, file)
        if not 300 <= len(notes) <= 4000 or not all(24 <= n[2] <= 105 for n in notes):
            continue
        played, missed, pedals = perform(notes, rng)
        if len(played) < 150:
            continue
        folder = f'{out}/{done:02}'
        os.makedirs(folder, exist_ok=True)
        shutil.copy(file, f'{folder}/score.mxl')
        render(played, pedals, fonts[done % len(fonts)], f'{folder}/audio.wav')
        with open(f'{folder}/played.tsv', 'w') as f:
            f.write('onset_s\tmidi_pitch\thow\n')
            f.writelines(f'{p[0]:.4f}\t{p[2]}\t{p[4]}\n' for p in sorted(played))
        with open(f'{folder}/missed.tsv', 'w') as f:
            f.write('onset_s\tmidi_pitch\n')
            f.writelines(f'{t:.4f}\t{p}\n' for t, p in missed)
        done += 1
    print(f'{done} performances')


main()
