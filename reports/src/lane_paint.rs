//! How a node's lane is painted: its bar by role, its terms as labels, crashes, pauses and elections as marks.
//!
//! Lanes of thousands of changes are reduced to what a pixel can show, the more important role winning. Deliberately
//! absent: which nodes get a lane; that is the timeline's choice.

use crate::canvas::{Canvas, Fill, Hatch, Paint, Rect};
use crate::chart::Chart;
use crate::lanes::{Lane, Lanes, Running, Segment};
use crate::number::{instant, whole};
use crate::style::{ALARM, BLUE, INK, MUTED, ORANGE, PAPER, PAUSED, RoleStyle, SMALL, leads, rises};
use crate::text::first_fit;

/// Lanes of more segments than this are reduced to pixels.
const SEGMENTS_MAX: usize = 600;
/// Lanes of more segments than this have no tooltips.
const TIPS_MAX: usize = 200;

/// Lanes of more crashes than this have small marks.
const CRASHES_MAX: usize = 40;

/// What painting a lane needs to know of the picture.
pub struct LanePaint<'a> {
    /// All lanes, for the names of roles.
    pub lanes: &'a Lanes,
    /// The time axis.
    pub chart: &'a Chart,
    /// `term`, `view` or `epoch`.
    pub word: &'static str,
    /// Where lines cross all lanes; labels step aside.
    pub avoid: Vec<f64>,
}

fn is_down(segment: &Segment) -> bool {
    matches!(segment.running, Running::Down | Running::Halted)
}

/// The look of a segment, and its rank where there is room for one only.
#[must_use]
pub fn look(lanes: &Lanes, segment: &Segment) -> RoleStyle {
    let role = RoleStyle::of(lanes.role(segment), segment.role.saturating_sub(1));
    match segment.running {
        Running::Up => role,
        Running::Paused => RoleStyle { fill: PAUSED, ink: INK, rank: 6, ..role },
        Running::Down | Running::Halted => RoleStyle { fill: Fill::None, ink: MUTED, height: 0.5, rank: 8 },
    }
}

