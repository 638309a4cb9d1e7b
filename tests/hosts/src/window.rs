//! A host's window, to open an editor in.

use anyhow::{Context, Result};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// An X11 window on the display that the environment names.
pub struct Window {
    connection: RustConnection,
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
        connection.create_window(copied, id, root, 0, 0, 1200, 800, 0, WindowClass::INPUT_OUTPUT, 0, &aux)?;
        connection.map_window(id)?;
        connection.sync()?;
        Ok(Some(Window { connection, id }))
    }

    /// Its number on the display.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Windows that lie in it.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn children(&self) -> Result<usize> {
        Ok(self.connection.query_tree(self.id)?.reply()?.children.len())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.connection.destroy_window(self.id);
        let _ = self.connection.flush();
    }
}
