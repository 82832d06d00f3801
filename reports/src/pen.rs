//! plotters draws here: a drawing backend that puts its lines, areas and circles on a [`Canvas`].
//!
//! plotters counts in whole units; one unit is a tenth of a pixel, so that curves stay smooth. Texts are written by our
//! own code, which can measure them, and never come through here. Deliberately absent: single pixels and bitmaps.

use std::convert::Infallible;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::canvas::{Canvas, Paint};
use crate::style::Color;

/// Units of plotters in a pixel.
pub const UNITS: f64 = 10.0;

/// A canvas lent to plotters, with the look of what it draws that plotters has no word for.
pub struct Pen<'a> {
    canvas: &'a mut Canvas,
    height: f64,
    dash: &'static str,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> Pen<'a> {
    /// A pen for a canvas of this height.
    #[must_use]
    pub fn new(canvas: &'a mut Canvas, height: f64, dash: &'static str) -> Pen<'a> {
        Pen { canvas, height, dash }
    }
}

fn pixels(point: BackendCoord) -> (f64, f64) {
    (f64::from(point.0) / UNITS, f64::from(point.1) / UNITS)
}

fn color(color: BackendColor) -> Color {
    let (r, g, b) = color.rgb;
    Color((u32::from(r) << 16) | (u32::from(g) << 8) | u32::from(b))
}

fn stroke<S: BackendStyle>(style: &S, dash: &'static str) -> Paint {
    let paint = Paint::line(color(style.color()), f64::from(style.stroke_width()) / UNITS);
    paint.dashed(dash).faded(style.color().alpha)
}

fn fill<S: BackendStyle>(style: &S) -> Paint {
    Paint::solid(color(style.color())).faded(style.color().alpha)
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        ((self.canvas.width() * UNITS) as u32, (self.height * UNITS) as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, _point: BackendCoord, _color: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.canvas.line(pixels(from), pixels(to), &stroke(style, self.dash));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        filled: bool,
    ) -> Drawn {
        let ((x, y), (right, bottom)) = (pixels(upper_left), pixels(bottom_right));
        let rect = crate::canvas::Rect::new(x, y, right - x, bottom - y);
        self.canvas.rect(rect, &if filled { fill(style) } else { stroke(style, self.dash) });
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<(f64, f64)> = path.into_iter().map(pixels).collect();
        self.canvas.polyline(&points, &stroke(style, self.dash));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        filled: bool,
    ) -> Drawn {
        let paint = if filled { fill(style) } else { stroke(style, self.dash) };
        self.canvas.circle(pixels(center), f64::from(radius) / UNITS, &paint);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<(f64, f64)> = corners.into_iter().map(pixels).collect();
        self.canvas.polyline(&points, &fill(style));
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, _text: &str, _style: &T, _at: BackendCoord) -> Drawn {
        Ok(())
    }
}
