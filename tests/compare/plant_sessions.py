#!/usr/bin/env python3
"""plant_sessions.py COLLA_PARTE SCORES OUT [COUNT [SEED]] [--seconds S] [--faults SHARE] [--pianist | --alone | --colours] [--noisy]: recording sessions of which everything is known.

SCORES: a folder of .mxl scores. OUT gets a folder for each session, in the format that `colla-parte evaluate` reads: score.mxl,
audio.wav (fluidsynth, with the sound fonts that SESSION_FONTS names, separated by colons), notes.tsv, alignment.tsv, errors.tsv,
meta.json. Played are restarts, skips, pauses and stray bits (three sessions in four; the fourth goes straight on), at a tempo that
drifts, with wrong, missed and extra notes (half of the sessions; all, at SHARE of the notes, with --faults), by a piano or by
the instruments of the parts. --pianist: a piano always, more often than not with the piano's part of the score alone, each with a
touch, an evenness, a left hand and inner voices of its own, half of them in a room. --alone: the first part of the score and nothing
else, by any instrument. --colours: each part by an instrument of its own. --noisy: 0 to 20 dB above noise, not 30 to
60. Each session depends on the seed and its number alone."""
import argparse, csv, io, json, os, random, shutil, subprocess, wave, zipfile
import xml.etree.ElementTree as ET
import mido
import numpy as np

RATE = 44100
PIANO = 0
GRANDS = [0, 0, 0, 1]
VOICES = [40, 41, 42, 52, 53, 68, 71, 73]
QUARTET = [40, 40, 41, 42]
# Harpsichord, vibraphone, marimba, organs, accordion, guitars, strings, harp, voices, brass, reeds and flutes.
COLOURS = [6, 11, 12, 16, 19, 20, 21, 24, 26, 32, 40, 40, 41, 42, 42, 43, 44, 46, 48, 52, 53, 56, 57, 60, 65, 66, 68, 69, 70, 71, 71, 73, 73, 74, 75]


def notes_of(program, score):
    text = subprocess.run([program, 'score', score, '--notes', '-'], check=True, capture_output=True, text=True).stdout
    rows = csv.DictReader(io.StringIO(text), delimiter='\t')
    return [dict(id=r['score_note_id'], beat=float(r['score_beat']), length=float(r['duration_beats']), pitch=int(r['midi_pitch']),
                 part=r['part'], staff=r['staff'], measure=r['measure'], grace=r['grace'] not in ('0', 'false', 'False', '')) for r in rows]


def tempo_of(program, score):
    text = subprocess.run([program, 'score', score, '--json', '-'], check=True, capture_output=True, text=True).stdout
    return [(t['start_beat'], t['bpm']) for t in json.loads(text)['tempos']] or [(0.0, 100.0)]


