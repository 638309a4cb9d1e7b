"""Compares what `colla-parte score` reads with what partitura and music21 read of the same files.

    python tests/compare/readers.py COLLA_PARTE FOLDER OUT.tsv --reader partitura --files 150 [--seconds 900]

Needs `pip install partitura music21`. One row a file and reader: noteheads as printed, notes when played (ties
merged, repeats unfolded), how many pitches and how many (onset, pitch) pairs each side has alone, and the length in
quarter notes. Onsets are equal if they differ by less than 1e-3 beats. Cue notes and percussion are left out on the
other side too, where the reader tells them.
"""

import argparse
import re
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

warnings.filterwarnings("ignore")


def ours(binary, file):
    """Noteheads, and the notes when played as (onset, pitch) with the end of the last."""
    rows = subprocess.run([binary, "score", file, "--notes", "-"], capture_output=True, text=True, check=True).stdout
    notes, end = [], 0.0
    for row in rows.splitlines()[1:]:
        _, onset, duration, pitch, *_ = row.split("\t")
        notes.append((float(onset), int(pitch)))
        end = max(end, float(onset) + float(duration))
    source = subprocess.run([binary, "score", file, "--source", "-"], capture_output=True, text=True, check=True).stdout
    return len(re.findall(r'<note id="n\d+"', source)), notes, end


def with_partitura(file):
    import partitura
    from partitura.score import GraceNote, Note

    score = partitura.load_score(file)
    heads, notes, end = 0, [], 0.0
    for part in score.parts:
        heads += len(list(part.iter_all(Note, include_subclasses=True)))
        unfolded = partitura.score.unfold_part_maximal(part, ignore_leaps=False)
        start = unfolded.quarter_map(unfolded.first_point.t)
        for note in unfolded.notes_tied:
            onset = float(unfolded.quarter_map(note.start.t) - start)
            notes.append((onset, note.midi_pitch))
            length = 0.0 if isinstance(note, GraceNote) else note.duration_tied
            end = max(end, float(unfolded.quarter_map(note.start.t + length) - start))
    return heads, notes, end


def with_music21(file):
    import music21

    score = music21.converter.parse(file, forceSource=True)
    heads = sum(len(n.pitches) for n in score.recurse().notes if not isinstance(n, music21.harmony.Harmony))
    score = score.toSoundingPitch()
    notes, end = [], 0.0
    for part in score.parts:
        flat = part.expandRepeats().stripTies().flatten()
        for note in flat.notes:
            if isinstance(note, music21.harmony.Harmony):
                continue
            for pitch in note.pitches:
                notes.append((float(note.offset), pitch.midi))
            end = max(end, float(note.offset + note.quarterLength))
    return heads, notes, end


def unmatched(a, b):
    """How many (onset, pitch) of each side find no partner on the other."""
    by_pitch = {}
    for onset, pitch in b:
        by_pitch.setdefault(pitch, []).append(onset)
    only_a, used = [], 0
    for pitch in by_pitch:
        by_pitch[pitch].sort()
    for onset, pitch in sorted(a):
        waiting = by_pitch.get(pitch, [])
        found = next((i for i, other in enumerate(waiting) if abs(other - onset) < 1.1e-3), None)
        if found is None:
            only_a.append((onset, pitch))
        else:
            waiting.pop(found)
            used += 1
    return only_a, len(b) - used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--reader", choices=["partitura", "music21"], required=True)
    parser.add_argument("--files", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=3600)
    arguments = parser.parse_args()
    files = sorted(str(f) for f in Path(arguments.folder).rglob("*.mxl"))
    files = files[:: max(1, len(files) // arguments.files)][: arguments.files]
    read = {"partitura": with_partitura, "music21": with_music21}[arguments.reader]
    began = time.time()
    columns = "file heads_ours heads_theirs notes_ours notes_theirs pitches_apart only_ours only_theirs end_ours end_theirs first_apart seconds_theirs"
    with open(arguments.out, "w") as out:
        print("\t".join(columns.split()), file=out, flush=True)
        for file in files:
            if time.time() - began > arguments.seconds:
                break
            heads, notes, end = ours(arguments.binary, file)
            start = time.time()
            try:
                their_heads, their_notes, their_end = read(file)
            except Exception as error:
                print(f"{Path(file).name}\tfailed: {type(error).__name__}: {str(error)[:100]}", file=out, flush=True)
                continue
            seconds = time.time() - start
            a, b = Counter(p for _, p in notes), Counter(p for _, p in their_notes)
            apart = sum((a - b).values()) + sum((b - a).values())
            only_ours, only_theirs = unmatched(notes, their_notes)
            first = f"{only_ours[0][0]:.3f}" if only_ours else "-"
            row = [Path(file).name, heads, their_heads, len(notes), len(their_notes), apart, len(only_ours)]
            row += [only_theirs, f"{end:.3f}", f"{their_end:.3f}", first, f"{seconds:.1f}"]
            print("\t".join(map(str, row)), file=out, flush=True)


if __name__ == "__main__":
    sys.exit(main())
