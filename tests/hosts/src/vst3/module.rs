//! The bundle's library.

use anyhow::{Context, Result, ensure};
use libloading::os::unix::Library;
use std::ffi::c_void;
use std::path::Path;
use vst3::ComPtr;
use vst3::Steinberg::IPluginFactory;

type ModuleEntry = unsafe extern "C" fn(*mut c_void) -> bool;
type ModuleExit = unsafe extern "C" fn() -> bool;
type GetFactory = unsafe extern "system" fn() -> *mut IPluginFactory;

/// A loaded module; dropped after everything that came out of it.
pub(super) struct Module(Library);

impl Module {
    pub(super) fn load(bundle: &Path) -> Result<Module> {
        let stem = bundle.file_stem().context("a bundle without name")?;
        let architecture = format!("{}-linux", std::env::consts::ARCH);
        let binary = bundle.join("Contents").join(architecture).join(stem).with_extension("so");
        // SAFETY: the bundle is the one that this project built; the entry is called once, as VST3 asks.
        unsafe {
            let handle = Library::new(&binary).with_context(|| binary.display().to_string())?.into_raw();
            let module = Module(Library::from_raw(handle));
            let entry = *module.0.get::<ModuleEntry>(b"ModuleEntry\0")?;
            ensure!(entry(handle), "{}: ModuleEntry failed", binary.display());
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

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the symbol has this type in every VST3 module.
        unsafe {
            if let Ok(exit) = self.0.get::<ModuleExit>(b"ModuleExit\0") {
                exit();
            }
        }
    }
}
