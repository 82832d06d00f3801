//! What a fault does. The full checklist is longer than what is here yet; each entry becomes a variant.

use serde::{Deserialize, Serialize};

use crate::fault::target::{Names, unknown};
use crate::random::distribution::Distribution;
use crate::time::Span;
use crate::units::{Bandwidth, Ratio};

/// What happens to the target while the fault lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Fault {
    /// The process stops; it boots again when the fault ends.
    Crash(Crash),
    /// The process stops and boots again at once, from what the disk had synced.
    Restart,
    /// The process stands still; what reaches it waits. Its clock goes on.
    Pause,
    /// Everything the processor does takes longer.
    Slow {
        /// This many times as long.
        #[serde(default = "one")]
        factor: f64,
        /// And this much on top, which slows even what costs nothing.
        #[serde(default)]
        extra: Span,
    },
    /// Messages between groups of nodes are stopped.
    Partition {
        /// Which groups.
        shape: Shape,
        /// Clients are cut off from the target too (or from the smaller side).
        #[serde(default)]
        clients: bool,
        /// The share of messages stopped.
        #[serde(default = "whole")]
        share: Ratio,
        /// Only messages of this kind are stopped.
        #[serde(default)]
        only: Option<String>,
    },
    /// Links to and from the target lose this share of messages.
    Loss(Ratio),
    /// Links to and from the target take longer.
    Delay(Distribution),
    /// Links to and from the target deliver this share of messages twice.
    Duplicate(Ratio),
    /// Links to and from the target hold back some messages.
    Reorder {
        /// The share held back.
        share: Ratio,
        /// Up to how long.
        by: Span,
    },
    /// Links to and from the target carry no more than this.
    Bandwidth(Bandwidth),
    /// The wall clock jumps forwards; back again when the fault ends.
    ClockForward(Span),
    /// The wall clock jumps backwards; forwards again when the fault ends.
    ClockBack(Span),
    /// The clock gains this many parts in a million (loses, if negative).
    ClockDrift {
        /// Parts per million; −1,000,000 freezes it.
        ppm: f64,
    },
    /// Syncs take this many times as long.
    SlowDisk {
        /// How many times.
        factor: f64,
    },
    /// This share of syncs fails. A process that gives up because of it boots again when the fault ends.
    SyncFails(Ratio),
    /// This many bits of what the disk holds flip, at random. A process notices at its next boot, if ever.
    BitFlips(u32),
}

/// What a crash does to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Crash {
    /// Power loss: what was synced is kept, what was not is lost.
    #[default]
    LoseUnsynced,
    /// Only the process dies; the operating system still writes what it was given.
    KeepAll,
    /// Power loss while the disk writes: what was synced is kept; of what was not, sectors of 512 bytes at random
    /// reach the platter, in any order. Files have their new lengths, and what is missing in them reads as zeros.
    Torn,
    /// The disk is lost too.
    Wipe,
}

/// Who is cut off from whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Shape {
    /// The targets, together, from everyone else.
    Isolate,
    /// Each target from everyone, the other targets included.
    Shatter,
    /// Two halves at random; the larger has the odd one.
    Halves,
    /// A largest minority with the targets in it, from the rest. With more targets than that, the first of them.
    Minority,
    /// Two halves that only the target (the first of several) can reach, both of them.
    Bridge,
    /// Everyone sees a majority, and no two the same: a ring in random order, each reaching its nearest neighbours.
    MajoritiesRing,
    /// The targets' own messages do not get out; what is sent to them arrives.
    Outbound,
    /// Messages to the targets do not arrive; their own get out.
    Inbound,
    /// These groups, by name, from each other. A node that is named nowhere reaches everyone.
    Groups(Vec<Vec<String>>),
    /// Clients and the targets from each other.
    Clients,
}

fn one() -> f64 {
    1.0
}

fn whole() -> Ratio {
    Ratio::ONE
}

