//! A host's window, to open an editor in: an X11 window, or one of Windows.

#[cfg(windows)]
mod win32;
#[cfg(not(windows))]
mod x11;

#[cfg(windows)]
pub use win32::Window;
#[cfg(not(windows))]
pub use x11::Window;

use anyhow::{Context, Result};
use std::path::Path;

/// Writes what a window shows as a PNG file.
///
/// # Errors
/// If the window cannot be read, or the file not be written.
pub fn save(window: &Window, path: &Path) -> Result<()> {
    let (width, height, rgb) = window.pixels()?;
    let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&rgb)?;
    Ok(())
}

/// Size of the window in pixels.
const SIZE: (u16, u16) = (1200, 800);
