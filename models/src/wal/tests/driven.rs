//! The log under random histories of writes, checkpoints, marks, syncs, torn crashes and damage.

use std::collections::VecDeque;

use sim_core::disk::{SyncId, SyncResult};
use sim_core::lone::Lone;
use sim_core::peer::Peer;
use sim_core::random::Rng;

use super::{Script, Text, sync_of};
use crate::wal::{Recovery, Ticket, Wal, frame};

/// A log under a random history, and what may be found of it at the next boot.
struct Driven {
    node: Script,
    syncs: VecDeque<SyncId>,
    /// What was written since the log was last begun anew.
    written: Vec<String>,
    /// What the log held, after so much was written: the first is durable, each of the others may be found instead.
    held: VecDeque<(Ticket, Vec<String>)>,
}

impl Driven {
    fn new(key: u64) -> Driven {
        let mut node: Script = Lone::new(Peer::node(0), key);
        let syncs = sync_of(&node.boot(&true)).into_iter().collect();
        Driven { node, syncs, written: Vec::new(), held: [(0, Vec::new())].into() }
    }

    fn wal(&self) -> &Wal<Text> {
        &self.node.node().expect("up").wal
    }

    fn write(&mut self, rng: &mut Rng) {
        const LONG: &str = include_str!("../tests.rs");
        let from = rng.below(1_000) as usize * 2;
        let most = if rng.chance(0.5) { 700 } else { 80 };
        let text = LONG.get(from..from + rng.below(most) as usize).unwrap_or("plain");
        let text = text.trim_start_matches(['!', '=']);
        let (anew, later) = (rng.chance(0.2), rng.chance(0.5));
        let sign = if anew {
            "!"
        } else if later {
            "="
        } else {
            ""
        };
        let asked: &'static str = Box::leak(format!("{sign}{text}").into());
        self.syncs.extend(sync_of(&self.node.message(Peer::node(0), asked)));
        if anew {
            self.written.clear();
        }
        self.written.push(if anew { asked } else { text }.to_string());
        self.held.push_back((self.wal().ticket(), self.written.clone()));
    }

    fn sync(&mut self) -> bool {
        let Some(sync) = self.syncs.pop_front() else { return false };
        self.syncs.extend(sync_of(&self.node.synced(sync, SyncResult::Durable)));
        let durable = self.wal().durable();
        while self.held.get(1).is_some_and(|(ticket, _)| *ticket <= durable) {
            self.held.pop_front();
        }
        true
    }

    fn mark(&mut self) {
        self.syncs.extend(sync_of(&self.node.timer(())));
    }

    /// Boots after a crash; answers what it finds.
    fn boot(&mut self) -> (Recovery, Vec<String>) {
        self.syncs = sync_of(&self.node.boot(&true)).into_iter().collect();
        let keeper = self.node.node().expect("up");
        let found = (keeper.recovery, keeper.texts.clone());
        self.written.clone_from(&found.1);
        self.held = [(0, found.1.clone())].into();
        found
    }
}

/// Random histories of writes, checkpoints, marks, syncs and torn crashes: a log is never refused, and holds everything
/// that was durable, then perhaps some of what followed, and nothing else.
#[test]
fn torn_crashes_at_random_lose_nothing_that_was_promised() {
    let (mut repaired, mut fresh, mut clean) = (0, 0, 0);
    for key in 0..20_000 {
        let mut rng = Rng::from_key(key);
        let mut log = Driven::new(key);
        for _ in 0..40 {
            match rng.below(10) {
                0..=3 => log.write(&mut rng),
                4..=6 => drop(log.sync()),
                7..=8 => log.mark(),
                _ => {
                    let held = log.held.clone();
                    log.node.crash_torn(rng.bits());
                    let (recovery, texts) = log.boot();
                    assert_ne!(recovery, Recovery::Refused, "{key}: {:?}", held[0]);
                    assert!(held.iter().any(|(_, held)| *held == texts), "{key}: {texts:?} of {held:?}");
                    match recovery {
                        Recovery::Fresh => fresh += 1,
                        Recovery::Clean => clean += 1,
                        _ => repaired += 1,
                    }
                }
            }
        }
    }
    assert!(repaired > 10_000 && fresh > 1_000 && clean > 10_000, "{repaired} {fresh} {clean}");
}

/// Random histories with torn crashes, all of which is then made durable and marked; then bits flip, or a sector is lost.
/// Whatever is hit, the log is refused or holds all that it held.
#[test]
fn damage_at_random_is_never_silently_wrong() {
    let (mut refused, mut whole) = (0, 0);
    for key in 0..10_000 {
        let mut rng = Rng::from_key(key);
        let mut log = Driven::new(key);
        for _ in 0..20 {
            match rng.below(10) {
                0..=3 => log.write(&mut rng),
                4..=6 => drop(log.sync()),
                7..=8 => log.mark(),
                _ => {
                    log.node.crash_torn(rng.bits());
                    log.boot();
                }
            }
        }
        while log.sync() {}
        log.mark();
        while log.sync() {}
        let held = log.written.clone();
        // The sector that holds the mark takes with it what the mark alone says of that sector.
        let marked = (log.wal().len() as usize - frame::HEAD) / 512 * 512;
        log.node.crash_torn(rng.bits());
        let file = 3 + rng.below(2) as u32;
        let (lost, bit) = (rng.chance(0.3), rng.below(8));
        log.node.damage(file, |bytes| {
            if bytes.is_empty() {
                return;
            }
            let at = rng.below(bytes.len() as u64) as usize;
            let sector = at / 512 * 512;
            if lost && sector < marked {
                let end = bytes.len().min(sector + 512);
                bytes[sector..end].fill(0);
            } else {
                bytes[at] ^= 1 << bit;
            }
        });
        match log.boot() {
            (Recovery::Refused, _) => refused += 1,
            (recovery, texts) => {
                assert_eq!(texts, held, "{key}: {recovery:?}");
                whole += 1;
            }
        }
    }
    assert!(refused > 1_000 && whole > 1_000, "{refused} {whole}");
}
