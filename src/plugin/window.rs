//! The editor's window as the framework has it: as large as the project says, and told when it closes.
//!
//! `nice-plug-egui` 0.6.0 takes size and zoom when the instance is made, which is before there is a project, says how large a window is as if the system
//! scaled nothing, and never says that one closed. And where drawing panics, on Linux the window's end does so as well (`baseview` 0.4.2), in a
//! function of the format's where that ends the host.

use super::app::EditorApp;
use super::params::Parameters;
use super::state::{Window, WindowSize};
use crate::editor::MINIMUM_SIZE;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SizeConstraints,
    SpawnedEditor, VirtualKeyCode,
};
use nice_plug_egui::baseview::{self, HandlerError};
use nice_plug_egui::{
    EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};
use std::error::Error;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// What one instance's windows have in common.
type App = Arc<Common>;

struct Common {
    app: Mutex<EditorApp>,
    /// The window closed, and the app has yet to know.
    closed: AtomicBool,
    /// Drawing in it has panicked, and that was said.
    failed: AtomicBool,
    /// How large the window was last, in the pixels of the system, and by how much that scales.
    seen: Mutex<(NativeSize<u32>, f64)>,
}

impl Common {
    fn lock(&self) -> MutexGuard<'_, EditorApp> {
        self.app.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new(app: EditorApp) -> App {
        let (closed, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        let seen = Mutex::new((NativeSize { width: 0, height: 0 }, 1.0));
        Arc::new(Common { app: Mutex::new(app), closed, failed, seen })
    }

    fn seen(&self) -> (NativeSize<u32>, f64) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The window is so large. Of the toolkit's own sizes the scale is with the zoom.
    fn see(&self, size: baseview::WindowSize) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
            (NativeSize::from_logical_or_physical(size.logical, size.physical), size.scale_factor);
    }

    /// Lets the app know of a window that closed, unless it is just drawing: it may be this thread that does, for hosts close windows from within what
    /// they are told by them. Whoever draws looks here when that is done.
    fn close(&self) {
        let app = match self.app.try_lock() {
            Ok(app) => Some(app),
            Err(TryLockError::Poisoned(app)) => Some(app.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut app) = app
            && self.closed.swap(false, Ordering::Relaxed)
        {
            app.closed();
        }
    }
}

/// The editor of one instance.
pub struct ProjectWindow {
    params: Arc<Parameters>,
    app: App,
    repaint: RepaintNotifier,
    toolkit: Mutex<Toolkit>,
}

/// The toolkit's, of one size until its window is another.
struct Toolkit {
    state: Arc<EguiEditorState>,
    editor: EguiEditor<Shared>,
}

impl Toolkit {
    fn new(window: Window, app: &App, repaint: &RepaintNotifier) -> Option<Toolkit> {
        app.lock().set_zoom(window.zoom);
        let size = LogicalSize::new(f64::from(window.width), f64::from(window.height));
        let state = EguiEditorState::from_size(size, window.zoom);
        let settings = EguiNiceSettings::new().with_tile("Colla Parte").with_resize_hint(resize_hint());
        let editor = create_egui_editor(state.clone(), repaint.clone(), settings, Shared(app.clone()))?;
        Some(Toolkit { state, editor })
    }

    /// As it would be saved.
    fn window(&self) -> Window {
        let (size, zoom) = (self.state.logical_size(), self.state.user_scale_factor());
        let saved = WindowSize::default();
        saved.store(Window { width: size.width as u32, height: size.height as u32, zoom });
        saved.load()
    }
}

fn resize_hint() -> ResizeHint {
    let min_size = Some(LogicalSize::new(MINIMUM_SIZE.x, MINIMUM_SIZE.y));
    let size_constraints = SizeConstraints::Logical { min_size, max_size: None };
    ResizeHint { size_constraints, ..ResizeHint::RESIZABLE }
}

impl ProjectWindow {
    /// That of the instance with these parameters, of which `app` has the same.
    pub fn new(
        params: Arc<Parameters>,
        app: impl FnOnce(RepaintNotifier) -> EditorApp,
    ) -> Option<ProjectWindow> {
        let repaint = RepaintNotifier::new();
        let app = Common::new(app(repaint.clone()));
        let toolkit = Mutex::new(Toolkit::new(params.window.load(), &app, &repaint)?);
        Some(ProjectWindow { params, app, repaint, toolkit })
    }

