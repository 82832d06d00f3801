//! The look that all pictures share: palette, sizes, and what roles, outcomes and faults look like.
//!
//! The hues are Okabe and Ito's, told apart by people of every kind of colour vision; each also comes with a pattern, a
//! shape or a label, so that a grey print loses nothing. Deliberately absent: themes. A picture is ink on white
//! paper, wherever it is shown.

use std::fmt;

use crate::canvas::{Fill, Hatch, Paint, Type};

/// A colour as 0xRRGGBB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Color(pub u32);

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

/// The fonts, the first that is there.
pub const FONTS: &str = "'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

/// Every picture's width in pixels.
pub const WIDTH: f64 = 1120.0;
/// The margin left, right and below.
pub const MARGIN: f64 = 24.0;

/// Text and axes.
pub const INK: Color = Color(0x1b1f24);
/// What is said aside.
pub const MUTED: Color = Color(0x505a66);
/// Grid lines.
pub const GRID: Color = Color(0xd5dbe1);
/// The ground of lanes.
pub const GROUND: Color = Color(0xf3f5f7);
/// The paper.
pub const PAPER: Color = Color(0xffffff);

/// Okabe and Ito's orange.
pub const ORANGE: Color = Color(0xe69f00);
/// Okabe and Ito's sky blue.
pub const SKY: Color = Color(0x56b4e9);
/// Okabe and Ito's bluish green.
pub const GREEN: Color = Color(0x009e73);
/// Okabe and Ito's yellow.
pub const YELLOW: Color = Color(0xf0e442);
/// Okabe and Ito's blue.
pub const BLUE: Color = Color(0x0072b2);
/// Okabe and Ito's vermillion.
pub const VERMILLION: Color = Color(0xd55e00);
/// Okabe and Ito's reddish purple.
pub const PURPLE: Color = Color(0xcc79a7);
/// A darker purple, for text and thin marks.
pub const PLUM: Color = Color(0x8f3f6e);
/// A violation: darker than vermillion, so that it also stands out beside it.
pub const ALARM: Color = Color(0xb3001b);

/// A picture's headline.
pub const TITLE: Type = Type::new(22.0).bold();
/// The line below it.
pub const SUBTITLE: Type = Type::new(16.0).color(MUTED);
/// Names of lanes, panels and axes.
pub const LABEL: Type = Type::new(16.0);
/// Numbers on axes and notes; the smallest text there is.
pub const SMALL: Type = Type::new(14.0);

/// A role's look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoleStyle {
    /// What fills its bar.
    pub fill: Fill,
    /// Text on the bar.
    pub ink: Color,
    /// The share of the lane's height that its bar takes.
    pub height: f64,
    /// The higher wins where there is room for one only.
    pub rank: u8,
}

/// Roles that lead, by the words of the field's papers.
const LEADING: [&str; 8] =
    ["leader", "primary", "master", "coordinator", "head", "sequencer", "proposer", "active"];
/// Roles of those who want to lead, or agree on who does.
const RISING: [&str; 7] =
    ["candidate", "pre-candidate", "precandidate", "pre_candidate", "view-change", "electing", "preparing"];
/// Roles that follow.
const FOLLOWING: [&str; 8] =
    ["follower", "backup", "secondary", "replica", "acceptor", "slave", "standby", "middle"];
/// The looks of other roles, in the order in which they appear.
const OTHERS: [Fill; 5] = [
    Fill::Solid(Color(0xa9dcc9)),
    Fill::Hatched(Hatch::Dots, PLUM, Color(0xf3dbe8)),
    Fill::Solid(Color(0xf6f0a0)),
    Fill::Hatched(Hatch::Falling, GREEN, Color(0xe4f4ee)),
    Fill::Solid(Color(0xe2c9d8)),
];