class Player:
    """Plays stretches of a score and remembers what was played."""

    def __init__(self, rng, notes, tempo, faults, pianist):
        self.rng, self.tempo, self.faults = rng, tempo, faults
        self.notes = [n for n in notes if not n['grace']]
        self.beats = sorted({n['beat'] for n in self.notes})
        self.at = {}
        for note in self.notes:
            self.at.setdefault(note['beat'], []).append(note)
        # Faster or slower than is written, but not so that fingers could not, or nobody would.
        usual = float(np.median([(b - a) * 60 / self.bpm(a) for a, b in zip(self.beats, self.beats[1:])]))
        self.slowness = min(max(usual * rng.uniform(0.65, 1.6), 0.12), 0.7) / usual
        self.level, self.tilt = rng.randint(45, 85), rng.uniform(0.0, 14.0)
        self.pedalled = rng.random() < 0.5
        self.unevenness, self.touch, self.left_hand, self.inner, self.unequal = 0.010, (0.7, 1.0), 0.0, 0.0, 5.0
        if pianist:
            shortest = rng.uniform(0.2, 0.9)
            self.touch = (shortest, min(1.05, shortest + rng.uniform(0.1, 0.4)))
            self.unevenness, self.left_hand = rng.uniform(0.004, 0.018), rng.uniform(0, 16)
            self.level, self.inner, self.unequal = rng.randint(35, 85), rng.uniform(0, 25), rng.uniform(4, 11)
        self.time, self.swell, self.segment = rng.uniform(0.3, 2.0), 0.0, 0
        self.played, self.alignment, self.errors, self.pedals = [], [], [], []

    def free(self, pitch, beat, but=None):
        """Whether nothing else written within a beat is on that key: only then can anyone hear a fault there."""
        near = (n for n in self.notes if n['beat'] < beat + 1 and n['beat'] + max(n['length'], 1) > beat)
        return all(n is but or n['pitch'] != pitch for n in near)

    def bpm(self, beat):
        return [bpm for start, bpm in self.tempo if start <= beat + 1e-6][-1] if self.tempo[0][0] <= beat else self.tempo[0][1]

    def strike(self, onset, length, pitch, velocity, note=None, segment=None):
        velocity = int(max(12, min(122, velocity)))
        segment = self.segment if segment is None else segment
        self.played.append(dict(onset=max(0.02, onset), off=onset + max(0.06, length), pitch=pitch, velocity=velocity,
                                id=note['id'] if note else '-', part=note['part'] if note else None, segment=segment))

    def play(self, first, until):
        """Plays from the onset of that index until the time `until`; returns the index of the onset it would play next."""
        rng, drift = self.rng, 0.0
        slowness = self.slowness * rng.uniform(0.92, 1.08)
        index = first
        while index < len(self.beats) and self.time < until:
            beat = self.beats[index]
            tempo = slowness * 60 / self.bpm(beat)
            group, onsets = self.at[beat], []
            top, bottom = max(n['pitch'] for n in group), min(n['pitch'] for n in group)
            self.swell = 0.97 * self.swell + rng.gauss(0, 2.5)
            for note in group:
                onset = self.time + rng.gauss(0, self.unevenness)
                velocity = self.level + self.swell + (self.tilt if note['pitch'] == top else 0) + rng.gauss(0, self.unequal)
                velocity -= self.left_hand if note['staff'] != '1' else 0
                velocity -= self.inner if bottom < note['pitch'] < top or beat % 1 and note['pitch'] != top else 0
                length = note['length'] * tempo * rng.uniform(*self.touch)
                fate = rng.random() if index > first + 4 else 1.0
                other = note['pitch'] + rng.choice([-2, -1, -1, 1, 1, 2])
                if fate < self.faults and not self.free(note['pitch'] if fate < self.faults / 3 else other, beat, note):
                    fate = 1.0
                if fate < self.faults / 3:
                    self.error(self.time, 'missed', note['id'], note['pitch'], '-')
                    continue
                if fate < 2 * self.faults / 3:
                    self.strike(onset, length, other, velocity)
                    self.played[-1]['part'] = note['part']
                    self.error(onset, 'wrong', note['id'], note['pitch'], other)
                    continue
                self.strike(onset, length, note['pitch'], velocity, note)
                onsets.append(onset)
                if fate < self.faults:
                    start = onset + rng.uniform(-0.03, 0.04)
                    self.strike(start, rng.uniform(0.06, 0.25), other, velocity * rng.uniform(0.4, 0.9))
                    self.played[-1]['part'] = note['part']
                    self.error(start, 'extra', '-', '-', other)
            if onsets:
                onsets.sort()
                self.alignment.append((beat, group[0]['measure'], float(np.median(onsets)), self.segment, len(onsets)))
            if self.pedalled and abs(beat % 2) < 1e-6:
                self.pedals += [(self.time + 0.02, 0), (self.time + 0.12, 127)]
            index += 1
            if index < len(self.beats):
                drift = 0.9 * drift + rng.gauss(0, 0.025)
                self.time += (self.beats[index] - beat) * tempo * (1 + max(-0.3, min(0.4, drift)))
        return index

    def stray(self, seconds):
        """Plays what is not written: bits of scales and chords."""
        rng, until = self.rng, self.time + seconds
        low, high = min(n['pitch'] for n in self.notes), max(n['pitch'] for n in self.notes)
        while self.time < until:
            pitch, step = rng.randint(low, high), rng.choice([-2, -1, 1, 2])
            pace = rng.uniform(0.09, 0.35)
            for _ in range(rng.randint(3, 9)):
                for interval in rng.choice([[0], [0], [0, 4], [0, 3, 7]]):
                    if low <= pitch + interval <= high:
                        self.strike(self.time, pace * 0.9, pitch + interval, self.level + rng.gauss(0, 8), segment=-1)
                pitch += step if rng.random() < 0.8 else rng.randint(-5, 5)
                pitch = max(low, min(high, pitch))
                self.time += pace
            self.time += rng.uniform(0.1, 0.8)

    def error(self, time, kind, note, true, played):
        self.errors.append((time, kind, note, true, played))


