//! A comparison in sentences: what each metric says, what was not reached, and what to choose.

use checks::metrics::direction::Better;

use super::Plan;
use super::judge::{Comparison, MetricComparison};

/// With fewer worlds no difference can be told: even if one side wins all, a fair coin does so once in sixteen times.
const WORLDS_MIN: u64 = 6;

/// The sentences, the last of which says what to choose.
pub(super) fn conclusions(plan: &Plan, found: &Comparison) -> Vec<String> {
    let asked = !plan.metrics.is_empty();
    let missing = plan.metrics.iter().filter(|metric| !found.metrics.contains_key(&metric.name));
    let mut said: Vec<String> =
        missing.map(|metric| format!("{}: no world has it under every candidate", metric.name)).collect();
    for (name, metric) in &found.metrics {
        said.extend(partial(found, name, metric).filter(|_| asked));
        said.extend(too_wide(plan, name, metric));
    }
    said.extend(found.metrics.iter().map(|(name, metric)| conclude(found, name, metric)));
    said.extend(overall(found).filter(|_| asked));
    said
}

/// A sentence where a metric is there in some of the worlds only.
fn partial(found: &Comparison, name: &str, metric: &MetricComparison) -> Option<String> {
    let (runs, worlds) = (metric.candidates[found.baseline].runs, found.seeds.len() as u64);
    (runs < worlds).then(|| {
        format!("{name}: only {runs} of {worlds} worlds have it under every candidate; nothing is said of the others")
    })
}

/// A sentence where the precision that was asked for was not reached.
fn too_wide(plan: &Plan, name: &str, metric: &MetricComparison) -> Option<String> {
    let wanted = plan.precision?;
    let base = &metric.candidates[plan.baseline];
    let widest = metric.differences.iter().map(|difference| difference.ci95).fold(0.0, f64::max);
    if base.mean == 0.0 && widest > 0.0 {
        return Some(format!("{name}: the baseline's mean is 0, of which no interval is a share"));
    }
    // The target is a share of the first stage's mean, which is not quite that of all worlds.
    let reached = widest / base.mean.abs();
    (reached > wanted * 1.05).then(|| {
        format!(
            "{name}: {:.2}% was not reached: ± {:.2}% after {} worlds (--seeds-max {})",
            100.0 * wanted,
            100.0 * reached,
            base.runs,
            plan.seeds_max
        )
    })
}

/// A candidate's difference in words: with its interval and as a share of the baseline's mean.
fn difference(found: &Comparison, metric: &MetricComparison, candidate: usize) -> String {
    let own = &metric.differences[candidate];
    let base = metric.candidates[found.baseline].mean;
    let share = if base == 0.0 { String::new() } else { format!(", {:+.1}%", 100.0 * own.mean / base) };
    format!("{:+.4} ± {:.4}{share}", own.mean, own.ci95)
}

/// One sentence: what to choose by this metric, or that the data cannot tell.
fn conclude(found: &Comparison, name: &str, metric: &MetricComparison) -> String {
    let (labels, base) = (&found.labels, &found.labels[found.baseline]);
    let worlds = metric.candidates[found.baseline].runs;
    if worlds < WORLDS_MIN {
        return format!("{name}: {worlds} worlds are too few to tell a difference; add seeds");
    }
    let different: Vec<usize> = (0..labels.len()).filter(|c| metric.is_different(*c)).collect();
    if different.is_empty() {
        let widest = metric.differences.iter().map(|own| own.ci95).fold(0.0, f64::max);
        return format!(
            "{name}: the data cannot tell the candidates from {base} ({worlds} worlds, ± {widest:.4})"
        );
    }
    let Some(best) = metric.best else {
        let each = different.iter().map(|c| format!("{} by {}", labels[*c], difference(found, metric, *c)));
        return format!("{name}: different from {base}: {}", each.collect::<Vec<_>>().join("; "));
    };
    let alike = names(found, &metric.alike);
    let but =
        if alike.is_empty() { String::new() } else { format!("; the data cannot tell it from {alike}") };
    if best == found.baseline {
        let gain = |c: &usize| metric.gain(*c);
        let next = different.iter().copied().max_by(|a, b| gain(a).total_cmp(&gain(b))).unwrap_or(best);
        return format!(
            "{name}: stay with {base}; {} is worse by {}{but}",
            labels[next],
            difference(found, metric, next)
        );
    }
    let words = difference(found, metric, best);
    format!("{name}: choose {} ({words} against {base}, {worlds} worlds){but}", labels[best])
}

/// The labels of candidates in a row.
fn names(found: &Comparison, places: &[usize]) -> String {
    let labels: Vec<&str> = places.iter().map(|place| found.labels[*place].as_str()).collect();
    match labels.as_slice() {
        [] => String::new(),
        [one] => (*one).to_string(),
        [front @ .., last] => format!("{} or {last}", front.join(", ")),
    }
}

/// What to choose by all metrics whose better way is known, if there are several: a candidate that is, by each, the best
/// or not told from it.
fn overall(found: &Comparison) -> Option<String> {
    let known: Vec<(&String, &MetricComparison)> =
        found.metrics.iter().filter(|(_, metric)| metric.better != Better::Unknown).collect();
    let enough = known.iter().all(|(_, metric)| metric.candidates[found.baseline].runs >= WORLDS_MIN);
    if known.len() < 2 || !enough {
        return None;
    }
    if known.iter().all(|(_, metric)| metric.best.is_none()) {
        return Some("Overall: the data cannot tell the candidates apart".into());
    }
    let good = |c: usize, metric: &MetricComparison| match metric.best {
        None => true,
        Some(best) => best == c || metric.alike.contains(&c),
    };
    let in_all: Vec<usize> =
        (0..found.labels.len()).filter(|c| known.iter().all(|(_, metric)| good(*c, metric))).collect();
    Some(match in_all.as_slice() {
        [] => {
            let by = known
                .iter()
                .filter_map(|(name, metric)| Some(format!("{} by {name}", found.labels[metric.best?])));
            format!(
                "Overall: none is best by every metric: {}; weigh them",
                by.collect::<Vec<_>>().join(", ")
            )
        }
        several => format!(
            "Overall: choose {}: by every metric the best, or not told from it",
            names(found, several)
        ),
    })
}
