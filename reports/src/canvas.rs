//! A sheet to draw on, and the SVG it becomes: shapes, hatches, text with a halo, tooltips, a title and a description.
//!
//! A writer of our own rather than plotters' SVG backend, because a picture here needs what that one has not:
//! patterns besides colours, titles and descriptions for those who cannot see it, tooltips, halos, fractions of a
//! pixel, and the width of a text without a font. plotters still draws the charts' coordinates, grids and series, onto
//! this same sheet (see [`crate::pen`]). Only presentation attributes are written and no style sheet, so that slides
//! and editors show what browsers show. Deliberately absent: gradients, scripts, external references.

use std::fmt::Write;

use crate::number::coordinate;
use crate::style::{Color, FONTS, INK, PAPER};
use crate::text::{escape, width};

/// A rectangle in pixels, from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// A rectangle by its corner and size.
    #[must_use]
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Rect {
        Rect { x, y, w, h }
    }
    /// The right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.w
    }
    /// The lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }
    /// Whether the two have an area in common.
    #[must_use]
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// The pattern of a hatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hatch {
    /// Lines rising to the right.
    Rising,
    /// Lines falling to the right.
    Falling,
    /// Both.
    Cross,
    /// Dots.
    Dots,
}

/// What fills a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fill {
    /// Nothing.
    None,
    /// A colour.
    Solid(Color),
    /// A pattern in the first colour on the second.
    Hatched(Hatch, Color, Color),
}

/// How a shape is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    /// Its inside.
    pub fill: Fill,
    /// Its outline and the outline's width; none if absent.
    pub stroke: Option<(Color, f64)>,
    /// The outline's dashes as SVG writes them; empty for a solid line.
    pub dash: &'static str,
    /// From 0, invisible, to 1.
    pub opacity: f64,
}

impl Paint {
    /// Filled with one colour.
    #[must_use]
    pub const fn solid(color: Color) -> Paint {
        Paint { fill: Fill::Solid(color), stroke: None, dash: "", opacity: 1.0 }
    }
    /// Filled with whatever.
    #[must_use]
    pub const fn filled(fill: Fill) -> Paint {
        Paint { fill, stroke: None, dash: "", opacity: 1.0 }
    }
    /// Only an outline.
    #[must_use]
    pub const fn line(color: Color, width: f64) -> Paint {
        Paint { fill: Fill::None, stroke: Some((color, width)), dash: "", opacity: 1.0 }
    }
    /// The same with an outline.
    #[must_use]
    pub const fn outlined(self, color: Color, width: f64) -> Paint {
        Paint { stroke: Some((color, width)), ..self }
    }
    /// The same, dashed.
    #[must_use]
    pub const fn dashed(self, dash: &'static str) -> Paint {
        Paint { dash, ..self }
    }
    /// The same, seen through.
    #[must_use]
    pub const fn faded(self, opacity: f64) -> Paint {
        Paint { opacity, ..self }
    }
}

/// Where a text's anchor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// At its left end.
    #[default]
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Type {
    /// The font size in pixels.
    pub size: f64,
    /// The colour.
    pub color: Color,
    /// Whether it is bold.
    pub bold: bool,
    /// Where its anchor is.
    pub anchor: Anchor,
    /// A halo of the paper's colour around it, where it lies on lines.
    pub halo: bool,
}

