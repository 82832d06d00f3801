//! A chart's frame: a rectangle with two axes, grid and tick labels that never overlap, and series drawn by plotters.
//!
//! Deliberately absent: legends. Series are labelled where they are, or in the table beside the chart.

use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{PathElement, Polygon};
use plotters::style::{RGBColor, ShapeStyle};

use crate::axis::Axis;
use crate::canvas::{Canvas, Paint, Rect, Type};
use crate::pen::{Pen, UNITS};
use crate::style::{Color, GRID, INK, LABEL, MUTED, SMALL};

/// A rectangle of the canvas with coordinates.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Where it is.
    pub rect: Rect,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
}

/// The look of a line.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    /// The colour.
    pub color: Color,
    /// The width in pixels.
    pub width: f64,
    /// The dashes as SVG writes them.
    pub dash: &'static str,
}

fn shape(color: Color, width: f64, filled: bool) -> ShapeStyle {
    let Color(rgb) = color;
    let color = RGBColor((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8).into();
    ShapeStyle { color, filled, stroke_width: (width * UNITS).round() as u32 }
}

impl Chart {
    /// The horizontal position of a value.
    #[must_use]
    pub fn at_x(&self, value: f64) -> f64 {
        self.rect.x + self.rect.w * self.x.position(value)
    }

    /// The vertical position of a value.
    #[must_use]
    pub fn at_y(&self, value: f64) -> f64 {
        self.rect.bottom() - self.rect.h * self.y.position(value)
    }

    fn coordinates(&self) -> Cartesian2d<Axis, Axis> {
        let units = |pixels: f64| (pixels * UNITS).round() as i32;
        let (left, right) = (units(self.rect.x), units(self.rect.right()));
        let (top, bottom) = (units(self.rect.y), units(self.rect.bottom()));
        Cartesian2d::new(self.x.clone(), self.y.clone(), (left..right, bottom..top))
    }

    /// Grid lines at the ticks of both axes.
    pub fn grid(&self, canvas: &mut Canvas) {
        let sheet = Pen::new(canvas, self.rect.bottom() + 1.0, "").into_drawing_area();
        let area = sheet.apply_coord_spec(self.coordinates());
        let style = shape(GRID, 1.0, false);
        for (tick, _) in &self.x.ticks {
            let ends = vec![(*tick, self.y.from), (*tick, self.y.to)];
            drawn(area.draw(&PathElement::new(ends, style)));
        }
        for (tick, _) in &self.y.ticks {
            let ends = vec![(self.x.from, *tick), (self.x.to, *tick)];
            drawn(area.draw(&PathElement::new(ends, style)));
        }
    }

    /// A line through points in the chart's coordinates.
    pub fn series(&self, canvas: &mut Canvas, points: Vec<(f64, f64)>, stroke: Stroke) {
        if points.len() < 2 {
            return;
        }
        let sheet = Pen::new(canvas, self.rect.bottom() + 1.0, stroke.dash).into_drawing_area();
        let area = sheet.apply_coord_spec(self.coordinates());
        drawn(area.draw(&PathElement::new(points, shape(stroke.color, stroke.width, false))));
    }

    /// The area between points in the chart's coordinates.
    pub fn area(&self, canvas: &mut Canvas, points: Vec<(f64, f64)>, color: Color) {
        if points.len() < 3 {
            return;
        }
        let sheet = Pen::new(canvas, self.rect.bottom() + 1.0, "").into_drawing_area();
        let area = sheet.apply_coord_spec(self.coordinates());
        drawn(area.draw(&Polygon::new(points, shape(color, 1.0, true))));
    }

    /// The horizontal axis: a line, tick labels, its title below. Answers the lower edge of what it drew.
    pub fn x_axis(&self, canvas: &mut Canvas) -> f64 {
        self.x_axis_at(canvas, self.rect.bottom())
    }

    /// The same at another height.
    pub fn x_axis_at(&self, canvas: &mut Canvas, bottom: f64) -> f64 {
        let line = Paint::line(INK, 1.2);
        canvas.line((self.rect.x, bottom), (self.rect.right(), bottom), &line);
        let look = SMALL.middle();
        let mut free_from = f64::MIN;
        for (tick, text) in &self.x.ticks {
            let x = self.at_x(*tick);
            canvas.line((x, bottom), (x, bottom + 5.0), &line);
            let extent = look.extent(x, bottom + 20.0, text);
            if extent.x >= free_from {
                canvas.text(x, bottom + 20.0, text, &look);
                free_from = extent.right() + 8.0;
            }
        }
        if self.x.title.is_empty() {
            return bottom + 26.0;
        }
        let middle = self.rect.x + self.rect.w / 2.0;
        canvas.text(middle, bottom + 42.0, &self.x.title, &LABEL.middle().color(MUTED));
        bottom + 48.0
    }

    /// The vertical axis: tick labels left of the chart, its title upright beside them.
    pub fn y_axis(&self, canvas: &mut Canvas) {
        let look = SMALL.end();
        let mut free_to = f64::MAX;
        let mut widest: f64 = 0.0;
        for (tick, text) in &self.y.ticks {
            let y = self.at_y(*tick);
            if y + 5.0 <= free_to {
                canvas.text(self.rect.x - 8.0, y + 5.0, text, &look);
                free_to = y + 5.0 - look.size * 1.1;
                widest = widest.max(look.width(text));
            }
        }
        let middle = self.rect.y + self.rect.h / 2.0;
        let title = Type { size: 15.0, ..LABEL.color(MUTED) };
        canvas.text_upwards(self.rect.x - 18.0 - widest, middle, &self.y.title, &title);
    }
}

/// What plotters answers, when all a drawing can fail of is impossible.
fn drawn<E: std::error::Error + Send + Sync>(
    outcome: Result<(), plotters::drawing::DrawingAreaErrorKind<E>>,
) {
    debug_assert!(outcome.is_ok(), "a canvas takes everything");
}
