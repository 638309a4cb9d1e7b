//! A window on a Windows desktop.

use super::SIZE;
use anyhow::{Context, Result, ensure};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::{HWND, LPARAM, WPARAM};
use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BitBlt, CreateCompatibleDC, CreateDIBSection, DIB_RGB_COLORS,
    DeleteDC, DeleteObject, GetDC, ReleaseDC, SRCCOPY, SelectObject,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, DispatchMessageW, GW_CHILD, GetWindow, MSG, PM_REMOVE, PeekMessageW,
    PostMessageW, TranslateMessage, WM_LBUTTONDOWN, WM_LBUTTONUP, WM_MOUSEMOVE, WS_CLIPCHILDREN, WS_POPUP,
    WS_VISIBLE,
};

/// A mouse message's word for a held first button.
const LEFT_HELD: WPARAM = 1;

/// A window of this thread, at the desktop's upper left corner.
pub struct Window {
    handle: HWND,
}

impl Window {
    /// Opens one. `None` if the desktop takes no windows, as that of a service.
    ///
    /// # Errors
    /// None here; on other systems there are some.
    pub fn open() -> Result<Option<Window>> {
        let class: Vec<u16> = "STATIC\0".encode_utf16().collect();
        let style = WS_POPUP | WS_VISIBLE | WS_CLIPCHILDREN;
        let (width, height) = (i32::from(SIZE.0), i32::from(SIZE.1));
        // SAFETY: the class is one of the system's own, its name ends with a zero, and the other pointers may be null.
        let handle = unsafe {
            CreateWindowExW(
                0,
                class.as_ptr(),
                null(),
                style,
                0,
                0,
                width,
                height,
                null_mut(),
                null_mut(),
                null_mut(),
                null(),
            )
        };
        Ok((!handle.is_null()).then_some(Window { handle }))
    }

    /// Its handle.
    pub fn id(&self) -> usize {
        self.handle as usize
    }

    /// Lets time pass, and passes on what the windows of this thread, the plugin's among them, are told meanwhile.
    pub fn settle(&self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            // SAFETY: the message is numbers and a handle, for which zeros are a value; each call fills or reads it.
            unsafe {
                let mut message: MSG = std::mem::zeroed();
                while PeekMessageW(&mut message, null_mut(), 0, 0, PM_REMOVE) != 0 {
                    TranslateMessage(&message);
                    DispatchMessageW(&message);
                }
            }
            if Instant::now() >= end {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the desktop shows where it lies: width, height, and rows of red, green and blue.
    ///
    /// # Errors
    /// If the desktop cannot be read.
    pub fn pixels(&self) -> Result<(u32, u32, Vec<u8>)> {
        let (width, height) = (i32::from(SIZE.0), i32::from(SIZE.1));
        let header = BITMAPINFOHEADER {
            biSize: size_of::<BITMAPINFOHEADER>() as u32,
            biWidth: width,
            // Below zero: the first row is the uppermost.
            biHeight: -height,
            biPlanes: 1,
            biBitCount: 32,
            biCompression: BI_RGB,
            ..Default::default()
        };
        let info = BITMAPINFO { bmiHeader: header, ..Default::default() };
        // SAFETY: what is made is given back below, in reverse; the bitmap's memory, four bytes a pixel, is read while the bitmap lives.
        unsafe {
            let screen = GetDC(null_mut());
            let copy = CreateCompatibleDC(screen);
            let mut bits: *mut c_void = null_mut();
            let bitmap = CreateDIBSection(copy, &info, DIB_RGB_COLORS, &mut bits, null_mut(), 0);
            let mut rgb = None;
            if !bitmap.is_null() && !bits.is_null() {
                let before = SelectObject(copy, bitmap);
                if BitBlt(copy, 0, 0, width, height, screen, 0, 0, SRCCOPY) != 0 {
                    let pixels =
                        std::slice::from_raw_parts(bits.cast::<[u8; 4]>(), (width * height) as usize);
                    rgb = Some(pixels.iter().flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect());
                }
                SelectObject(copy, before);
                DeleteObject(bitmap);
            }
            DeleteDC(copy);
            ReleaseDC(null_mut(), screen);
            Ok((width as u32, height as u32, rgb.context("the desktop cannot be read")?))
        }
    }

    /// Tells the window that lies in it of a click with the first button, at this place in pixels. The mouse itself stays where it is.
    ///
    /// # Errors
    /// If no window lies in it.
    pub fn click(&self, x: i16, y: i16) -> Result<()> {
        let at = (i32::from(y) << 16 | i32::from(x)) as LPARAM;
        // SAFETY: messages of numbers to a window of this thread.
        unsafe {
            let inner = GetWindow(self.handle, GW_CHILD);
            ensure!(!inner.is_null(), "no window lies in it");
            PostMessageW(inner, WM_MOUSEMOVE, 0, at);
            PostMessageW(inner, WM_LBUTTONDOWN, LEFT_HELD, at);
            PostMessageW(inner, WM_LBUTTONUP, 0, at);
        }
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: a window of this thread, which nothing uses any more.
        unsafe { DestroyWindow(self.handle) };
    }
}
