"""Makes the editor's fonts: subsets of three families under the SIL Open Font License.

    python3 subset.py INTER_DIR BRAVURA.otf NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

Needs fontTools. INTER_DIR holds Inter-Regular.otf and Inter-SemiBold.otf (Inter 4.0). The Japanese
subset holds just the characters that src/editor/strings.rs uses, so run this again when that table changes.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = pathlib.Path(__file__).parent
TABLE = HERE.parent.parent / "src/editor/strings.rs"

LATIN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180)])) + "–—‘’“”„…·•′″−×÷≈≤≥←↑→↓↔⌘⌥⇧⏎✓✗●○◐★☆▲▼▶◀■□♩♭♯"
# SMuFL code points: clefs, meter digits, heads, flags, accidentals, rests, trill, fermata, metronome note.
MUSIC = [0xE000, 0xE050, 0xE05C, 0xE062, 0xE069, *range(0xE080, 0xE08C), *range(0xE0A2, 0xE0A5), 0xE0A9,
         *range(0xE240, 0xE248), *range(0xE260, 0xE265), *range(0xE4E3, 0xE4E9), 0xE4C0, 0xE566, 0xE1E7, 0xECA5]


def names(font, family):
    table = font["name"]
    for record in list(table.names):
        if record.nameID in (1, 4, 16):
            table.setName(family, record.nameID, record.platformID, record.platEncID, record.langID)
        elif record.nameID == 6:
            table.setName(family.replace(" ", ""), 6, record.platformID, record.platEncID, record.langID)
        elif record.nameID not in (0, 2, 5, 13, 14):
            table.removeNames(nameID=record.nameID)


def tabular(font):
    """Gives the digits one width for good, so that a running number does not tremble."""
    gsub = font["GSUB"].table
    swap = {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in gsub.LookupList.Lookup[index].SubTable:
                    swap.update(getattr(getattr(part, "ExtSubTable", part), "mapping", {}))
    for cmap in font["cmap"].tables:
        for code, glyph in cmap.cmap.items():
            if 0x30 <= code <= 0x39:
                cmap.cmap[code] = swap.get(glyph, glyph)


def make(font, codes, family, out, features):
    options = subset.Options()
    options.layout_features = features
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = False
    options.desubroutinize = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    names(font, family)
    font.save(HERE / out)
    print(out, (HERE / out).stat().st_size, "bytes", len(font.getGlyphOrder()), "glyphs")


def main(inter, bravura, cjk_regular, cjk_bold):
    latin = [ord(c) for c in LATIN]
    for weight in ("Regular", "SemiBold"):
        font = TTFont(pathlib.Path(inter) / f"Inter-{weight}.otf")
        tabular(font)
        make(font, latin, f"Inter {weight} Subset", f"inter-{weight.lower()}.otf", ["kern", "mark", "mkmk", "ccmp"])
    kana = sorted({ord(c) for c in TABLE.read_text(encoding="utf-8") if ord(c) >= 0x3000}) if TABLE.exists() else []
    for weight, path in (("regular", cjk_regular), ("bold", cjk_bold)):
        make(TTFont(path, fontNumber=0), kana, "Noto Sans CJK JP Subset", f"noto-jp-{weight}.otf", [])
    font = TTFont(bravura)
    # One em above and one below the staff line that a glyph is set on: its baseline is then the middle of its row.
    for table, up, down in (("hhea", "ascent", "descent"), ("OS/2", "sTypoAscender", "sTypoDescender")):
        setattr(font[table], up, 2 * font["head"].unitsPerEm)
        setattr(font[table], down, -2 * font["head"].unitsPerEm)
    font["hhea"].lineGap = font["OS/2"].sTypoLineGap = 0
    font["OS/2"].usWinAscent = font["OS/2"].usWinDescent = 2 * font["head"].unitsPerEm
    # "Bravura" is a reserved name: a changed font must carry another.
    make(font, MUSIC, "Colla Music", "music.otf", [])


if __name__ == "__main__":
    main(*sys.argv[1:])
