//! Pixels: reading, writing, comparing.

use std::fs::File;
use std::io::{BufReader, BufWriter, Error, ErrorKind};
use std::path::Path;

/// Opaque pixels, 8 bits a channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    rgb: Vec<u8>,
}

/// How two pictures differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// They are not of one size.
    Size {
        /// Width and height that were expected.
        expected: (usize, usize),
        /// Width and height that were found.
        actual: (usize, usize),
    },
    /// They are of one size.
    Pixels {
        /// Share of pixels in which a channel differs by more than [`Picture::VISIBLE`], 0-1.
        share: f64,
        /// The smallest rectangle round those: left, top, right, bottom.
        bounds: Option<[usize; 4]>,
    },
}

impl Picture {
    /// Differences up to this, of 255, are taken as rounding: fonts are rasterized with whatever vector
    /// instructions a machine has.
    pub const VISIBLE: u8 = 24;

    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, rgb: [u8; 3]) -> Picture {
        Picture { width, height, rgb: rgb.repeat(width * height) }
    }

    /// The colour at a place.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = 3 * (y * self.width + x);
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// Lays a premultiplied colour, 0-255, over a pixel.
    pub fn blend(&mut self, x: usize, y: usize, over: [f32; 4]) {
        let at = 3 * (y * self.width + x);
        for (channel, under) in self.rgb[at..at + 3].iter_mut().enumerate() {
            let mixed = over[channel] + f32::from(*under) * (1.0 - over[3] / 255.0);
            *under = mixed.round().clamp(0.0, 255.0) as u8;
        }
    }

    /// Half as wide and high, each pixel the mean of four.
    pub fn halved(&self) -> Picture {
        let mut half = Picture::filled(self.width / 2, self.height / 2, [0; 3]);
        for y in 0..half.height {
            for x in 0..half.width {
                let four =
                    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| self.pixel(2 * x + dx, 2 * y + dy));
                for channel in 0..3 {
                    let sum: u32 = four.iter().map(|pixel| u32::from(pixel[channel])).sum();
                    half.rgb[3 * (y * half.width + x) + channel] = ((sum + 2) / 4) as u8;
                }
            }
        }
        half
    }

    /// Copies another picture in, its top left at a place; what does not fit is cut off.
    pub fn paste(&mut self, other: &Picture, left: usize, top: usize) {
        let width = other.width.min(self.width.saturating_sub(left));
        for y in 0..other.height.min(self.height.saturating_sub(top)) {
            let to = 3 * ((top + y) * self.width + left);
            let from = 3 * y * other.width;
            self.rgb[to..to + 3 * width].copy_from_slice(&other.rgb[from..from + 3 * width]);
        }
    }

    /// How `actual` differs from this.
    pub fn difference(&self, actual: &Picture) -> Difference {
        if (self.width, self.height) != (actual.width, actual.height) {
            return Difference::Size {
                expected: (self.width, self.height),
                actual: (actual.width, actual.height),
            };
        }
        let mut count = 0usize;
        let mut bounds: Option<[usize; 4]> = None;
        for y in 0..self.height {
            for x in 0..self.width {
                let (a, b) = (self.pixel(x, y), actual.pixel(x, y));
                if (0..3).any(|channel| a[channel].abs_diff(b[channel]) > Picture::VISIBLE) {
                    count += 1;
                    let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
                    bounds = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
                }
            }
        }
        Difference::Pixels { share: count as f64 / (self.width * self.height).max(1) as f64, bounds }
    }

    /// Writes a PNG file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut encoder =
            png::Encoder::new(BufWriter::new(File::create(path)?), self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }

    /// Reads a PNG file that [`Picture::write`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or is of another kind.
    pub fn read(path: &Path) -> Result<Picture, Error> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
        let info = reader.info();
        let (width, height) = (info.width as usize, info.height as usize);
        if (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("{}: expected 8-bit RGB", path.display()),
            ));
        }
        let mut rgb = vec![0; 3 * width * height];
        reader.next_frame(&mut rgb)?;
        Ok(Picture { width, height, rgb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_seen_and_placed() {
        let plain = Picture::filled(40, 30, [90, 90, 90]);
        let mut other = plain.clone();
        other.blend(7, 9, [110.0, 110.0, 110.0, 255.0]);
        assert_eq!(plain.difference(&other), Difference::Pixels { share: 0.0, bounds: None });
        other.blend(7, 9, [160.0, 90.0, 90.0, 255.0]);
        other.blend(9, 4, [90.0, 90.0, 20.0, 255.0]);
        let expected = Difference::Pixels { share: 2.0 / 1200.0, bounds: Some([7, 4, 9, 9]) };
        assert_eq!(plain.difference(&other), expected);
        assert!(matches!(plain.difference(&plain.halved()), Difference::Size { .. }));
    }
}
