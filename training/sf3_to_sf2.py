"""Decodes a SoundFont with Ogg Vorbis samples (.sf3) to a plain one (.sf2), which is what the generator reads.

    python sf3_to_sf2.py IN.sf3 OUT.sf2
"""

import io
import struct
import sys

import numpy as np
import soundfile

HEADER = 46  # bytes of a sample header
COMPRESSED = 0x10  # bit of its type
GAP = 46  # silent samples that the format wants after each sample


def chunks(data, at, end):
    """Identifier, start and length of each chunk of a RIFF list."""
    while at + 8 <= end:
        name, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        yield name, at + 8, length
        at += 8 + length + (length & 1)


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def converted(data):
    """The sf2 file's bytes."""
    lists = {}
    for _, at, length in chunks(data, 12, len(data)):
        inner = {name: data[a : a + n] for name, a, n in chunks(data, at + 4, at + length)}
        lists[data[at : at + 4]] = inner
    samples, presets = lists[b"sdta"][b"smpl"], lists[b"pdta"]
    headers, pcm, place = bytearray(presets[b"shdr"]), [], 0
    for header in range(0, len(headers) - HEADER, HEADER):
        start, end, loop_start, loop_end = struct.unpack_from("<4I", headers, header + 20)
        kind = struct.unpack_from("<H", headers, header + 44)[0]
        if kind & COMPRESSED:
            sound, _ = soundfile.read(io.BytesIO(samples[start:end]), dtype="int16")
        else:
            sound = np.frombuffer(samples[2 * start : 2 * end], "<i2")
            loop_start, loop_end = loop_start - start, loop_end - start
        struct.pack_into("<4I", headers, header + 20, place, place + len(sound), place + loop_start, place + loop_end)
        struct.pack_into("<H", headers, header + 44, kind & ~COMPRESSED)
        pcm += [sound, np.zeros(GAP, "<i2")]
        place += len(sound) + GAP
    presets[b"shdr"] = bytes(headers)
    lists[b"INFO"][b"ifil"] = struct.pack("<2H", 2, 1)
    lists[b"sdta"] = {b"smpl": np.concatenate(pcm).astype("<i2").tobytes()}
    body = b"sfbk"
    for name in (b"INFO", b"sdta", b"pdta"):
        body += chunk(b"LIST", name + b"".join(chunk(inner, content) for inner, content in lists[name].items()))
    return b"RIFF" + struct.pack("<I", len(body)) + body


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as source:
        result = converted(source.read())
    with open(sys.argv[2], "wb") as target:
        target.write(result)
