//! The bundle's library.

use anyhow::{Context, Result, ensure};
#[cfg(not(windows))]
use libloading::os::unix::Library;
#[cfg(windows)]
use libloading::os::windows::Library;
use std::path::{Path, PathBuf};
use vst3::ComPtr;
use vst3::Steinberg::IPluginFactory;

type ModuleExit = unsafe extern "system" fn() -> bool;
type GetFactory = unsafe extern "system" fn() -> *mut IPluginFactory;

/// What a module is told last.
const EXIT: &[u8] = if cfg!(windows) { b"ExitDll\0" } else { b"ModuleExit\0" };

/// A loaded module; dropped after everything that came out of it.
pub(super) struct Module(Library);

impl Module {
    pub(super) fn load(bundle: &Path) -> Result<Module> {
        let binary = binary(bundle)?;
        // SAFETY: the bundle is the one that this project built; the entry is called once, as VST3 asks.
        unsafe {
            let handle = Library::new(&binary).with_context(|| binary.display().to_string())?.into_raw();
            let module = Module(Library::from_raw(handle));
            #[cfg(not(windows))]
            let entered =
                module.0.get::<unsafe extern "C" fn(*mut std::ffi::c_void) -> bool>(b"ModuleEntry\0")?(
                    handle,
                );
            // Windows asks no module for an entry.
            #[cfg(windows)]
            let entered = match module.0.get::<unsafe extern "system" fn() -> bool>(b"InitDll\0") {
                Ok(entry) => entry(),
                Err(_) => true,
            };
            ensure!(entered, "{}: its entry failed", binary.display());
            Ok(module)
        }
    }

    pub(super) fn factory(&self) -> Result<ComPtr<IPluginFactory>> {
        // SAFETY: the symbol has this type in every VST3 module, and hands out a reference.
        unsafe {
            let factory = *self.0.get::<GetFactory>(b"GetPluginFactory\0")?;
            ComPtr::from_raw(factory()).context("no factory")
        }
    }
}

/// Where a bundle keeps the library for this system.
fn binary(bundle: &Path) -> Result<PathBuf> {
    let stem = bundle.file_stem().context("a bundle without name")?;
    let (system, extension) = if cfg!(windows) { ("win", "vst3") } else { ("linux", "so") };
    let folder = bundle.join("Contents").join(format!("{}-{system}", std::env::consts::ARCH));
    Ok(folder.join(stem).with_extension(extension))
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the symbol has this type in every VST3 module.
        unsafe {
            if let Ok(exit) = self.0.get::<ModuleExit>(EXIT) {
                exit();
            }
        }
    }
}
