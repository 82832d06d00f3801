//! What the run cost and what befell it: messages, bytes, leaders, faults, and the numbers that nodes kept.

use sim_core::peer::Peer;
use sim_core::record::{Life, Record};
use sim_core::time::{Span, Time};

use crate::metrics::{IDENTITIES, Metrics};
use crate::statistics::summary::percentile;

/// The roles that mean "the one in charge", whatever the protocol.
const LEADING: [&str; 2] = ["leader", "primary"];

/// `ok` operations ended ok.
pub(super) fn measure(record: &Record, ok: u64, metrics: &mut Metrics) {
    let net = &record.network;
    let mut put = |name: &str, value: f64| {
        metrics.insert(name.to_string(), value);
    };
    put("messages", net.sent as f64);
    if ok > 0 {
        put("messages_per_operation", net.sent as f64 / ok as f64);
        put("bytes_per_operation", net.bytes as f64 / ok as f64);
    }
    put("messages_lost", net.lost as f64);
    put("messages_blocked", net.blocked as f64);
    put("messages_dropped", (net.overflowed + net.corrupted + net.to_dead + net.inbox_full) as f64);
    leaders(record, &mut put);
    failovers(record, &mut put);
    put("faults", record.faults.len() as f64);
    let lives = |life: Life| record.lives.iter().filter(|change| change.life == life).count() as f64;
    put("crashes", lives(Life::Crashed));
    put("halts", lives(Life::Halted));
    let quantities = record.measures.iter().filter(|(name, _)| !IDENTITIES.contains(&name.as_str()));
    for (name, list) in quantities {
        let mut values: Vec<i64> = list.iter().map(|measure| measure.value).collect();
        values.sort_unstable();
        let Some(max) = values.last() else { continue };
        let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
        // What nodes keep in nanoseconds is told in milliseconds, as every other duration.
        let (name, unit) = match name.strip_suffix("_ns") {
            Some(stem) => (format!("{stem}_ms"), 1e6),
            None => (name.to_string(), 1.0),
        };
        put(&format!("measure_{name}_mean"), sum as f64 / values.len() as f64 / unit);
        put(&format!("measure_{name}_p99"), percentile(&values, 0.99).unwrap_or(*max) as f64 / unit);
        put(&format!("measure_{name}_max"), *max as f64 / unit);
    }
}

/// How often a node became leader or primary.
#[must_use]
pub fn elections_won(record: &Record) -> u64 {
    record.statuses.iter().filter(|change| LEADING.contains(&change.role.as_str())).count() as u64
}

/// From each crash of a leader until the next node says that it leads.
fn failovers(record: &Record, put: &mut impl FnMut(&str, f64)) {
    let leads = |role: &str| LEADING.contains(&role);
    let mut gaps = Vec::new();
    for death in record.lives.iter().filter(|change| matches!(change.life, Life::Crashed | Life::Halted)) {
        let mut said = record.statuses.iter().rev().filter(|change| change.at <= death.at);
        if !said.find(|change| change.node == death.node).is_some_and(|change| leads(&change.role)) {
            continue;
        }
        let next = record.statuses.iter().find(|change| change.at > death.at && leads(&change.role));
        gaps.extend(next.map(|next| next.at.since(death.at).as_ms_f64()));
    }
    if let Some(max) = gaps.iter().copied().reduce(f64::max) {
        put("failover_ms_mean", gaps.iter().sum::<f64>() / gaps.len() as f64);
        put("failover_ms_max", max);
    }
}

/// Who led when. A node leads from when it says so until it says otherwise or goes down.
fn leaders(record: &Record, put: &mut impl FnMut(&str, f64)) {
    let leads = |role: &str| LEADING.contains(&role);
    let won: Vec<_> = record.statuses.iter().filter(|change| leads(&change.role)).collect();
    let Some(first) = won.first() else { return };
    put("elections_won", won.len() as f64);
    put("leader_changes", won.windows(2).filter(|pair| pair[0].node != pair[1].node).count() as f64);
    put("leader_first_ms", first.at.0 as f64 / 1e6);
    put("leader_first_epoch", first.epoch as f64);
    let mut changes: Vec<(Time, Peer, bool)> =
        record.statuses.iter().map(|change| (change.at, change.node, leads(&change.role))).collect();
    let down = record.lives.iter().filter(|change| matches!(change.life, Life::Crashed | Life::Halted));
    changes.extend(down.map(|change| (change.at, change.node, false)));
    changes.sort_by_key(|(at, ..)| *at);
    changes.push((record.ended, Peer::node(u32::MAX >> 1), false));
    let mut leading = Vec::new();
    // Since when there has been nobody, and how long in all and at the longest once there had been somebody.
    let (mut since, mut without, mut longest) = (Some(Time::ZERO), Span::ZERO, Span::ZERO);
    for (place, (at, node, leads)) in changes.iter().enumerate() {
        leading.retain(|other| other != node);
        if *leads {
            leading.push(*node);
        }
        let ends = place + 1 == changes.len();
        match since {
            Some(from) if ends || !leading.is_empty() => {
                let gap = at.since(from);
                without = without.saturating_add(gap);
                longest = if from > Time::ZERO { longest.max(gap) } else { longest };
                since = None;
            }
            None if leading.is_empty() => since = Some(*at),
            _ => {}
        }
    }
    put("leaderless_ms_longest", longest.0 as f64 / 1e6);
    if record.ended > Time::ZERO {
        put("leaderless_share", without.0 as f64 / record.ended.0 as f64);
    }
}
