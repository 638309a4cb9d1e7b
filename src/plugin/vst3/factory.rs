//! What a host asks the library for.

use super::super::CollaParte;
use super::component::Component;
use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::PluginInfo;
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo, TUID,
    int32, kInternalError, kInvalidArgument, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};
use std::ffi::c_void;
use std::panic::catch_unwind;

struct Factory(PluginInfo);

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

/// Writes what `describe` says to where the host wants it.
///
/// # Safety
/// `place` is null or a place for a `T`.
unsafe fn fill<T>(place: *mut T, describe: impl FnOnce() -> T) -> tresult {
    if place.is_null() {
        return kInvalidArgument;
    }
    // SAFETY: the caller's promise.
    unsafe { place.write(describe()) };
    kResultOk
}

impl Factory {
    /// The same for the library's only class.
    ///
    /// # Safety
    /// As `fill`.
    unsafe fn fill_class<T>(
        &self,
        index: int32,
        place: *mut T,
        describe: impl FnOnce(&PluginInfo) -> T,
    ) -> tresult {
        match index {
            // SAFETY: the caller's promise.
            0 => unsafe { fill(place, || describe(&self.0)) },
            _ => kInvalidArgument,
        }
    }
}

// SAFETY, for all below: places for results are null or the host's for this call, as VST3 says.
impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        unsafe { fill(info, || self.0.create_factory_info()) }
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        unsafe { self.fill_class(index, info, PluginInfo::create_class_info) }
    }

    unsafe fn createInstance(&self, cid: FIDString, iid: FIDString, object: *mut *mut c_void) -> tresult {
        if cid.is_null() || iid.is_null() || object.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: class and interface are named by 16 bytes each.
        if unsafe { cid.cast::<[u8; 16]>().read_unaligned() } != *self.0.cid {
            return kInvalidArgument;
        }
        let Ok(Some(component)) = catch_unwind(Component::new) else { return kInternalError };
        let component = ComWrapper::new(component);
        let Some(unknown) = component.as_com_ref::<FUnknown>() else { return kInternalError };
        // SAFETY: the object has the table of functions that its interface names; what it hands out counts as a reference of its own.
        unsafe { ((*(*unknown.as_ptr()).vtbl).queryInterface)(unknown.as_ptr(), iid.cast::<TUID>(), object) }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        unsafe { self.fill_class(index, info, PluginInfo::create_class_info_2) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        unsafe { self.fill_class(index, info, PluginInfo::create_class_info_unicode) }
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// The factory, with a reference of the host's own.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    ComWrapper::new(Factory(PluginInfo::for_plugin::<CollaParte>()))
        .to_com_ptr::<IPluginFactory>()
        .map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

macro_rules! entries {
    ($system:meta, $abi:literal, $enter:ident($($library:ident)?), $exit:ident) => {
        /// The host has loaded the library.
        #[cfg($system)]
        #[unsafe(no_mangle)]
        pub extern $abi fn $enter($($library: *mut c_void)?) -> bool {
            $(let _ = $library;)?
            setup_logger::<CollaParte>();
            true
        }

        /// The host will let go of the library.
        #[cfg($system)]
        #[unsafe(no_mangle)]
        pub extern $abi fn $exit() -> bool {
            true
        }
    };
}

entries!(all(target_family = "unix", not(target_os = "macos")), "C", ModuleEntry(library), ModuleExit);
entries!(target_os = "macos", "C", bundleEntry(bundle), bundleExit);
entries!(target_os = "windows", "system", InitDll(), ExitDll);
