"""Compares what `colla-parte score` reads with what partitura, Verovio and music21 read of the same files.

    python tests/compare/readers.py theirs READER FOLDER CACHE [--files 150] [--seconds 3600] [--limit 600] [--smallest]
    python tests/compare/readers.py compare READER COLLA_PARTE FOLDER CACHE OUT.tsv [--files 150]
    python tests/compare/readers.py items COLLA_PARTE FOLDER

Needs `pip install partitura verovio music21 mido`. The first step keeps what the other reader makes of a file as
CACHE/READER/NAME.json, since that takes far longer than the comparison. The second writes one row a file: noteheads as
printed, notes when played (ties merged, repeats unfolded), pitches and (onset, pitch) pairs that one side has alone, the
length in quarter notes, and whether the measures come in the same order. Onsets are equal if they differ by less than 1e-3 beats. Grace notes are compared by
pitch alone, and what is late because of one (Verovio takes their time from the note after) is counted apart. A summary goes to standard output.

The third compares with what the items of a corpus folder say themselves: `score_notes.tsv`, and the onsets of `score.mid` with those of
`colla-parte score --midi`, doubled notes once.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

warnings.filterwarnings("ignore")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ours(binary, file):
    """Noteheads as printed, notes when played as (onset, pitch, grace), the end, and the printed numbers passed."""
    notes, end = [], 0.0
    for row in output_of(binary, "score", file, "--notes", "-").splitlines()[1:]:
        _, onset, duration, pitch, _, _, _, grace = row.split("\t")
        notes.append((float(onset), int(pitch), int(grace)))
        end = max(end, float(onset) + float(duration))
    source = output_of(binary, "score", file, "--source", "-")
    path = json.loads(output_of(binary, "score", file, "--json", "-"))["path"]
    return {
        "heads": len(re.findall(r'<note id="n\d+"', source)),
        "notes": notes,
        "end": end,
        "order": [step["measure"] for step in path],
    }


def with_partitura(file):
    import partitura
    from partitura.score import GraceNote, Measure, Note

    score = partitura.load_score(file)
    heads, notes, end, order = 0, [], 0.0, None
    for part in score.parts:
        heads += len(list(part.iter_all(Note, include_subclasses=True)))
        unfolded = partitura.score.unfold_part_maximal(part, ignore_leaps=False)
        quarters = unfolded.quarter_map
        start = float(quarters(unfolded.first_point.t))
        if order is None:
            order = [str(measure.name) for measure in unfolded.iter_all(Measure)]
        for note in unfolded.notes_tied:
            onset = float(quarters(note.start.t)) - start
            grace = isinstance(note, GraceNote)
            notes.append((onset, note.midi_pitch, int(grace)))
            length = 0 if grace else note.duration_tied
            end = max(end, float(quarters(note.start.t + length)) - start)
    return {"heads": heads, "notes": notes, "end": end, "order": order}


def text_of(file):
    """The MusicXML in a compressed file."""
    with zipfile.ZipFile(file) as archive:
        container = archive.read("META-INF/container.xml").decode()
        return archive.read(re.search(r'full-path="([^"]+)"', container).group(1)).decode()


def base(name):
    """The id of what was copied for a repeat."""
    return re.sub(r"-rend\d+$", "", name)


def with_verovio(file):
    import verovio

    mei = "{http://www.music-encoding.org/ns/mei}"
    name = "{http://www.w3.org/XML/1998/namespace}id"
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions({"expandAlways": True, "breaks": "none", "header": "none", "footer": "none"})
    # It rolls chords in its own time, even those that are marked not to be; written they begin together.
    if not toolkit.loadData(re.sub(r"<(non-)?arpeggiate[^>]*/>", "", text_of(file))):
        raise ValueError("cannot be loaded")
    root = ElementTree.fromstring(toolkit.getMEI())
    numbers = {measure.get(name): measure.get("n", "") for measure in root.iter(f"{mei}measure")}
    printed, grace, cue = set(), set(), set()
    # The time map strikes what is tied again.
    tied = {base(tie.get("endid", "#")[1:]) for tie in root.iter(f"{mei}tie")}
    for parent in [*root.iter(f"{mei}chord"), *root.iter(f"{mei}note")]:
        for note in parent.iter(f"{mei}note"):
            printed.add(base(note.get(name)))
            if note.get("tie") in ("m", "t"):
                tied.add(base(note.get(name)))
            for kind, those in (("grace", grace), ("cue", cue)):
                if note.get(kind) or parent.get(kind):
                    those.add(note.get(name))
    notes, end, order = [], 0.0, []
    for event in toolkit.renderToTimemap({"includeMeasures": True}):
        if "measureOn" in event:
            order.append(numbers.get(event["measureOn"], "?"))
        for note in event.get("on", []):
            pitch = toolkit.getMIDIValuesForElement(note).get("pitch")
            if pitch is not None and note not in cue and base(note) not in tied:
                notes.append((event["qstamp"], pitch, int(note in grace)))
        if event.get("off"):
            end = max(end, event["qstamp"])
    return {"heads": len(printed), "notes": notes, "end": end, "order": order}


def with_music21(file):
    import music21

    score = music21.converter.parse(file, forceSource=True)
    heads = sum(len(n.pitches) for n in score.recurse().notes if not isinstance(n, music21.harmony.Harmony))
    score = score.toSoundingPitch()
    notes, end, order = [], 0.0, None
    for part in score.parts:
        unfolded = part.expandRepeats()
        if order is None:
            order = [f"{m.number}{m.numberSuffix or ''}" for m in unfolded.getElementsByClass("Measure")]
        for note in unfolded.stripTies().flatten().notes:
            if isinstance(note, music21.harmony.Harmony):
                continue
            for pitch in note.pitches:
                notes.append((float(note.offset), pitch.midi, int(note.duration.isGrace)))
            end = max(end, float(note.offset + note.quarterLength))
    return {"heads": heads, "notes": notes, "end": end, "order": order}


READERS = {"partitura": with_partitura, "verovio": with_verovio, "music21": with_music21}


def apart(a, b, tolerance):
    """The (onset, pitch) of `a` that have no partner in `b` within `tolerance`."""
    by_pitch = {}
    for onset, pitch in sorted(b):
        by_pitch.setdefault(pitch, []).append(onset)
    alone = []
    for onset, pitch in sorted(a):
        waiting = by_pitch.get(pitch, [])
        found = next((i for i, other in enumerate(waiting) if abs(other - onset) <= tolerance), None)
        if found is None:
            alone.append((onset, pitch))
        else:
            waiting.pop(found)
    return alone


def chosen(folder, count):
    """Every so manieth file, so that there are `count`."""
    files = sorted(Path(folder).rglob("*.mxl"))
    return files[:: max(1, len(files) // count)][:count]


def drop_delayed(only_ours, only_theirs, graces):
    """Takes out what the other reader plays later, by two beats at most, because a grace note takes its time."""
    late = 0
    for onset, pitch in [note for note in only_ours if note[0] in graces]:
        partner = next((note for note in only_theirs if note[1] == pitch and 0 < note[0] - onset <= 2), None)
        if partner:
            only_ours.remove((onset, pitch))
            only_theirs.remove(partner)
            late += 1
    return late


def drop_tied_graces(only_ours, graces):
    """Takes out grace notes that are tied into their note: ours begin with that, theirs a little before or after."""

    def near(those, note):
        return sum(other[1] == note[1] and abs(other[0] - note[0]) <= 1 for other in those)

    tied = [note for note in only_ours if near(graces[1], note) > near(graces[0], note)]
    for note in tied:
        only_ours.remove(note)
    return len(tied)


class TooSlow(Exception):
    pass


def theirs(arguments):
    folder = Path(arguments.cache) / arguments.reader
    folder.mkdir(parents=True, exist_ok=True)
    files = chosen(arguments.folder, arguments.files)
    if arguments.smallest:
        files.sort(key=lambda file: file.stat().st_size)

    def late(*_):
        raise TooSlow(f"more than {arguments.limit} s")

    signal.signal(signal.SIGALRM, late)
    began = time.time()
    for file in files:
        kept = folder / f"{file.stem}.json"
        if kept.exists():
            continue
        if time.time() - began > arguments.seconds:
            break
        start = time.process_time()
        signal.alarm(arguments.limit)
        try:
            found = READERS[arguments.reader](str(file))
        except Exception as error:
            found = {"failed": f"{type(error).__name__}: {str(error)[:200]}"}
        signal.alarm(0)
        found["cpu_s"] = round(time.process_time() - start, 2)
        kept.write_text(json.dumps(found))


def same_order(a, b):
    def printed(number):
        """Without what music21 adds: the number before ("8X1"), and a letter for each repeat."""
        return re.sub(r"(?<=\d)[a-z]$", "", re.sub(r"^\d+(?=X)", "", number.strip()))

    return [printed(number) for number in a] == [printed(number) for number in b]


def compare(arguments):
    columns = "file heads_ours heads_theirs notes_ours notes_theirs pitches_apart only_ours only_theirs"
    columns += " end_ours end_theirs same_order first_apart cpu_s"
    total = Counter()
    with open(arguments.out, "w") as out:
        print("\t".join(columns.split()), file=out)
        for file in chosen(arguments.folder, arguments.files):
            kept = Path(arguments.cache) / arguments.reader / f"{file.stem}.json"
            if not kept.exists():
                continue
            their = json.loads(kept.read_text())
            total["files"] += 1
            if "failed" in their:
                total["failed"] += 1
                print(f"{file.stem}\t{their['failed']}", file=out)
                continue
            our = ours(arguments.binary, str(file))
            a, b = (Counter(pitch for _, pitch, _ in side["notes"]) for side in (our, their))
            pitches = sum((a - b).values()) + sum((b - a).values())
            graces = [[(onset, pitch) for onset, pitch, grace in side["notes"] if grace] for side in (our, their)]
            plain = [[(onset, pitch) for onset, pitch, grace in side["notes"] if not grace] for side in (our, their)]
            only_ours, only_theirs = apart(*plain, 1.1e-3), apart(*reversed(plain), 1.1e-3)
            late = drop_delayed(only_ours, only_theirs, {onset for onset, _ in graces[0]})
            # What one side calls a grace note may be a plain one on the other.
            only_ours, only_theirs = apart(only_ours, graces[1], 1.1e-3), apart(only_theirs, graces[0], 1.1e-3)
            tied = drop_tied_graces(only_ours, graces)
            order = same_order(our["order"], their["order"])
            first = min((onset for onset, _ in only_ours + only_theirs), default=None)
            row = [file.stem, our["heads"], their["heads"], len(our["notes"]), len(their["notes"]), pitches]
            row += [len(only_ours), len(only_theirs), f"{our['end']:.3f}", f"{their['end']:.3f}", int(order)]
            row += ["-" if first is None else f"{first:.3f}", their["cpu_s"]]
            print("\t".join(map(str, row)), file=out)
            total["heads equal"] += our["heads"] == their["heads"]
            total["notes played equal in number"] += len(our["notes"]) == len(their["notes"])
            total["end equal"] += abs(our["end"] - their["end"]) < 1.1e-3
            total["order equal"] += order
            total["pitches equal"] += pitches == 0
            total["every onset and pitch equal"] += not only_ours and not only_theirs
            total["notes"] += len(plain[0])
            total["notes only ours"] += len(only_ours)
            total["notes only theirs"] += len(only_theirs)
            total["notes that it delays after grace notes"] += late
            total["grace notes tied into their notes"] += tied
            total["cpu_s"] += their["cpu_s"]
    for what, count in total.items():
        print(f"{what}\t{count:.0f}")


def note_table(lines):
    """(onset, pitch, grace) of each row."""
    rows = [row.split("\t") for row in lines[1:]]
    return [(float(row[1]), int(row[3]), int(row[7])) for row in rows]


def strikes(file):
    """The (beat, pitch) of every key that goes down in a MIDI file, once each."""
    import mido

    midi = mido.MidiFile(file)
    found = set()
    for track in midi.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity > 0:
                found.add((round(ticks / midi.ticks_per_beat, 5), message.note))
    return found


def items(arguments):
    columns = "item notes_there notes_ours only_theirs only_ours first_apart midi_theirs midi_only_theirs midi_only_ours graces"
    print("\t".join(columns.split()))
    for folder in sorted(Path(arguments.folder).iterdir()):
        score = next((file for file in sorted(folder.glob("score.m*")) if file.suffix != ".mid"), None)
        if score is None:
            continue
        there = note_table((folder / "score_notes.tsv").read_text().splitlines())
        our = note_table(output_of(arguments.binary, "score", score, "--notes", "-").splitlines())
        both = [[(onset, pitch) for onset, pitch, _ in side] for side in (there, our)]
        only_theirs, only_ours = apart(*both, 1e-3), apart(*reversed(both), 1e-3)
        first = min((onset for onset, _ in only_theirs + only_ours), default=None)
        row = [folder.name, len(there), len(our), len(only_theirs), len(only_ours), "-" if first is None else f"{first:.3f}"]
        with tempfile.TemporaryDirectory() as scratch:
            written = Path(scratch) / "ours.mid"
            output_of(arguments.binary, "score", score, "--midi", written)
            theirs, ours_there = strikes(folder / "score.mid"), strikes(written)
        row += [len(theirs), len(apart(theirs, ours_there, 4e-3)), len(apart(ours_there, theirs, 4e-3))]
        row += [sum(grace for _, _, grace in our)]
        print("\t".join(map(str, row)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("theirs")
    step.set_defaults(run=theirs)
    step.add_argument("reader", choices=READERS)
    step.add_argument("folder")
    step.add_argument("cache")
    step.add_argument("--seconds", type=float, default=3600)
    step.add_argument("--limit", type=int, default=600, help="seconds for one file")
    step.add_argument("--smallest", action="store_true", help="begin with the smallest files")
    step.add_argument("--files", type=int, default=150)
    step = steps.add_parser("compare")
    step.set_defaults(run=compare)
    step.add_argument("reader", choices=READERS)
    step.add_argument("binary")
    step.add_argument("folder")
    step.add_argument("cache")
    step.add_argument("out")
    step.add_argument("--files", type=int, default=150)
    step = steps.add_parser("items")
    step.set_defaults(run=items)
    step.add_argument("binary")
    step.add_argument("folder")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