impl Type {
    /// Plain text in ink.
    #[must_use]
    pub const fn new(size: f64) -> Type {
        Type { size, color: INK, bold: false, anchor: Anchor::Start, halo: false }
    }
    /// The same in another colour.
    #[must_use]
    pub const fn color(self, color: Color) -> Type {
        Type { color, ..self }
    }
    /// The same in bold.
    #[must_use]
    pub const fn bold(self) -> Type {
        Type { bold: true, ..self }
    }
    /// The same, centred on its anchor.
    #[must_use]
    pub const fn middle(self) -> Type {
        Type { anchor: Anchor::Middle, ..self }
    }
    /// The same, ending at its anchor.
    #[must_use]
    pub const fn end(self) -> Type {
        Type { anchor: Anchor::End, ..self }
    }
    /// The same with a halo.
    #[must_use]
    pub const fn halo(self) -> Type {
        Type { halo: true, ..self }
    }
    /// The width of a text that looks like this.
    #[must_use]
    pub fn width(&self, text: &str) -> f64 {
        width(text, self.size, self.bold)
    }
    /// The box a text takes when its anchor is at (x, y) on the baseline.
    #[must_use]
    pub fn extent(&self, x: f64, y: f64, text: &str) -> Rect {
        let w = self.width(text);
        let x = match self.anchor {
            Anchor::Start => x,
            Anchor::Middle => x - w / 2.0,
            Anchor::End => x - w,
        };
        Rect::new(x, y - self.size * 0.8, w, self.size * 1.05)
    }
}

/// The sheet.
#[derive(Clone, Debug)]
pub struct Canvas {
    name: String,
    width: f64,
    body: String,
    hatches: Vec<(Hatch, Color, Color)>,
}

impl Canvas {
    /// An empty sheet. The name begins the ids inside, so that several pictures can stand on one page; what is not a
    /// letter or a digit in it becomes a dash.
    #[must_use]
    pub fn new(name: &str, width: f64) -> Canvas {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name = name.chars().map(safe).collect();
        Canvas { name, width, body: String::new(), hatches: Vec::new() }
    }

