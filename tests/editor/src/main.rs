//! Writes the documentation's pictures: `editor-pictures DIR [SCENE]` writes one PNG a scene into DIR,
//! `editor-pictures --sheet FILE` a contact sheet of all of them, `editor-pictures --playing ITEM SECONDS FILE` what the
//! editor shows when so much of a recording has played, `editor-pictures --cost SCORE` what a frame costs while it follows, and
//! `editor-pictures --first SCORE` how long it takes from choosing a score until there is something to see.

use editor_pictures::{Picture, cost, first, playing, scenes};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Scenes side by side on the sheet.
const ACROSS: usize = 3;
/// Pixels between them.
const GAP: usize = 16;
/// Width and height of a scene on the sheet.
const CELL: (usize, usize) = (600, 400);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--sheet", file] => sheet().write(Path::new(file)).map_err(Into::into),
        ["--playing", item, seconds, file] => play(Path::new(item), seconds, Path::new(file)),
        ["--cost", score] => cost(Path::new(score)).map(|told| println!("{told}")),
        ["--first", score] => first(Path::new(score)).map(|told| println!("{told}")),
        [folder] => each(Path::new(folder), None).map_err(Into::into),
        [folder, scene] => each(Path::new(folder), Some(scene)).map_err(Into::into),
        _ => {
            eprintln!(
                "usage: editor-pictures DIR [SCENE] | --sheet FILE | --playing ITEM SECONDS FILE | --cost SCORE | --first SCORE"
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("editor-pictures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(item: &Path, seconds: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    Ok(playing(item, seconds.parse()?)?.write(file)?)
}

fn each(folder: &Path, only: Option<&str>) -> std::io::Result<()> {
    for scene in scenes::all().into_iter().filter(|scene| only.is_none_or(|only| only == scene.name)) {
        let name = scene.name;
        scene.picture().write(&folder.join(format!("{name}.png")))?;
    }
    Ok(())
}

fn sheet() -> Picture {
    let scenes = scenes::all();
    let rows = scenes.len().div_ceil(ACROSS);
    let (width, height) = (ACROSS * (CELL.0 + GAP) + GAP, rows * (CELL.1 + GAP) + GAP);
    let mut sheet = Picture::filled(width, height, [0x10, 0x11, 0x13]);
    for (index, scene) in scenes.into_iter().enumerate() {
        let mut picture = scene.picture();
        while picture.width > CELL.0 {
            picture = picture.halved();
        }
        let left = GAP + index % ACROSS * (CELL.0 + GAP) + (CELL.0 - picture.width) / 2;
        let top = GAP + index / ACROSS * (CELL.1 + GAP) + CELL.1.saturating_sub(picture.height) / 2;
        sheet.paste(&picture, left, top);
    }
    sheet
}
