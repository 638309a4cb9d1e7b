//! A host's window, to open an editor in: an X11 window, or one of Windows.

#[cfg(windows)]
mod win32;
#[cfg(not(windows))]
mod x11;

#[cfg(windows)]
pub use win32::Window;
#[cfg(not(windows))]
pub use x11::Window;

/// Size of the window in pixels.
const SIZE: (u16, u16) = (1200, 800);
