"""Makes the fonts: subsets of four families under the SIL Open Font License.

    python3 subset.py INTER_DIR BRAVURA.otf NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc LIBERATION_DIR
    python3 subset.py --engraving BRAVURA.otf LIBERATION_DIR
    python3 subset.py --japanese NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

Needs fontTools. INTER_DIR holds Inter-Regular.otf and Inter-SemiBold.otf (Inter 4.0), LIBERATION_DIR
LiberationSerif-Regular.ttf and its three sisters (2.1). The Japanese subset holds just the characters that
src/editor/strings.rs uses, so run the third form again when that table changes. The second form makes only what engraved
pages need.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = pathlib.Path(__file__).parent
TABLE = HERE.parent.parent / "src/editor/strings.rs"

LATIN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180)])) + "–—‘’“”„…·•′″−×÷≈≤≥←↑→↓↔⌘⌥⇧⏎✓✗●○◐★☆▲▼▶◀■□♩♭♯"
# What titles, lyrics and words are written in: Latin, Greek, Cyrillic.
SERIF = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x400), *range(0x400, 0x460), *range(0x1E00, 0x1F00),
         *range(0x2010, 0x2028), 0x2030, 0x2032, 0x2033, 0x203F, 0x2044, 0x20AC, 0x2122, 0x2212, 0x266D, 0x266F]
# SMuFL code points: brackets, signs of repetition, clefs, meter digits, heads, articulation, flags, accidentals, rests,
# octaves, dynamics, trill, fermata, notes and digits in text.
MUSIC = [0xE000, *range(0xE045, 0xE04A), 0xE050, 0xE05C, 0xE062, 0xE069, *range(0xE080, 0xE08C), *range(0xE0A0, 0xE0B0),
         *range(0xE0D9, 0xE0DD), 0xE0E0, 0xE0E1, 0xE1E7, *range(0xE240, 0xE250), *range(0xE260, 0xE270),
         *range(0xE4C0, 0xE4C8), *range(0xE4E3, 0xE4EB), *range(0xE510, 0xE51D), *range(0xE520, 0xE54A), 0xE566, 0xE567,
         0xE568, 0xE56C, 0xE56D, *range(0xE880, 0xE88A), *range(0xECA0, 0xECB8)]


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


def music(bravura):
    font = TTFont(bravura)
    # One em above and one below the staff line that a glyph is set on: its baseline is then the middle of its row.
    for table, up, down in (("hhea", "ascent", "descent"), ("OS/2", "sTypoAscender", "sTypoDescender")):
        setattr(font[table], up, 2 * font["head"].unitsPerEm)
        setattr(font[table], down, -2 * font["head"].unitsPerEm)
    font["hhea"].lineGap = font["OS/2"].sTypoLineGap = 0
    font["OS/2"].usWinAscent = font["OS/2"].usWinDescent = 2 * font["head"].unitsPerEm
    # "Bravura" is a reserved name: a changed font must carry another.
    make(font, MUSIC, "Colla Music", "music.otf", [])


def serif(liberation):
    for style, out in (("Regular", "serif"), ("Italic", "serif-italic"), ("Bold", "serif-bold"),
                       ("BoldItalic", "serif-bold-italic")):
        font = TTFont(pathlib.Path(liberation) / f"LiberationSerif-{style}.ttf")
        # So is "Liberation".
        make(font, SERIF, "Colla Serif", f"{out}.ttf", ["kern", "liga"])


def japanese(regular, bold):
    kana = sorted({ord(c) for c in TABLE.read_text(encoding="utf-8") if ord(c) >= 0x3000}) if TABLE.exists() else []
    for weight, path in (("regular", regular), ("bold", bold)):
        make(TTFont(path, fontNumber=0), kana, "Noto Sans CJK JP Subset", f"noto-jp-{weight}.otf", [])


def main(inter, bravura, cjk_regular, cjk_bold, liberation):
    latin = [ord(c) for c in LATIN]
    for weight in ("Regular", "SemiBold"):
        font = TTFont(pathlib.Path(inter) / f"Inter-{weight}.otf")
        tabular(font)
        make(font, latin, f"Inter {weight} Subset", f"inter-{weight.lower()}.otf", ["kern", "mark", "mkmk", "ccmp"])
    japanese(cjk_regular, cjk_bold)
    music(bravura)
    serif(liberation)


if __name__ == "__main__":
    if sys.argv[1] == "--engraving":
        music(sys.argv[2])
        serif(sys.argv[3])
    elif sys.argv[1] == "--japanese":
        japanese(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