def session(rng, notes, tempo, seconds, faults, pianist):
    player = Player(rng, notes, tempo, faults, pianist)
    leads = [i for i, beat in enumerate(player.beats)
             if i == 0 or player.at[beat][0]['measure'] != player.at[player.beats[i - 1]][0]['measure']]
    straight = rng.random() < 0.25
    start = 0 if rng.random() < 0.6 else rng.choice(leads)
    while player.time < seconds:
        rest = seconds - player.time
        last = player.play(start, seconds if straight or rest < 9 else player.time + rng.uniform(6, 22))
        if player.time >= seconds or last >= len(player.beats) and straight:
            break
        player.segment += 1
        silence = rng.random()
        if silence < 0.2:
            player.time += rng.uniform(0.05, 0.4)
        elif silence < 0.85:
            player.time += rng.uniform(0.6, 4.0)
        else:
            player.time += rng.uniform(0.4, 1.5)
            player.stray(rng.uniform(3, 9))
            player.time += rng.uniform(0.4, 1.5)
        here = sum(1 for lead in leads if lead <= last) - 1
        where = rng.random()
        if where < 0.45:
            start = leads[max(0, here - rng.randint(1, 8))]
        elif where < 0.65:
            pass
        elif where < 0.85:
            start = leads[min(len(leads) - 1, here + rng.randint(1, 16))]
        else:
            start = rng.choice(leads)
        if start > len(player.beats) - 12:
            start = leads[max(0, len(leads) // 2)]
    return player, straight


def sounding(player):
    """Ends of notes as they sound: held by the pedal, cut by the next strike of the key."""
    changes = sorted(player.pedals)
    ups = [t for t, value in changes if value < 64]
    downs = [t for t, value in changes if value >= 64]
    by_pitch = {}
    for note in sorted(player.played, key=lambda n: n['onset']):
        by_pitch.setdefault(note['pitch'], []).append(note)
    for strikes in by_pitch.values():
        for one, two in zip(strikes, strikes[1:] + [None]):
            one['off'] = min(one['off'], two['onset'] - 0.01) if two else one['off']
            one['off'] = max(one['off'], one['onset'] + 0.02)
            last = max([t for t in downs if t <= one['off']], default=None)
            lifted = min([t for t in ups if last is not None and t > last], default=None)
            one['end'] = one['off']
            if last is not None and (lifted is None or lifted > one['off']):
                one['end'] = max(one['off'], lifted if lifted is not None else one['off'] + 2.0)
            if two:
                one['end'] = min(one['end'], two['onset'])


def piano_alone(score, out):
    """Writes the score with nothing but its part of two staves; false, and no file, if there is not one such part beside others."""
    box = zipfile.ZipFile(score)
    name = next(n for n in box.namelist() if n.endswith('.xml') and not n.startswith('META-INF'))
    root = ET.fromstring(box.read(name))
    alone = [p.get('id') for p in root.findall('part') if any(s.text == '2' for s in p.iter('staves'))]
    if len(alone) != 1 or len(root.findall('part')) == 1:
        return False
    names = root.find('part-list')
    for parent, child in [(root, c) for c in root.findall('part')] + [(names, c) for c in list(names)]:
        if child.get('id') != alone[0]:
            parent.remove(child)
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as piano:
        for other in box.namelist():
            piano.writestr(other, ET.tostring(root, 'utf-8', xml_declaration=True) if other == name else box.read(other))
    return True


def programs(rng, player, pianist, coloured):
    """An instrument for each part."""
    parts = sorted({n['part'] for n in player.notes})
    if coloured:
        player.pedalled, player.pedals = False, []
        return {part: rng.choice(COLOURS) for part in parts}, 'any'
    if pianist:
        return dict.fromkeys(parts, rng.choice(GRANDS)), 'piano'
    if rng.random() < 0.5:
        return {part: PIANO for part in parts}, 'piano'
    player.pedalled, player.pedals = False, []
    if len(parts) == 4:
        return dict(zip(parts, QUARTET)), 'string quartet'
    return {part: rng.choice(VOICES) if i == 0 and len(parts) > 1 else PIANO for i, part in enumerate(parts)}, 'ensemble'


def in_room(sound, rng):
    """The sound in a room: noise that dies away, 60 dB in 0.2 to 1.2 s."""
    length = rng.uniform(0.2, 1.2)
    clock = np.arange(int(length * RATE)) / RATE
    tail = np.random.default_rng(rng.getrandbits(32)).normal(size=len(clock)) * 10 ** (-3 * clock / length)
    tail *= 10 ** (rng.uniform(-22, -8) / 20) / np.sqrt(np.sum(tail ** 2))
    tail[:int(rng.uniform(0.002, 0.02) * RATE)] = 0
    size = 1 << (len(sound) + len(tail)).bit_length()
    return sound + np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[:len(sound)]


def render(player, sounds, font, wav, rng, pianist, noisy):
    middle = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    middle.tracks.append(track)
    channels = {part: i if i < 9 else i + 1 for i, part in enumerate(sorted(sounds))}
    spare = channels[sorted(sounds)[0]]
    events = [(0.0, 0, mido.Message('program_change', channel=channels[p], program=g)) for p, g in sounds.items()]
    for time, value in player.pedals:
        events += [(time, 1, mido.Message('control_change', channel=c, control=64, value=value)) for c in channels.values()]
    for note in player.played:
        channel = channels.get(note['part'], spare)
        events += [(note['onset'], 3, mido.Message('note_on', channel=channel, note=note['pitch'], velocity=note['velocity'])),
                   (note['off'], 2, mido.Message('note_off', channel=channel, note=note['pitch']))]
    now = 0
    for time, _, message in sorted(events, key=lambda e: e[:2]):
        tick = round(time * 960)
        track.append(message.copy(time=max(0, tick - now)))
        now = max(now, tick)
    middle.save(wav + '.mid')
    subprocess.run(['fluidsynth', '-ni', '-q', '-g', '0.5', '-r', str(RATE), '-O', 's16', '-T', 'raw', '-F', wav + '.raw', font,
                    wav + '.mid'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sound = np.fromfile(wav + '.raw', '<i2').reshape(-1, 2).mean(1) / 32768
    os.remove(wav + '.raw')
    os.remove(wav + '.mid')
    if pianist and rng.random() < 0.5:
        sound = in_room(sound, rng)
    noise = np.cumsum(np.random.default_rng(rng.getrandbits(32)).normal(size=len(sound)))
    noise -= np.convolve(noise, np.ones(4001) / 4001, 'same')
    if noisy:
        # As much power an octave, or more of it higher up, or lower down.
        shape = np.fft.rfft(np.random.default_rng(rng.getrandbits(32)).normal(size=len(sound)))
        shape /= np.maximum(np.arange(len(shape)), 20) ** rng.uniform(0.3, 0.9)
        noise = np.fft.irfft(shape, len(sound))
    snr = rng.uniform(0, 20) if noisy else rng.uniform(30, 60)
    noise *= np.sqrt(np.mean(sound ** 2) / np.mean(noise ** 2)) * 10 ** (-snr / 20)
    sound = sound + noise
    sound *= 10 ** (rng.uniform(-20, -2) / 20) / np.abs(sound).max()
    with wave.open(wav, 'wb') as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((sound * 32767).astype('<i2').tobytes())


def table(path, names, rows):
    with open(path, 'w') as out:
        out.write('\t'.join(names) + '\n')
        out.writelines('\t'.join(f'{c:.4f}' if isinstance(c, float) else str(c) for c in row) + '\n' for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program')
    parser.add_argument('scores')
    parser.add_argument('out')
    parser.add_argument('count', type=int, nargs='?', default=24)
    parser.add_argument('seed', type=int, nargs='?', default=1)
    parser.add_argument('--seconds', type=float, default=75.0)
    parser.add_argument('--faults', type=float)
    who = parser.add_mutually_exclusive_group()
    for name in 'pianist', 'alone', 'colours':
        who.add_argument('--' + name, action='store_true')
    parser.add_argument('--noisy', action='store_true')
    args = parser.parse_args()
    fonts = os.environ['SESSION_FONTS'].split(':')
    files = sorted(os.path.join(d, f) for d, _, fs in os.walk(args.scores) for f in fs if f.endswith('.mxl'))
    random.Random(args.seed).shuffle(files)
    done = 0
    for file in files:
        if done == args.count:
            break
        rng = random.Random(f'{args.seed} {done}')
        folder = f'{args.out}/{done:03}'
        os.makedirs(folder, exist_ok=True)
        score = f'{folder}/score.mxl'
        if not (args.pianist and rng.random() < 0.7 and piano_alone(file, score)):
            shutil.copy(file, score)
        notes = notes_of(args.program, score)
        if args.alone:
            notes = [n for n in notes if n['part'] == min(n['part'] for n in notes)]
        if not (60 if args.alone else 300) <= len(notes) <= 8000 or not all(24 <= n['pitch'] <= 105 for n in notes):
            continue
        faults = args.faults if args.faults is not None else rng.choice([0.0, rng.uniform(0.01, 0.08)])
        player, straight = session(rng, notes, tempo_of(args.program, score), args.seconds, faults, args.pianist)
        if len(player.played) < (40 if args.alone else 100):
            continue
        sounds, instrument = programs(rng, player, args.pianist, args.alone or args.colours)
        sounding(player)
        font = fonts[done % len(fonts)]
        render(player, sounds, font, f'{folder}/audio.wav', rng, args.pianist, args.noisy)
        played = sorted(player.played, key=lambda n: n['onset'])
        table(f'{folder}/notes.tsv', ['onset_s', 'offset_s', 'midi_pitch', 'velocity', 'score_note_id', 'key_off_s', 'part', 'segment'],
              [(n['onset'], n['end'], n['pitch'], n['velocity'], n['id'], n['off'], n['part'], n['segment']) for n in played])
        table(f'{folder}/alignment.tsv', ['score_beat', 'measure', 'audio_seconds', 'segment', 'n_notes'], player.alignment)
        table(f'{folder}/errors.tsv', ['audio_seconds', 'kind', 'score_note_id', 'true_pitch', 'played_pitch'], player.errors)
        if not player.errors:
            os.remove(f'{folder}/errors.tsv')
        with open(f'{folder}/meta.json', 'w') as out:
            json.dump({'instrument': instrument, 'score': os.path.basename(file), 'font': os.path.basename(font), 'faults': faults,
                       'straight': straight, 'seed': args.seed}, out)
        done += 1
    print(f'{done} sessions')


main()