    /// The width in pixels.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.width
    }

    /// A rectangle; nothing if it has no area.
    pub fn rect(&mut self, rect: Rect, paint: &Paint) {
        self.rounded(rect, 0.0, paint);
    }

    /// A rectangle with round corners.
    pub fn rounded(&mut self, rect: Rect, radius: f64, paint: &Paint) {
        if rect.w <= 0.0 || rect.h <= 0.0 {
            return;
        }
        let [x, y, w, h] = [rect.x, rect.y, rect.w, rect.h].map(coordinate);
        let _ = write!(self.body, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"");
        if radius > 0.0 {
            let _ = write!(self.body, " rx=\"{}\"", coordinate(radius));
        }
        self.paint(paint);
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), paint: &Paint) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        let _ = write!(self.body, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"");
        self.paint(paint);
    }

    /// A circle.
    pub fn circle(&mut self, center: (f64, f64), radius: f64, paint: &Paint) {
        let [x, y, r] = [center.0, center.1, radius].map(coordinate);
        let _ = write!(self.body, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"");
        self.paint(paint);
    }

    /// Straight lines through points; closed if it is filled.
    pub fn polyline(&mut self, points: &[(f64, f64)], paint: &Paint) {
        if points.len() < 2 {
            return;
        }
        let element = if paint.fill == Fill::None { "polyline" } else { "polygon" };
        let _ = write!(self.body, "<{element} points=\"");
        for (i, (x, y)) in points.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            let _ = write!(self.body, "{gap}{},{}", coordinate(*x), coordinate(*y));
        }
        self.body.push('"');
        self.paint(paint);
    }

    /// A cubic curve.
    pub fn curve(&mut self, points: [(f64, f64); 4], paint: &Paint) {
        let p = points.map(|(x, y)| format!("{} {}", coordinate(x), coordinate(y)));
        let _ = write!(self.body, "<path d=\"M{} C{} {} {}\"", p[0], p[1], p[2], p[3]);
        self.paint(paint);
    }

    /// A text with its anchor on the baseline.
    pub fn text(&mut self, x: f64, y: f64, text: &str, look: &Type) {
        self.text_with(x, y, text, look, "");
    }

    /// A text that reads upwards, centred at the point.
    pub fn text_upwards(&mut self, x: f64, y: f64, text: &str, look: &Type) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", coordinate(x), coordinate(y));
        self.text_with(x, y, text, &look.middle(), &turn);
    }

    fn text_with(&mut self, x: f64, y: f64, text: &str, look: &Type, more: &str) {
        if text.is_empty() {
            return;
        }
        let (x, y, size) = (coordinate(x), coordinate(y), coordinate(look.size));
        let _ = write!(self.body, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{}\"", look.color);
        self.body.push_str(match look.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        });
        if look.bold {
            self.body.push_str(" font-weight=\"bold\"");
        }
        if look.halo {
            let _ = write!(
                self.body,
                " stroke=\"{PAPER}\" stroke-width=\"3.5\" stroke-linejoin=\"round\" paint-order=\"stroke\""
            );
        }
        let _ = writeln!(self.body, "{more}>{}</text>", escape(text));
    }

    /// What is drawn inside shows this text to who points at it, and is read out.
    pub fn told(&mut self, tip: &str, draw: impl FnOnce(&mut Canvas)) {
        let _ = write!(self.body, "<g><title>{}</title>", escape(tip));
        draw(self);
        self.body.push_str("</g>\n");
    }

    fn paint(&mut self, paint: &Paint) {
        match paint.fill {
            Fill::None => self.body.push_str(" fill=\"none\""),
            Fill::Solid(color) => {
                let _ = write!(self.body, " fill=\"{color}\"");
            }
            Fill::Hatched(hatch, ink, ground) => {
                let wanted = (hatch, ink, ground);
                let id = self.hatches.iter().position(|known| *known == wanted).unwrap_or_else(|| {
                    self.hatches.push(wanted);
                    self.hatches.len() - 1
                });
                let _ = write!(self.body, " fill=\"url(#{}-{id})\"", self.name);
            }
        }
        if let Some((color, width)) = paint.stroke {
            let _ = write!(self.body, " stroke=\"{color}\" stroke-width=\"{}\"", coordinate(width));
            if !paint.dash.is_empty() {
                let _ = write!(self.body, " stroke-dasharray=\"{}\"", paint.dash);
            }
        }
        if paint.opacity < 1.0 {
            let _ = write!(self.body, " opacity=\"{:.2}\"", paint.opacity);
        }
        self.body.push_str("/>\n");
    }

    /// The finished picture. Title and description are for those who cannot see it.
    #[must_use]
    pub fn finish(self, height: f64, title: &str, description: &str) -> String {
        let (w, h, name) = (coordinate(self.width), coordinate(height), &self.name);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             role=\"img\" aria-labelledby=\"{name}-title {name}-desc\" font-family=\"{FONTS}\">\n\
             <title id=\"{name}-title\">{}</title>\n<desc id=\"{name}-desc\">{}</desc>\n",
            escape(title),
            escape(description)
        );
        if !self.hatches.is_empty() {
            svg.push_str("<defs>\n");
            for (i, (hatch, ink, ground)) in self.hatches.iter().enumerate() {
                let lines = match hatch {
                    Hatch::Rising => "M-2 2L2 -2M0 8L8 0M6 10L10 6",
                    Hatch::Falling => "M-2 6L2 10M0 0L8 8M6 -2L10 2",
                    Hatch::Cross => "M0 8L8 0M0 0L8 8",
                    Hatch::Dots => "M2 2h2v2h-2zM6 6h2v2h-2z",
                };
                let _ = writeln!(
                    svg,
                    "<pattern id=\"{name}-{i}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
                     <rect width=\"8\" height=\"8\" fill=\"{ground}\"/>\
                     <path d=\"{lines}\" stroke=\"{ink}\" stroke-width=\"1.6\" fill=\"none\"/></pattern>"
                );
            }
            svg.push_str("</defs>\n");
        }
        let _ = writeln!(svg, "<rect width=\"{w}\" height=\"{h}\" fill=\"{PAPER}\"/>");
        svg.push_str(&self.body);
        svg.push_str("</svg>\n");
        svg
    }
}
