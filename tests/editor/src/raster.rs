//! Rasterizes egui's triangles on the CPU, as its GPU painters do: premultiplied colour, blended in gamma space.

use crate::Picture;
use egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use egui::{Color32, TextureId, TexturesDelta};
use std::collections::HashMap;

/// Textures of one context, and the pixels drawn with them.
#[derive(Default)]
pub struct Raster {
    textures: HashMap<TextureId, Texture>,
}

#[derive(Default)]
struct Texture {
    width: usize,
    height: usize,
    texels: Vec<Color32>,
}

/// Sub-pixel steps of the edge functions.
const SUBPIXELS: f32 = 256.0;

impl Raster {
    /// Takes what changed in the context's textures.
    pub fn update(&mut self, delta: &TexturesDelta) {
        for (id, changes) in &delta.set {
            let texture = self.textures.entry(*id).or_default();
            for change in changes {
                let ImageData::Color(image) = &change.image;
                let [width, height] = image.size;
                let [x, y] = change.pos.unwrap_or_else(|| {
                    *texture = Texture { width, height, texels: vec![Color32::TRANSPARENT; width * height] };
                    [0, 0]
                });
                for row in 0..height {
                    let to = (y + row) * texture.width + x;
                    let from = row * width;
                    texture.texels[to..to + width].copy_from_slice(&image.pixels[from..from + width]);
                }
            }
        }
        for id in &delta.free {
            self.textures.remove(id);
        }
    }

    /// Draws primitives, in points, onto a picture of `width` × `height` pixels.
    pub fn draw(
        &self,
        primitives: &[ClippedPrimitive],
        width: usize,
        height: usize,
        pixels_per_point: f32,
    ) -> Picture {
        let mut picture = Picture::filled(width, height, [0, 0, 0]);
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let Primitive::Mesh(mesh) = primitive else { continue };
            let Some(texture) = self.textures.get(&mesh.texture_id) else { continue };
            let pixel =
                |points: f32, most: usize| (points * pixels_per_point).round().clamp(0.0, most as f32) as i64;
            let clip = Clip {
                left: pixel(clip_rect.min.x, width),
                top: pixel(clip_rect.min.y, height),
                right: pixel(clip_rect.max.x, width),
                bottom: pixel(clip_rect.max.y, height),
            };
            for corners in mesh.indices.chunks_exact(3) {
                let corners = [0, 1, 2].map(|k| mesh.vertices[corners[k] as usize]);
                triangle(&mut picture, &clip, texture, corners, pixels_per_point);
            }
        }
        picture
    }
}

struct Clip {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

/// Fills the pixels whose middle lies in the triangle; of two triangles that share an edge just one has its pixels
/// (the top-left rule), so that translucent shapes show no seams.
fn triangle(
    picture: &mut Picture,
    clip: &Clip,
    texture: &Texture,
    mut corners: [Vertex; 3],
    pixels_per_point: f32,
) {
    let fixed = |vertex: &Vertex| {
        let at = |points: f32| (points * pixels_per_point * SUBPIXELS).round() as i64;
        [at(vertex.pos.x), at(vertex.pos.y)]
    };
    let mut points = [fixed(&corners[0]), fixed(&corners[1]), fixed(&corners[2])];
    let cross =
        |a: [i64; 2], b: [i64; 2], c: [i64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let mut area = cross(points[0], points[1], points[2]);
    if area == 0 {
        return;
    }
    if area < 0 {
        points.swap(1, 2);
        corners.swap(1, 2);
        area = -area;
    }
    let one = SUBPIXELS as i64;
    let span = |axis: usize, low: i64, high: i64| {
        let values = points.map(|point| point[axis]);
        let least = values.iter().min().map_or(0, |least| least.div_euclid(one));
        let most = values.iter().max().map_or(0, |most| most.div_euclid(one) + 1);
        least.max(low)..most.min(high)
    };
    // Edge k lies opposite corner k.
    let edges = [(1, 2), (2, 0), (0, 1)].map(|(from, to)| (points[from], points[to]));
    let bias = edges.map(|(from, to)| {
        let top_left = to[1] < from[1] || (to[1] == from[1] && to[0] > from[0]);
        i64::from(!top_left)
    });
    for y in span(1, clip.top, clip.bottom) {
        for x in span(0, clip.left, clip.right) {
            let middle = [x * one + one / 2, y * one + one / 2];
            let inside = [0, 1, 2].map(|k| cross(edges[k].0, edges[k].1, middle));
            if (0..3).any(|k| inside[k] < bias[k]) {
                continue;
            }
            let weights = inside.map(|part| part as f32 / area as f32);
            picture.blend(x as usize, y as usize, fragment(texture, &corners, weights));
        }
    }
}

/// Colour of one pixel, premultiplied, 0-255.
fn fragment(texture: &Texture, corners: &[Vertex; 3], weights: [f32; 3]) -> [f32; 4] {
    let mix = |of: &dyn Fn(&Vertex) -> f32| (0..3).map(|k| weights[k] * of(&corners[k])).sum::<f32>();
    let texel = texture.sample(mix(&|vertex| vertex.uv.x), mix(&|vertex| vertex.uv.y));
    [0, 1, 2, 3].map(|channel| mix(&|vertex| f32::from(vertex.color[channel])) * texel[channel] / 255.0)
}

impl Texture {
    /// Bilinear, clamped at the edges, 0-255.
    fn sample(&self, u: f32, v: f32) -> [f32; 4] {
        let at = |t: f32, size: usize| {
            let t = (t * size as f32 - 0.5).clamp(0.0, size as f32 - 1.0);
            (t.floor() as usize, (t.floor() as usize + 1).min(size - 1), t.fract())
        };
        let (x0, x1, fx) = at(u, self.width);
        let (y0, y1, fy) = at(v, self.height);
        let texel = |x: usize, y: usize| self.texels[y * self.width + x];
        let corners = [texel(x0, y0), texel(x1, y0), texel(x0, y1), texel(x1, y1)];
        [0, 1, 2, 3].map(|channel| {
            let [a, b, c, d] = corners.map(|corner| f32::from(corner[channel]));
            (a + (b - a) * fx) * (1.0 - fy) + (c + (d - c) * fx) * fy
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::epaint::{ColorImage, ImageDelta, Mesh};
    use egui::{Rect, TextureOptions, pos2};

    /// Two triangles that make a rectangle cover each of its pixels exactly once.
    #[test]
    fn a_translucent_rectangle_has_no_seam() {
        let mut raster = Raster::default();
        let mut delta = TexturesDelta::default();
        let white = ColorImage::filled([4, 4], Color32::WHITE);
        let change = ImageDelta::full(white, TextureOptions::LINEAR);
        delta.set.insert(TextureId::default(), [change].into());
        raster.update(&delta);
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(
            Rect::from_min_max(pos2(2.0, 3.0), pos2(17.0, 19.0)),
            Color32::from_white_alpha(128),
        );
        let clip_rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(20.0, 20.0));
        let primitive = ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) };
        let picture = raster.draw(&[primitive], 20, 20, 1.0);
        for y in 0..20 {
            for x in 0..20 {
                let inside = (2..17).contains(&x) && (3..19).contains(&y);
                assert_eq!(picture.pixel(x, y), if inside { [128; 3] } else { [0; 3] }, "at {x}, {y}");
            }
        }
    }
}
