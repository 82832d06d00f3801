//! How far news had spread by when: the infection curve of a run, in a hundred points, so that the curves of many runs
//! can be kept and laid over each other.
//!
//! Deliberately absent: the numbers that are read off it, which are in [`super::gossip`] and [`super::detection`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sim_core::record::{Life, Record};
use sim_core::time::Time;

use super::gossip::first_hearings;

/// What spreads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// A rumor, over the nodes, since the first heard it.
    Rumor,
    /// Updates, each over the nodes since it was made; all of them together.
    Updates,
    /// Deaths, each over the other nodes since the crash; all of them together.
    Deaths,
}

/// An infection curve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// What spreads.
    pub news: News,
    /// After how many nanoseconds each hundredth of all that there was to reach had been reached; shorter than a hundred
    /// where the rest never was.
    pub reached_ns: Vec<u64>,
}

impl Curve {
    /// The curve of a run; `None` if nothing in it spreads.
    #[must_use]
    pub fn of(record: &Record) -> Option<Curve> {
        let nodes = record.node_count as usize;
        let (news, mut ages, all) = if record.measures.contains_key(super::gossip::HEARD) {
            let heard = first_hearings(record);
            let start = heard.first()?.at;
            (News::Rumor, heard.iter().map(|measure| measure.at.since(start).0).collect(), nodes)
        } else if record.measures.contains_key("applied") {
            let (ages, updates) = updates(record);
            (News::Updates, ages, updates * nodes)
        } else {
            let (ages, crashes) = deaths(record)?;
            (News::Deaths, ages, crashes * nodes.saturating_sub(1))
        };
        ages.sort_unstable();
        let place = |hundredth: usize| (all * hundredth).div_ceil(100).max(1) - 1;
        let reached_ns = (1..=100).map_while(|hundredth| ages.get(place(hundredth)).copied()).collect();
        Some(Curve { news, reached_ns })
    }
}

/// How old updates were when they came to a node, and how many updates there are.
fn updates(record: &Record) -> (Vec<u64>, usize) {
    let list = record.measures.get("applied").map_or(&[][..], Vec::as_slice);
    let mut starts: BTreeMap<i64, Time> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let first = list.iter().filter(|measure| seen.insert((measure.value, measure.node)));
    let age = |measure: &sim_core::record::Measure| {
        measure.at.since(*starts.entry(measure.value).or_insert(measure.at)).0
    };
    (first.map(age).collect(), starts.len())
}

/// How long after a crash others declared the crashed one dead, and how many crashes there are.
fn deaths(record: &Record) -> Option<(Vec<u64>, usize)> {
    let list = record.measures.get("declared_dead")?;
    let (mut ages, mut crashes) = (Vec::new(), 0);
    for death in record.lives.iter().filter(|change| matches!(change.life, Life::Crashed | Life::Halted)) {
        let node = i64::from(death.node.raw());
        let back = |change: &&sim_core::record::LifeChange| {
            change.node == death.node && change.at > death.at && change.life == Life::Up
        };
        let until = record.lives.iter().find(back).map_or(Time::NEVER, |change| change.at);
        let mut told = BTreeSet::new();
        let during = list.iter().filter(|m| m.value == node && (death.at..until).contains(&m.at));
        ages.extend(during.filter(|m| told.insert(m.node)).map(|m| m.at.since(death.at).0));
        crashes += 1;
    }
    (crashes > 0).then_some((ages, crashes))
}

#[cfg(test)]
mod tests {
    use sim_core::peer::Peer;
    use sim_core::record::{Life, LifeChange, Measure, Record};
    use sim_core::time::Time;

    use super::{Curve, News};

    fn record(told: &[(&str, u64, u32, i64)], nodes: u32) -> Record {
        let mut record = Record { ended: Time(1000), node_count: nodes, ..Record::default() };
        for &(name, at, node, value) in told {
            let measure = Measure { at: Time(at), node: Peer::node(node), value };
            record.measures.entry(name.into()).or_default().push(measure);
        }
        record
    }

    #[test]
    fn a_rumor_reaches_each_hundredth_when_so_many_have_heard() {
        let told = [("heard_round", 100, 0, 0), ("heard_round", 130, 1, 1), ("heard_round", 190, 2, 2)];
        // A second hearing after a crash tells nothing.
        let again = [("heard_round", 200, 1, 2)];
        let curve = Curve::of(&record(&[&told[..], &again].concat(), 4)).expect("a curve");
        assert_eq!((curve.news, curve.reached_ns.len()), (News::Rumor, 75));
        assert_eq!([0, 24, 25, 49, 50, 74].map(|place| curve.reached_ns[place]), [0, 0, 30, 30, 90, 90]);
    }

    #[test]
    fn updates_are_laid_over_each_other_by_their_age() {
        let told =
            [("applied", 10, 0, 7), ("applied", 30, 1, 8), ("applied", 15, 1, 7), ("applied", 70, 0, 8)];
        let curve = Curve::of(&record(&told, 2)).expect("a curve");
        assert_eq!([0, 49, 50, 74, 75, 99].map(|place| curve.reached_ns[place]), [0, 0, 5, 5, 40, 40]);
    }

    #[test]
    fn deaths_spread_from_the_crash() {
        let mut record = record(&[("declared_dead", 250, 1, 0), ("declared_dead", 300, 2, 0)], 3);
        assert_eq!(Curve::of(&record), None, "nobody died");
        record.lives.push(LifeChange { at: Time(200), node: Peer::node(0), life: Life::Crashed });
        let curve = Curve::of(&record).expect("a curve");
        assert_eq!([0, 49, 50, 99].map(|place| curve.reached_ns[place]), [50, 50, 100, 100]);
    }
}