impl RoleStyle {
    /// The look of a role; `place` is its place among all roles in order of appearance.
    #[must_use]
    pub fn of(role: &str, place: usize) -> RoleStyle {
        let lower = role.to_lowercase();
        let is = |names: &[&str]| names.contains(&lower.as_str());
        if is(&LEADING) {
            RoleStyle { fill: Fill::Solid(BLUE), ink: PAPER, height: 0.82, rank: 9 }
        } else if is(&["pre-candidate"]) {
            // It only asks: no term has begun.
            let fill = Fill::Hatched(Hatch::Dots, VERMILLION, Color(0xfdf3dd));
            RoleStyle { fill, ink: INK, height: 0.62, rank: 6 }
        } else if is(&RISING) {
            let fill = Fill::Hatched(Hatch::Rising, VERMILLION, Color(0xfbe3b4));
            RoleStyle { fill, ink: INK, height: 0.82, rank: 7 }
        } else if is(&FOLLOWING) {
            RoleStyle { fill: Fill::Solid(Color(0xc7ddee)), ink: INK, height: 0.5, rank: 2 }
        } else if role.is_empty() {
            RoleStyle { fill: Fill::Solid(Color(0xd9dee4)), ink: INK, height: 0.5, rank: 1 }
        } else {
            RoleStyle { fill: OTHERS[place % OTHERS.len()], ink: INK, height: 0.62, rank: 3 }
        }
    }
}

/// Whether a role, by its word, leads.
#[must_use]
pub fn leads(role: &str) -> bool {
    LEADING.contains(&role.to_lowercase().as_str())
}

/// Whether a role, by its word, is that of someone who wants to lead.
#[must_use]
pub fn rises(role: &str) -> bool {
    RISING.contains(&role.to_lowercase().as_str())
}

/// What a protocol with these roles calls its epochs.
#[must_use]
pub fn epoch_word<'a>(mut roles: impl Iterator<Item = &'a str>) -> &'static str {
    match roles.find_map(|role| match role {
        "leader" | "candidate" | "pre-candidate" | "follower" => Some("term"),
        "primary" | "backup" => Some("view"),
        _ => None,
    }) {
        Some(word) => word,
        None => "epoch",
    }
}

/// What stands still.
pub const PAUSED: Fill = Fill::Hatched(Hatch::Cross, Color(0x6b7480), Color(0xe3e7eb));
/// The cut-off side of a partition.
pub const CUT_OFF: Fill = Fill::Hatched(Hatch::Falling, Color(0xd9c56a), Color(0xfbf5d3));
/// The rest of a partitioned cluster, and any time under a fault.
pub const UNDER_FAULT: Color = Color(0xfbf7df);

/// How an operation ended, as pictures tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It happened.
    Ok,
    /// It did not.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl End {
    /// All of them, in the order in which they are drawn.
    pub const ALL: [End; 3] = [End::Ok, End::Failed, End::Unknown];

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        ["ok", "failed", "unknown"][self as usize]
    }
    /// The colour of lines and small marks.
    #[must_use]
    pub fn color(self) -> Color {
        [GREEN, VERMILLION, PLUM][self as usize]
    }
    /// The paint of areas.
    #[must_use]
    pub fn paint(self) -> Paint {
        let fill = match self {
            End::Ok => return Paint::solid(GREEN),
            End::Failed => Fill::Hatched(Hatch::Rising, VERMILLION, Color(0xfbd9bf)),
            End::Unknown => Fill::Hatched(Hatch::Dots, PLUM, Color(0xf3dbe8)),
        };
        Paint::filled(fill).outlined(self.color(), 1.0)
    }
}

/// The fill of a fault's bar, by what the fault falls on: network, processes, or clocks and disks.
#[must_use]
pub fn fault_fill(fault: &str) -> Fill {
    let has = |words: &[&str]| words.iter().any(|word| fault.contains(word));
    if has(&["Crash", "Restart", "Pause", "Slow", "Steal", "Kill"]) && !fault.contains("Disk") {
        Fill::Solid(Color(0xf6c9a6))
    } else if has(&["Clock", "Disk", "Torn", "Sync", "Corrupt"]) {
        Fill::Solid(Color(0xe6c6d9))
    } else {
        Fill::Solid(Color(0xf3e58a))
    }
}

/// Lines of series that share a chart: colour and dashes, by place.
pub const SERIES: [(Color, &str); 6] =
    [(BLUE, ""), (VERMILLION, "10 4"), (GREEN, "3 3"), (PLUM, "12 3 3 3"), (ORANGE, "6 2"), (INK, "2 4")];