    /// The toolkit's, of the size that the project has now, unless it is open.
    fn toolkit(&self) -> MutexGuard<'_, Toolkit> {
        let mut toolkit = self.toolkit.lock().unwrap_or_else(PoisonError::into_inner);
        let window = self.params.window.load();
        if !toolkit.state.is_open()
            && toolkit.window() != window
            && let Some(another) = Toolkit::new(window, &self.app, &self.repaint)
        {
            *toolkit = another;
        }
        toolkit
    }
}

impl Editor for ProjectWindow {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Handle>, Box<dyn Error>> {
        let spawned =
            self.toolkit().editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        self.app.see(spawned.window.size());
        let handle = Handle { toolkit: spawned.handle, app: self.app.clone() };
        Ok(SpawnedEditor { handle, window: Open(ManuallyDrop::new(spawned.window)) })
    }

    fn size(&self) -> NativeSize<u32> {
        let toolkit = self.toolkit();
        let (seen, scale) = self.app.seen();
        if toolkit.state.is_open() {
            return seen;
        }
        let window = toolkit.window();
        let pixels = |points: u32| (f64::from(points) * f64::from(window.zoom) * scale).round() as u32;
        NativeSize { width: pixels(window.width), height: pixels(window.height) }
    }

    fn resize_hint(&self) -> ResizeHint {
        resize_hint()
    }

    unsafe fn assume_standalone_in_process(&self) {
        // SAFETY: the same function, as the caller promises.
        unsafe { self.toolkit().editor.assume_standalone_in_process() };
    }
}

/// What the toolkit draws: the same whatever window it is in.
struct Shared(App);

impl NiceEguiApp for Shared {
    fn build(&mut self, ctx: egui::Context, gui: GuiContext, _frame: &mut Frame) -> Result<(), HandlerError> {
        self.0.closed.store(false, Ordering::Relaxed);
        self.0.failed.store(false, Ordering::Relaxed);
        self.0.lock().opened(&ctx, gui);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        let drawn = catch_unwind(AssertUnwindSafe(|| self.0.lock().draw(ui)));
        if drawn.is_err() && !self.0.failed.swap(true, Ordering::Relaxed) {
            self.0.lock().say_that_it_failed();
        }
        self.0.close();
    }

    fn resized(&mut self, size: baseview::WindowSize) {
        self.0.see(size);
        self.0.lock().resized(size.logical.width as u32, size.logical.height as u32);
    }

    fn zoom_factor_changed(&mut self, zoom: f32) {
        self.0.lock().zoomed(zoom);
    }
}

/// An open window.
pub struct Open(ManuallyDrop<baseview::Window>);

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: it is not used again.
        let window = unsafe { ManuallyDrop::take(&mut self.0) };
        // On Linux it panics where its thread did.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(window)));
    }
}

/// The toolkit's, whose end is that of the window.
pub struct Handle {
    toolkit: EguiEditorHandle,
    app: App,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.app.closed.store(true, Ordering::Relaxed);
        self.app.close();
    }
}

impl EditorHandle for Handle {
    type Window = Open;
    type Error = <EguiEditorHandle as EditorHandle>::Error;

    fn run_until_closed(window: Self::Window) -> Result<(), Self::Error> {
        let mut window = ManuallyDrop::new(window);
        // SAFETY: its `drop` is not run.
        EguiEditorHandle::run_until_closed(unsafe { ManuallyDrop::take(&mut window.0) })
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Self::Window) -> Result<(), Self::Error> {
        self.toolkit.set_parent(parent, &window.0)
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.toolkit.show(&window.0)
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.toolkit.hide(&window.0)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &Self::Window) -> Result<(), Self::Error> {
        self.toolkit.set_size(size, &window.0)
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.toolkit.host_main_thread_callback(&window.0);
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &Self::Window) -> Option<NativeSize<u32>> {
        self.toolkit.adjust_size(size, &window.0)
    }

    fn set_fallback_scale_factor(&self, factor: f64, window: &Self::Window) -> Result<(), Self::Error> {
        self.toolkit.set_fallback_scale_factor(factor, &window.0)
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.toolkit.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.toolkit.state_changed();
    }

    fn param_value_changed(&self, id: &str, value: f32) {
        self.toolkit.param_value_changed(id, value);
    }

    fn param_modulation_changed(&self, id: &str, offset: f32) {
        self.toolkit.param_modulation_changed(id, offset);
    }
}
