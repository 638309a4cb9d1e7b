"""Makes a SoundFont (.sf2), which is what the generator reads, of a sampled instrument in SFZ.

    python sfz_to_sf2.py IN.sfz OUT.sf2 [--samples REGEX] [--program N] [--begin DB]

Reads what sampled pianos and other instruments need of the format: #define, #include, regions that inherit from their headers, keys,
velocities, tuning, volume, cutoff, release. Regions that sound only with the pedal down (`locc64`) or on a key's
release are left out, and so are those whose sample does not match `--samples` (other microphones).
"""

import argparse
import math
import re
import struct
from pathlib import Path

import numpy as np
import soundfile

LONGEST_S = 14.0
GAP = 46  # silent samples that SoundFont wants after each sample
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


def expanded(path, root, defines):
    """The text of an SFZ file, its comments dropped, its includes and definitions put in."""
    parts = []
    for line in path.read_text(errors="replace").splitlines():
        line = line.split("//")[0]
        for piece in re.split(r'(#define\s+\$\w+\s+\S+|#include\s+"[^"]+")', line):
            if found := re.match(r"#define\s+(\$\w+)\s+(\S+)", piece):
                defines[found[1]] = found[2]
                continue
            for name in sorted(defines, key=len, reverse=True):
                piece = piece.replace(name, defines[name])
            if found := re.match(r'#include\s+"([^"]+)"', piece):
                piece = expanded(root / found[1], root, defines)
            parts.append(piece)
        parts.append("\n")
    return "".join(parts)


def regions(text):
    """The opcodes of each region, with those of the headers above it."""
    levels = {"control": {}, "global": {}, "master": {}, "group": {}}
    below = {"global": ("master", "group"), "master": ("group",), "group": ()}
    for header, body in re.findall(r"<(\w+)>([^<]*)", text):
        opcodes = {key: value.strip() for key, value in re.findall(r"(\w+)=(.*?)(?=\s+\w+=|\s*$)", body, re.S)}
        if header == "region":
            yield levels["control"] | levels["global"] | levels["master"] | levels["group"] | opcodes
        elif header in levels:
            levels[header] = opcodes
            for lower in below.get(header, ()):
                levels[lower] = {}


