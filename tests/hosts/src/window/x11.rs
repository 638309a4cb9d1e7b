//! A window on an X11 display.

use super::SIZE;
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ButtonPressEvent, ConnectionExt, CreateWindowAux, EventMask,
    ImageFormat, KeyButMask, MOTION_NOTIFY_EVENT, Motion, MotionNotifyEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// An X11 window on the display that the environment names.
pub struct Window {
    connection: RustConnection,
    root: u32,
    id: u32,
}

impl Window {
    /// Opens one. `None` if the environment names no display.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn open() -> Result<Option<Window>> {
        if std::env::var_os("DISPLAY").is_none_or(|name| name.is_empty()) {
            return Ok(None);
        }
        let (connection, screen) = x11rb::connect(None).context("the display does not answer")?;
        let root = connection.setup().roots[screen].root;
        let id = connection.generate_id()?;
        let (copied, aux) = (x11rb::COPY_DEPTH_FROM_PARENT, CreateWindowAux::new());
        connection.create_window(
            copied,
            id,
            root,
            0,
            0,
            SIZE.0,
            SIZE.1,
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &aux,
        )?;
        connection.map_window(id)?;
        connection.sync()?;
        Ok(Some(Window { connection, root, id }))
    }

    /// Its number on the display.
    pub fn id(&self) -> usize {
        self.id as usize
    }

    /// Lets time pass. The plugin's window has a thread of its own here; where it has none, this is when it lives.
    pub fn settle(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// What it shows, with the windows that lie in it: width, height, and rows of red, green and blue.
    ///
    /// # Errors
    /// If the display does not answer, or does not have three bytes a pixel and one to spare.
    pub fn pixels(&self) -> Result<(u32, u32, Vec<u8>)> {
        let size = self.connection.get_geometry(self.id)?.reply()?;
        let (width, height) = (size.width, size.height);
        let image =
            self.connection.get_image(ImageFormat::Z_PIXMAP, self.id, 0, 0, width, height, !0)?.reply()?;
        let pixels = usize::from(width) * usize::from(height);
        ensure!(image.data.len() == 4 * pixels, "expected {pixels} pixels, found {} bytes", image.data.len());
        let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Ok((width.into(), height.into(), rgb))
    }

    /// How large the window is that lies in it.
    ///
    /// # Errors
    /// If none does, or the display does not answer.
    pub fn inner_size(&self) -> Result<(u32, u32)> {
        let inner = self.connection.query_tree(self.id)?.reply()?.children;
        let size = self.connection.get_geometry(*inner.first().context("no window lies in it")?)?.reply()?;
        Ok((size.width.into(), size.height.into()))
    }

    /// Tells the window that lies in it of a click with the first button, at this place in pixels. The display's own mouse stays where
    /// it is.
    ///
    /// # Errors
    /// If no window lies in it, or the display does not answer.
    pub fn click(&self, x: i16, y: i16) -> Result<()> {
        let inner = self.connection.query_tree(self.id)?.reply()?.children;
        let event = *inner.first().context("no window lies in it")?;
        let moved = MotionNotifyEvent {
            response_type: MOTION_NOTIFY_EVENT,
            detail: Motion::NORMAL,
            sequence: 0,
            time: x11rb::CURRENT_TIME,
            root: self.root,
            event,
            child: x11rb::NONE,
            root_x: x,
            root_y: y,
            event_x: x,
            event_y: y,
            state: KeyButMask::default(),
            same_screen: true,
        };
        let button = |response_type, state| ButtonPressEvent {
            response_type,
            detail: 1,
            sequence: 0,
            time: x11rb::CURRENT_TIME,
            root: self.root,
            event,
            child: x11rb::NONE,
            root_x: x,
            root_y: y,
            event_x: x,
            event_y: y,
            state,
            same_screen: true,
        };
        // To whoever made the window, whatever it listens to.
        let to = EventMask::NO_EVENT;
        self.connection.send_event(false, event, to, moved)?;
        self.connection.send_event(false, event, to, button(BUTTON_PRESS_EVENT, KeyButMask::default()))?;
        self.connection.send_event(false, event, to, button(BUTTON_RELEASE_EVENT, KeyButMask::BUTTON1))?;
        self.connection.flush()?;
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.connection.destroy_window(self.id);
        let _ = self.connection.flush();
    }
}
