//! Whether all replicas came to be alike, by what was seen of their states from outside: eventual convergence of what is
//! stored, not of what is read (compare [`super::convergence`], which R + W > N satisfies even where nothing is ever
//! repaired).
//!
//! Deliberately absent: which state it is, and the comparison itself, which takes the model's word for what is alike.

use sim_core::record::{Measure, Record};
use sim_core::time::{Span, Time};

use crate::verdict::{Verdict, Witness};

/// From when on replicas should come to be alike: the last write's end and the end of the last fault.
#[must_use]
pub fn quiet_from(record: &Record) -> Time {
    let entries = record.history.entries.iter();
    let writes = entries.filter(|entry| !entry.operation.call.is_read_only());
    let ends = writes.map(|e| if e.completed == Time::NEVER { e.invoked } else { e.completed });
    let heals = record.faults.iter().map(|fault| fault.until.unwrap_or(record.ended));
    ends.chain(heals).max().unwrap_or(Time::ZERO)
}

/// The first look from which on all replicas were alike; `None` if they were not at the end, or nobody looked.
#[must_use]
pub fn agreed_from(record: &Record) -> Option<Time> {
    let looks = record.measures.get("replicas_unsettled")?;
    let alike = looks.iter().rev().take_while(|look| look.value == 0);
    alike.last().map(|look| look.at)
}

/// Judges a run whose replicas were looked at.
#[must_use]
pub fn check(record: &Record, within: Span) -> Verdict {
    let Some(last) = record.measures.get("replicas_unsettled").and_then(|looks| looks.last()) else {
        return Verdict::Unknown(
            "nobody looked at replicas: this model has none that must agree".to_string(),
        );
    };
    let quiet = quiet_from(record);
    if last.at < quiet + within {
        return Verdict::Unknown(format!(
            "the run ended {} after the last write and fault, which is less than {within}",
            last.at.since(quiet)
        ));
    }
    match agreed_from(record) {
        Some(from) if from <= quiet + within => Verdict::Pass,
        Some(from) => diverged(record, format!("replicas were alike only {} after", from.since(quiet)), None),
        None => {
            let headline =
                format!("{} objects still differ at the end, {} after", last.value, last.at.since(quiet));
            diverged(record, headline, Some(last))
        }
    }
}

fn diverged(record: &Record, headline: String, at_end: Option<&Measure>) -> Verdict {
    let mut story = vec![format!("The last write and the last fault were over at {}.", quiet_from(record))];
    if let Some(end) = at_end {
        let behind = record.measures.get("replica_behind").into_iter().flatten();
        for own in behind.filter(|own| own.at == end.at && own.value > 0) {
            let name =
                record.nodes.get(own.node.index()).map_or_else(|| own.node.to_string(), |n| n.name.clone());
            story.push(format!("{name} lacks something of {} objects at the end.", own.value));
        }
    }
    Verdict::Fail(Box::new(Witness {
        anomaly: "divergence".to_string(),
        headline: format!("{headline} the last write and the last fault"),
        story,
        ..Witness::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::verdict::Verdict;
    use sim_core::peer::Peer;
    use sim_core::record::{Injection, Measure, Record};
    use sim_core::time::{Span, Time};

    /// A fault from 0 to 100 ms, and looks every 100 ms with so many unsettled objects.
    fn judge(unsettled: &[i64]) -> Verdict {
        let ms = |n: u64| Time::ZERO + Span::ms(n);
        let looks = unsettled.iter().zip(1..);
        let looks = looks.map(|(value, i)| Measure { at: ms(100 * i), node: Peer::node(0), value: *value });
        let mut record = Record { ended: ms(1_000), ..Record::default() };
        record.measures.insert("replicas_unsettled".into(), looks.collect());
        record.faults.push(Injection {
            at: ms(0),
            until: Some(ms(100)),
            fault: "Partition".into(),
            targets: Vec::new(),
            detail: String::new(),
            line: 0,
        });
        check(&record, Span::ms(300))
    }

    #[test]
    fn alike_in_time_too_late_and_never() {
        assert_eq!(judge(&[3, 2, 1, 0, 0]), Verdict::Pass);
        let anomaly = |verdict| match verdict {
            Verdict::Fail(witness) => witness.headline,
            other => panic!("{other:?}"),
        };
        assert!(anomaly(judge(&[3, 2, 0, 1, 0])).contains("only 400ms after"));
        assert!(anomaly(judge(&[0, 0, 0, 0, 2])).contains("2 objects still differ"));
        assert!(matches!(judge(&[0, 0]), Verdict::Unknown(_)), "too short to tell");
        assert!(matches!(check(&Record::default(), Span::ZERO), Verdict::Unknown(_)), "nobody looked");
    }
}
