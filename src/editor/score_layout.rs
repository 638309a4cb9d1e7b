//! Where the steps of the playing path stand on the sheet: in the light notation, or on engraved pages.
//!
//! Lengths are in staff spaces from the top left of the sheet.

use super::engraved::Engraved;
use super::notation::Sheet;
use crate::score::{Area, Score};
use std::sync::Arc;

/// How far a measure's frame reaches beyond its outer staff lines, in staff spaces.
const FRAME: f32 = 1.2;

/// The notation on the sheet.
#[derive(Clone, Debug)]
pub enum Layout {
    /// The light notation, which writes repeats out.
    Light(Arc<Sheet>),
    /// Engraved pages, as printed.
    Engraved(Arc<Engraved>),
}

/// One measure on the sheet.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its frame.
    pub area: Area,
    /// The steps that stand here.
    pub steps: Vec<u32>,
}

impl Layout {
    /// Paper left and right of the light notation, in staff spaces; engraved pages have their own.
    pub const LIGHT_MARGIN: f32 = 3.0;

    /// The width of the sheet that a window of `spaces` needs.
    pub fn room(spaces: f32) -> f32 {
        (spaces - 2.0 * Layout::LIGHT_MARGIN).max(20.0)
    }

    /// Where the last system ends.
    pub fn height(&self) -> f32 {
        match self {
            Layout::Light(sheet) => sheet.height(),
            Layout::Engraved(engraved) => {
                let last = self.systems().checked_sub(1).and_then(|last| engraved.band(last));
                last.map_or(0.0, |(top, height)| top + height)
            }
        }
    }

    /// Number of systems.
    pub fn systems(&self) -> usize {
        match self {
            Layout::Light(sheet) => sheet.systems.len(),
            Layout::Engraved(engraved) => engraved.printed.pages.len(),
        }
    }

    /// Top and height of a system.
    pub fn band(&self, system: usize) -> (f32, f32) {
        match self {
            Layout::Light(sheet) => sheet.systems.get(system).map_or((0.0, 0.0), |one| (one.top, one.height)),
            Layout::Engraved(engraved) => engraved.band(system).unwrap_or((0.0, 0.0)),
        }
    }

    /// The system of a step.
    pub fn system_of(&self, score: &Score, step: usize) -> usize {
        match self {
            Layout::Light(sheet) => sheet.system_of(step),
            Layout::Engraved(engraved) => {
                let measure = score.path.steps.get(step).map(|step| step.measure);
                measure.and_then(|measure| engraved.cell(measure)).map_or(0, |cell| cell.page)
            }
        }
    }

    /// The frame of a step.
    pub fn place(&self, score: &Score, step: usize) -> Option<Place> {
        match self {
            Layout::Light(_) => {
                let system = self.system_of(score, step);
                self.places(system).into_iter().find(|place| place.steps.contains(&(step as u32)))
            }
            Layout::Engraved(engraved) => {
                let cell = engraved.cell(score.path.steps.get(step)?.measure)?;
                let (top, _) = engraved.band(cell.page)?;
                Some(Place { area: framed(cell.area, 0.0, top), steps: cell.steps.clone() })
            }
        }
    }

    /// The measures of a system, from left to right.
    pub fn places(&self, system: usize) -> Vec<Place> {
        match self {
            Layout::Light(sheet) => {
                let Some(one) = sheet.systems.get(system) else { return Vec::new() };
                let (top, bottom) = one.extent();
                let place = |measure: &super::notation::MeasureBox| Place {
                    area: framed(
                        Area { left: measure.left, top, right: measure.right, bottom },
                        Layout::LIGHT_MARGIN,
                        one.top,
                    ),
                    steps: vec![measure.step as u32],
                };
                one.measures.iter().map(place).collect()
            }
            Layout::Engraved(engraved) => {
                let Some((top, _)) = engraved.band(system) else { return Vec::new() };
                let place = |(_, cell): (u32, &super::engraved::Cell)| Place {
                    area: framed(cell.area, 0.0, top),
                    steps: cell.steps.clone(),
                };
                engraved.on_page(system).map(place).collect()
            }
        }
    }

    /// Where a beat of the path stands, which is in this step.
    pub fn x(&self, score: &Score, step: usize, beat: f64) -> Option<f32> {
        match self {
            Layout::Light(sheet) => Some(Layout::LIGHT_MARGIN + sheet.measure(step)?.1.x(beat)),
            Layout::Engraved(engraved) => {
                let step = score.path.steps.get(step)?;
                Some(engraved.cell(step.measure)?.x(beat - step.start.to_f64()))
            }
        }
    }

    /// The step and beat at a point; of several passes the one that is nearest to `near`.
    pub fn at(&self, score: &Score, x: f32, y: f32, near: usize) -> Option<(usize, f64)> {
        let system = (0..self.systems()).find(|system| {
            let (top, height) = self.band(*system);
            (top..top + height + 1.0).contains(&y)
        })?;
        match self {
            Layout::Light(sheet) => {
                let x = x - Layout::LIGHT_MARGIN;
                let measures = &sheet.systems[system].measures;
                let measure = measures.iter().find(|measure| (measure.left..measure.right).contains(&x))?;
                Some((measure.step, measure.beat(x)?))
            }
            Layout::Engraved(engraved) => {
                let within = |(_, cell): &(u32, &super::engraved::Cell)| {
                    (cell.area.left..cell.area.right).contains(&x) && !cell.steps.is_empty()
                };
                let (_, cell) = engraved.on_page(system).find(within)?;
                let step = cell.step_near(near)?;
                Some((step, score.path.steps[step].start.to_f64() + cell.beat(x)))
            }
        }
    }

    /// A step at the start of a system; of several passes the one that is nearest to `near`.
    pub fn first_step(&self, system: usize, near: usize) -> Option<usize> {
        match self {
            Layout::Light(sheet) => sheet.systems.get(system)?.measures.first().map(|measure| measure.step),
            Layout::Engraved(engraved) => engraved.on_page(system).find_map(|(_, cell)| cell.step_near(near)),
        }
    }
}

fn framed(area: Area, right: f32, down: f32) -> Area {
    Area {
        left: area.left + right,
        top: area.top + down - FRAME,
        right: area.right + right,
        bottom: area.bottom + down + FRAME,
    }
}