def key_number(text):
    """A MIDI number from `60` or `c4`."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    step, sign, octave = re.fullmatch(r"([a-g])([#b]?)(-?\d+)", text.lower()).groups()
    return STEPS[step] + {"#": 1, "b": -1, "": 0}[sign] + 12 * (int(octave) + 1)


def zones(sfz, wanted):
    """(sample file, generators) of each region that is wanted."""
    for region in regions(expanded(sfz, sfz.parent, {})):
        sample = region.get("sample", "")
        if not sample or "locc64" in region or region.get("trigger", "attack") != "attack":
            continue
        if not re.search(wanted, sample):
            continue
        low = key_number(region.get("key", region.get("lokey", "0")))
        high = key_number(region.get("key", region.get("hikey", "127")))
        centre = key_number(region.get("pitch_keycenter", region.get("key", "60")))
        volume_db = float(region.get("volume", 0)) + float(region.get("group_volume", 0))
        generators = {
            43: struct.pack("<2B", low, high),
            44: struct.pack("<2B", int(region.get("lovel", 0)), int(region.get("hivel", 127))),
            48: struct.pack("<h", max(0, round(10 * (20 - volume_db)))),
            52: struct.pack("<h", round(float(region.get("tune", 0)))),
            58: struct.pack("<h", centre),
            38: struct.pack("<h", round(1200 * math.log2(max(float(region.get("ampeg_release", 0)), 0.2)))),
        }
        if "cutoff" in region:
            generators[8] = struct.pack("<h", round(1200 * math.log2(float(region["cutoff"]) / 8.176)))
        path = sfz.parent / (region.get("default_path", "") + sample).replace("\\", "/")
        yield path, generators


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def named(text):
    return text.encode("ascii", "replace")[:19].ljust(20, b"\0")


def beginning(sound, rate, begin_db):
    """Where a sample's note begins: 10 ms before its level first comes within `begin_db` of what it is in its first
    second at most. A threshold for struck strings must be low; wind players breathe before they sound."""
    block = rate // 200
    first = sound[: rate // block * block]
    first = first[: len(first) // block * block].reshape(-1, block)
    level = np.sqrt((first**2).mean(axis=1))
    reached = np.flatnonzero(level > level.max() * 10 ** (begin_db / 20))[0]
    return max(0, (reached - 2) * block)


def soundfont(sfz, wanted, name, program, begin_db):
    """The bytes of a SoundFont with one program, of that number in General MIDI."""
    # Names of files differ in case from what is written about them.
    present = {str(path).lower(): path for path in sfz.parent.rglob("*") if path.is_file()}
    samples, headers, pcm, place = {}, b"", [], 0
    generators, bags = b"", b""
    for path, zone in zones(sfz, wanted):
        path = present.get(str(path).lower())
        if path is None:
            continue
        if path not in samples:
            sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
            sound = sound.mean(axis=1)[: int(LONGEST_S * rate)]
            # The strike begins where the sample does: what is quiet before it would make every onset late.
            if begin_db is None:
                loud = np.flatnonzero(np.abs(sound) > 3e-3 * np.abs(sound).max())
                sound = sound[max(0, loud[0] - 32) :]
            else:
                sound = sound[beginning(sound, rate, begin_db) :]
                rise = min(len(sound), rate // 200)
                sound[:rise] *= np.linspace(0, 1, rise)
            fade = min(len(sound), rate // 10)
            sound[-fade:] *= np.linspace(1, 0, fade)
            samples[path] = len(samples)
            headers += named(path.stem) + struct.pack(
                "<5IBbHH", place, place + len(sound), place, place + len(sound), rate, 60, 0, 0, 1
            )
            pcm += [np.round(sound * 32_767).astype("<i2"), np.zeros(GAP, "<i2")]
            place += len(sound) + GAP
        bags += struct.pack("<2H", len(generators) // 4, 0)
        for number in (43, 44, 8, 38, 48, 52, 58):
            if number in zone:
                generators += struct.pack("<H", number) + zone[number]
        generators += struct.pack("<2H", 53, samples[path])
    if not samples:
        raise SystemExit(f"{sfz}: no sample of it was found")
    count = len(bags) // 4
    bags += struct.pack("<2H", len(generators) // 4, 0)
    headers += named("EOS") + bytes(26)
    end = named("EOP")
    lists = [
        (b"INFO", [(b"ifil", struct.pack("<2H", 2, 1)), (b"isng", b"EMU8000\0"), (b"INAM", named(name))]),
        (b"sdta", [(b"smpl", np.concatenate(pcm).tobytes())]),
        (b"pdta", [
            (b"phdr", named(name) + struct.pack("<3H3I", program, 0, 0, 0, 0, 0) + end + struct.pack("<3H3I", 0, 0, 1, 0, 0, 0)),
            (b"pbag", struct.pack("<4H", 0, 0, 1, 0)),
            (b"pmod", bytes(10)),
            (b"pgen", struct.pack("<2H", 41, 0) + bytes(4)),
            (b"inst", named(name) + struct.pack("<H", 0) + named("EOI") + struct.pack("<H", count)),
            (b"ibag", bags),
            (b"imod", bytes(10)),
            (b"igen", generators + bytes(4)),
            (b"shdr", headers),
        ]),
    ]
    body = b"sfbk"
    for kind, inner in lists:
        body += chunk(b"LIST", kind + b"".join(chunk(*part) for part in inner))
    return chunk(b"RIFF", body)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sfz", type=Path)
    parser.add_argument("sf2", type=Path)
    parser.add_argument("--samples", default="", help="regular expression that a sample's name must match")
    parser.add_argument("--program", type=int, default=0, help="General MIDI program, from 0: what the generator takes "
                        "it for")
    parser.add_argument("--begin", type=float, help="level, dB below the first second's highest, at which a note has begun; "
                        "without it a sample begins with its first sound")
    arguments = parser.parse_args()
    arguments.sf2.write_bytes(soundfont(arguments.sfz, arguments.samples, arguments.sf2.stem, arguments.program,
                                        arguments.begin))


if __name__ == "__main__":
    main()