impl LanePaint<'_> {
    /// A lane's segments, as many as can be shown.
    #[must_use]
    pub fn segments(&self, lane: &Lane) -> Vec<Segment> {
        if lane.segments.len() > SEGMENTS_MAX { self.reduce(&lane.segments) } else { lane.segments.clone() }
    }

    /// Paints a lane's bars into the rows of `rect`; the horizontal extent is the chart's.
    pub fn bars(&self, canvas: &mut Canvas, lane: &Lane, segments: &[Segment], rect: Rect) {
        let tips = segments.len() <= TIPS_MAX;
        for segment in segments {
            if tips {
                canvas.told(&self.tip(lane, segment), |canvas| self.segment(canvas, segment, rect));
            } else {
                self.segment(canvas, segment, rect);
            }
        }
        for pair in segments.windows(2) {
            let same = pair[0].role == pair[1].role && pair[0].running == pair[1].running;
            let (x, right) = self.span(&pair[1]);
            if same && pair[1].running == Running::Up && right - x > 3.0 {
                let h = rect.h * look(self.lanes, &pair[1]).height;
                let top = rect.y + (rect.h - h) / 2.0;
                canvas.line((x, top), (x, top + h), &Paint::line(PAPER, 1.5));
            }
        }
    }

    fn span(&self, segment: &Segment) -> (f64, f64) {
        (self.chart.at_x(segment.from as f64), self.chart.at_x(segment.to as f64))
    }

    fn segment(&self, canvas: &mut Canvas, segment: &Segment, rect: Rect) {
        let look = look(self.lanes, segment);
        let (x, right) = self.span(segment);
        let middle = rect.y + rect.h / 2.0;
        if is_down(segment) {
            let h = rect.h * 0.5;
            canvas.rect(Rect::new(x, middle - h / 2.0, right - x, h), &Paint::solid(PAPER));
            let line = Paint::line(MUTED, 1.4).dashed("3 3");
            canvas.line((x, middle), (right, middle), &line);
            return;
        }
        let h = rect.h * look.height;
        let narrow = right - x < 3.5;
        let fill = match look.fill {
            // A hatch does not show on a sliver.
            Fill::Hatched(..) if narrow && segment.running == Running::Up => Fill::Solid(ORANGE),
            fill => fill,
        };
        let least = if look.rank >= 7 { 2.0 } else { 0.4 };
        let bar = Rect::new(x, middle - h / 2.0, (right - x).max(least), h);
        canvas.rect(bar, &Paint::filled(fill));
    }

    /// Crosses for crashes and flags for elections, where there is room for them.
    pub fn marks(&self, canvas: &mut Canvas, segments: &[Segment], rect: Rect) {
        let (mut crash_free, mut win_free) = (f64::MIN, f64::MIN);
        let middle = rect.y + rect.h / 2.0;
        let crowded = segments.iter().filter(|segment| is_down(segment)).count() > CRASHES_MAX;
        for (i, segment) in segments.iter().enumerate() {
            let (x, right) = self.span(segment);
            let before = i.checked_sub(1).map(|i| &segments[i]);
            let down = is_down(segment);
            if down && segment.from > 0 && x >= crash_free {
                let (r, w) = if crowded { (3.0, 1.6) } else { (5.0, 2.4) };
                let paint = Paint::line(ALARM, w);
                canvas.line((x - r, middle - r), (x + r, middle + r), &paint);
                canvas.line((x - r, middle + r), (x + r, middle - r), &paint);
                crash_free = x + 2.0 * r + 2.0;
            }
            let goes_on = before
                .is_some_and(|before| before.role == segment.role && before.epoch == segment.epoch && !down);
            if leads(self.lanes.role(segment)) && !down && !goes_on && x >= win_free {
                let top = rect.y + 1.0;
                let flag = [(x - 5.0, top - 1.0), (x + 5.0, top - 1.0), (x, top + 7.0)];
                canvas.polyline(&flag, &Paint::solid(BLUE).outlined(PAPER, 1.0));
                win_free = x + 9.0;
            }
            let wide = right - x >= 26.0;
            if segment.running == Running::Paused && wide {
                for at in [x + 7.0, x + 12.0] {
                    canvas.line((at, middle - 5.0), (at, middle + 5.0), &Paint::line(INK, 2.6));
                }
            }
        }
    }

    /// Roles and terms, where there is room for them.
    pub fn labels(&self, canvas: &mut Canvas, segments: &[Segment], rect: Rect) {
        let type_ = SMALL.bold();
        let mut crash_x = f64::MIN;
        for (i, segment) in segments.iter().enumerate() {
            let (x, right) = self.span(segment);
            if is_down(segment) && segment.from > 0 {
                crash_x = x;
            }
            let crash_next = segments.get(i + 1).is_some_and(is_down);
            let right = if crash_next { right - 5.0 } else { right };
            let look = look(self.lanes, segment);
            let start = if is_down(segment) { x } else { x.max(crash_x + 4.0) };
            let (mut text_x, baseline) = (start + 6.0, rect.y + rect.h / 2.0 + 5.0);
            let role = self.lanes.role(segment);
            let wordings = self.wordings(segment);
            let indent = match segment.running {
                Running::Down | Running::Halted => 6.0,
                Running::Paused => 12.0,
                Running::Up => 0.0,
            };
            let wordings: Vec<&str> = wordings.iter().map(String::as_str).collect();
            let fitting = |text_x| first_fit(&wordings, type_.size, true, right - text_x - indent - 4.0);
            let Some(mut text) = fitting(text_x) else { continue };
            let ends = text_x + indent + type_.width(text) + 4.0;
            if let Some(line) = self.avoid.iter().find(|line| (text_x - 4.0..ends).contains(line)) {
                text_x = line + 6.0;
                let Some(aside) = fitting(text_x) else { continue };
                text = aside;
            }
            let hatched = matches!(look.fill, Fill::Hatched(..));
            let strong = leads(role) && segment.running == Running::Up;
            let type_ = if strong { type_ } else { SMALL };
            if hatched {
                // Words on a hatch need a plate.
                let extent = type_.extent(text_x + indent, baseline, text);
                let plate = Rect::new(extent.x - 3.0, extent.y - 1.0, extent.w + 6.0, extent.h + 2.0);
                canvas.rounded(plate, 3.0, &Paint::solid(PAPER).faded(0.85));
            }
            let type_ = if is_down(segment) { type_.halo() } else { type_ };
            canvas.text(text_x + indent, baseline, text, &type_.color(look.ink));
        }
    }

    /// What to write on a segment, the first that fits.
    fn wordings(&self, segment: &Segment) -> Vec<String> {
        let role = self.lanes.role(segment);
        let (word, epoch) = (self.word, whole(segment.epoch));
        match segment.running {
            Running::Down if segment.from == 0 => vec!["not started".into()],
            Running::Down => vec!["down".into()],
            Running::Halted => vec!["stopped itself".into(), "halted".into()],
            Running::Paused => vec!["paused".into()],
            Running::Up if segment.epoch == 0 && leads(role) => vec![role.into()],
            Running::Up if segment.epoch == 0 => Vec::new(),
            Running::Up if leads(role) || rises(role) => {
                vec![format!("{role}, {word} {epoch}"), format!("{word} {epoch}"), epoch]
            }
            Running::Up => vec![format!("{word} {epoch}"), epoch],
        }
    }

    fn tip(&self, lane: &Lane, segment: &Segment) -> String {
        let role = self.lanes.role(segment);
        let what = match segment.running {
            Running::Down => "down".to_string(),
            Running::Halted => "stopped itself".to_string(),
            Running::Paused => format!("{role} paused"),
            Running::Up if role.is_empty() => "up".to_string(),
            Running::Up => format!("{role}, {} {}", self.word, segment.epoch),
        };
        let end = self.lanes.end_ns;
        format!("{}: {what}, {} to {}", lane.name, instant(segment.from, end), instant(segment.to, end))
    }

    /// One segment a pixel at most: the one of the highest rank in it.
    fn reduce(&self, segments: &[Segment]) -> Vec<Segment> {
        let pixels = self.chart.rect.w.max(1.0) as u64;
        let ns = (self.lanes.end_ns / pixels).max(1);
        let mut reduced: Vec<Segment> = Vec::new();
        for segment in segments {
            let (first, last) = (segment.from / ns, (segment.to - 1) / ns);
            let rank = look(self.lanes, segment).rank;
            let whole =
                Segment { from: first * ns, to: ((last + 1) * ns).min(self.lanes.end_ns), ..*segment };
            match reduced.last_mut() {
                Some(before) if before.to > whole.from => {
                    let outranked = rank > look(self.lanes, before).rank;
                    if outranked && before.from >= whole.from {
                        *before = whole;
                    } else if outranked {
                        before.to = whole.from;
                        reduced.push(whole);
                    } else if whole.to > before.to {
                        let from = before.to;
                        reduced.push(Segment { from, ..whole });
                    }
                }
                _ => reduced.push(whole),
            }
        }
        reduced.retain(|segment| segment.to > segment.from);
        reduced
    }
}

/// The key of a role's bar.
#[must_use]
pub fn key(role: &str, place: usize) -> Paint {
    Paint::filled(RoleStyle::of(role, place).fill)
}

/// The key of a pause.
#[must_use]
pub fn paused_key() -> Paint {
    Paint::filled(PAUSED)
}

/// The key of the cut-off side of a partition.
#[must_use]
pub fn cut_off_key() -> Paint {
    let fill = Fill::Hatched(Hatch::Falling, crate::style::Color(0xd9c56a), crate::style::Color(0xfbf5d3));
    Paint::filled(fill)
}