impl Fault {
    /// Its name, as a record and a picture give it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Crash(_) => "Crash",
            Fault::Restart => "Restart",
            Fault::Pause => "Pause",
            Fault::Slow { .. } => "Slow",
            Fault::Partition { .. } => "Partition",
            Fault::Loss(_) => "Loss",
            Fault::Delay(_) => "Delay",
            Fault::Duplicate(_) => "Duplicate",
            Fault::Reorder { .. } => "Reorder",
            Fault::Bandwidth(_) => "Bandwidth",
            Fault::ClockForward(_) => "ClockForward",
            Fault::ClockBack(_) => "ClockBack",
            Fault::ClockDrift { .. } => "ClockDrift",
            Fault::SlowDisk { .. } => "SlowDisk",
            Fault::SyncFails(_) => "SyncFails",
            Fault::BitFlips(_) => "BitFlips",
        }
    }

    /// A whole partition between nodes; clients reach everyone.
    #[must_use]
    pub fn partition(shape: Shape) -> Fault {
        Fault::Partition { shape, clients: false, share: Ratio::ONE, only: None }
    }

    /// Whether it is nothing without a target.
    pub(crate) fn needs_targets(&self) -> bool {
        let whole = [Shape::Halves, Shape::MajoritiesRing, Shape::Minority];
        !matches!(self, Fault::Partition { shape, .. } if whole.contains(shape) || matches!(shape, Shape::Groups(_)))
    }

    /// Every fault with a sentence about it, for listings.
    pub const CATALOGUE: &'static [(&'static str, &'static str)] = &[
        (
            "Crash",
            "the process stops, and boots again when the fault ends: LoseUnsynced, KeepAll, Torn writes, or Wipe the disk",
        ),
        ("Restart", "the process stops and boots again at once"),
        ("Pause", "the process stands still; what reaches it waits"),
        ("Slow", "everything the processor does takes longer: factor, extra"),
        (
            "Partition",
            "messages between groups are stopped: Isolate, Shatter, Halves, Minority, Bridge, MajoritiesRing, Outbound, Inbound, Groups, Clients",
        ),
        ("Loss", "links to and from the target lose a share of messages"),
        ("Delay", "links to and from the target take longer"),
        ("Duplicate", "links to and from the target deliver a share of messages twice"),
        ("Reorder", "links to and from the target hold back a share of messages"),
        ("Bandwidth", "links to and from the target carry no more than this"),
        ("ClockForward", "the wall clock jumps forwards"),
        ("ClockBack", "the wall clock jumps backwards"),
        ("ClockDrift", "the clock runs fast or slow, by parts per million"),
        ("SlowDisk", "syncs take a multiple of their time"),
        ("SyncFails", "a share of syncs fails"),
        ("BitFlips", "bits of what the disk holds flip; the next boot finds them"),
    ];

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self, names: &Names) -> Result<(), String> {
        match self {
            Fault::Slow { factor, .. } | Fault::SlowDisk { factor }
                if !(factor.is_finite() && *factor >= 1.0) =>
            {
                Err(format!("factor: a finite number, 1 or more, found {factor}"))
            }
            Fault::ClockDrift { ppm } if !(ppm.is_finite() && *ppm >= -1e6 && *ppm <= 1e9) => {
                Err(format!("ppm: a number from -1000000 (frozen) to 1000000000, found {ppm}"))
            }
            Fault::Delay(distribution) => distribution.validate(),
            Fault::BitFlips(0) => Err("at least 1 bit".into()),
            Fault::Reorder { by, .. } if *by == Span::ZERO => Err("by: a length above 0".into()),
            Fault::Partition { shape: Shape::Groups(groups), .. } => {
                if groups.len() < 2 {
                    return Err("Groups: a partition needs at least two".into());
                }
                let mut named: Vec<&String> = Vec::new();
                for name in groups.iter().flatten() {
                    if names.peer(name).is_none() {
                        return Err(unknown("node", name, &names.nodes));
                    }
                    if named.contains(&name) {
                        return Err(format!("Groups: {name} is in two groups"));
                    }
                    named.push(name);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
