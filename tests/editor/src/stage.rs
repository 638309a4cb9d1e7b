//! The editor, headless.

use crate::Picture;
use crate::raster::Raster;
use colla_parte::editor::{Action, Actions, EditorState, EngravingSlot, View, editor, install};
use colla_parte::score::PrintWish;
use egui::{TexturesDelta, Vec2};
use egui_kittest::{Harness, TestRenderer};
use std::sync::{Arc, Mutex, PoisonError};

/// What is shown, and what came of it.
pub struct Shown {
    /// The snapshot on view.
    pub view: View,
    /// The editor's own state.
    pub state: EditorState,
    /// What the user asked for so far, in order.
    pub actions: Actions,
}

/// A window that exists only in memory.
pub struct Stage {
    harness: Harness<'static, Shown>,
    raster: Arc<Mutex<Raster>>,
    size: Vec2,
    scale: f32,
}

/// Hands the context's textures to the rasterizer.
struct Textures(Arc<Mutex<Raster>>);

impl TestRenderer for Textures {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(delta);
        *delta = TexturesDelta::default();
    }
}

impl Stage {
    /// Shows `view` in a window of `size` points, at `scale` pixels a point.
    ///
    /// # Panics
    /// If the editor shows a character that its fonts lack.
    pub fn new(view: View, state: EditorState, size: Vec2, scale: f32) -> Stage {
        let raster = Arc::new(Mutex::new(Raster::default()));
        let builder = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(scale)
            .with_step_dt(1.0 / 20.0)
            .with_max_steps(40)
            .with_context_setup(install)
            .renderer(Textures(raster.clone()));
        let mut harness = builder.build_ui_state(
            |ui, shown: &mut Shown| {
                let actions = editor(ui, &shown.view, &mut shown.state);
                shown.actions.extend(actions);
            },
            Shown { view, state, actions: Actions::new() },
        );
        harness.run();
        Stage { harness, raster, size, scale }
    }

    /// Lets `engrave` answer what the editor asks of the engraver, until it asks for nothing more.
    pub fn engrave(&mut self, mut engrave: impl FnMut(PrintWish) -> EngravingSlot) {
        loop {
            let mut wishes = Vec::new();
            self.harness.state_mut().actions.retain(|action| match action {
                Action::Engrave(wish) => {
                    wishes.push(*wish);
                    false
                }
                _ => true,
            });
            let Some(wish) = wishes.pop() else { return };
            self.harness.state_mut().view.engraving = engrave(wish);
            self.harness.run();
        }
    }

    /// Draws one frame, up to its triangles.
    pub fn frame(&mut self) {
        self.harness.step();
        let shapes = self.harness.output().shapes.clone();
        std::hint::black_box(self.harness.ctx.tessellate(shapes, self.scale));
    }

    /// To click and type with.
    pub fn harness(&mut self) -> &mut Harness<'static, Shown> {
        &mut self.harness
    }

    /// What is shown.
    pub fn shown(&mut self) -> &mut Shown {
        self.harness.state_mut()
    }

    /// What it looks like now.
    pub fn picture(&self) -> Picture {
        let primitives = self.harness.ctx.tessellate(self.harness.output().shapes.clone(), self.scale);
        let pixels = (self.size * self.scale).round();
        let raster = self.raster.lock().unwrap_or_else(PoisonError::into_inner);
        raster.draw(&primitives, pixels.x as usize, pixels.y as usize, self.scale)
    }
}

/// A picture of the editor as it shows `view`, not engraved.
///
/// # Panics
/// If the editor shows a character that its fonts lack.
pub fn render(view: View, state: EditorState, size: Vec2, scale: f32) -> Picture {
    Stage::new(view, state, size, scale).picture()
}
