//! A beat along the path in the words of the page: measure, beat, which time.

use super::PlayingPath;

/// A place as a musician would say it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintedPosition {
    /// Index into [`PlayingPath::steps`].
    pub step: usize,
    /// The printed number of the measure.
    pub measure: String,
    /// Which time the measure passes, 1 = first.
    pub pass: u32,
    /// The beat in the measure, counted from 1 in the meter's unit: 2.5 is half-way from the second beat to the third.
    /// In a pick-up the last beats of the measure are counted.
    pub beat: f64,
}

impl PlayingPath {
    /// Where path position `beat` is printed; `None` on a path without steps.
    pub fn printed_position(&self, beat: f64) -> Option<PrintedPosition> {
        let index = self.step_at(beat)?;
        let step = &self.steps[index];
        let (count, unit) = step.meter;
        let unit_beats = if unit == 0 { 1.0 } else { 4.0 / f64::from(unit) };
        let length = step.length.to_f64();
        let full = f64::from(count) * unit_beats;
        let missing = if index == 0 && count > 0 { (full - length).max(0.0) } else { 0.0 };
        let inside = (beat - step.start.to_f64()).clamp(0.0, length);
        Some(PrintedPosition {
            step: index,
            measure: step.number.clone(),
            pass: step.pass,
            beat: (inside + missing) / unit_beats + 1.0,
        })
    }
}

/// `37.2`, and `37.2 (2nd time)` where the measure has passed before.
impl std::fmt::Display for PrintedPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.measure, self.beat.floor())?;
        match (self.pass, self.pass % 10, self.pass % 100) {
            (1, ..) => Ok(()),
            (pass, 2, tens) if tens != 12 => write!(f, " ({pass}nd time)"),
            (pass, 3, tens) if tens != 13 => write!(f, " ({pass}rd time)"),
            (pass, 1, tens) if tens != 11 => write!(f, " ({pass}st time)"),
            (pass, ..) => write!(f, " ({pass}th time)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::PathStep;
    use crate::units::Beats;

    #[test]
    fn positions_are_said_as_musicians_do() {
        let step = |number: &str, pass, start: (i64, i64), length: (i64, i64)| PathStep {
            measure: 0,
            number: number.into(),
            pass,
            start: Beats::new(start.0, start.1).unwrap(),
            length: Beats::new(length.0, length.1).unwrap(),
            meter: (6, 8),
        };
        let path = PlayingPath {
            steps: vec![
                step("0", 1, (0, 1), (1, 2)),
                step("1", 1, (1, 2), (3, 1)),
                step("1", 2, (7, 2), (3, 1)),
            ],
            ..PlayingPath::default()
        };
        assert_eq!(path.printed_position(0.0).unwrap().to_string(), "0.6");
        assert_eq!(path.printed_position(0.5).unwrap().to_string(), "1.1");
        assert_eq!(path.printed_position(2.0).unwrap().to_string(), "1.4");
        assert_eq!(path.printed_position(3.5).unwrap().to_string(), "1.1 (2nd time)");
        assert_eq!(PlayingPath::default().printed_position(0.0), None);
    }
}
