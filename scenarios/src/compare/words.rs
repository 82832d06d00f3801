//! A comparison in sentences: what each metric says, what was not reached, and what to choose.

use checks::metrics::direction::Better;
use checks::statistics::paired::LEVEL;

use super::Plan;
use super::judge::{Bound, Comparison, MetricComparison, pairs};

/// With fewer worlds no difference can be told: even where one side wins all of them, a fair coin does so too often among
/// so many pairs.
fn worlds_min(found: &Comparison) -> u64 {
    let pairs = found.metrics.values().flat_map(|metric| &metric.differences);
    let mut chance = pairs.filter(|own| own.smaller + own.greater > 0).count().max(1) as f64 * 2.0;
    let mut worlds = 0;
    while chance >= LEVEL {
        chance /= 2.0;
        worlds += 1;
    }
    worlds
}

/// The sentences, the last of which says what to choose.
pub(super) fn conclusions(plan: &Plan, found: &Comparison) -> Vec<String> {
    let asked = !plan.metrics.is_empty();
    let missing = plan.metrics.iter().filter(|metric| !found.metrics.contains_key(&metric.name));
    let mut said: Vec<String> = (0..found.labels.len()).filter_map(|c| unsound(found, c)).collect();
    said.extend(missing.map(|metric| format!("{}: no world has it under every candidate", metric.name)));
    if !asked {
        said.extend(unasked(found));
        return said;
    }
    for (name, metric) in &found.metrics {
        said.extend(partial(found, name, metric));
        said.extend(too_wide(plan, name, metric));
    }
    said.extend(found.metrics.iter().map(|(name, metric)| conclude(found, name, metric)));
    said.extend(found.bounds.iter().map(|bound| kept(found, bound)));
    said.extend(if found.bounds.is_empty() { overall(found) } else { bounded(plan, found) });
    said
}

/// That worlds of a candidate did not go as its scenario expects, with the command that shows the first.
fn unsound(found: &Comparison, candidate: usize) -> Option<String> {
    let (count, seed) = (found.unexpected[candidate], found.unexpected_first[candidate]?);
    let (scenario, overrides, _) = &found.scenarios[candidate];
    let but = match (0..found.labels.len()).min_by_key(|c| found.unexpected[*c]) {
        Some(soundest) if !found.is_sound(candidate) => {
            format!(", more than of {}: it is not to be chosen", found.labels[soundest])
        }
        _ => String::new(),
    };
    Some(format!(
        "{}: {count} of {} worlds did not go as the scenario expects{but}; the first: {}",
        found.labels[candidate],
        found.seeds.len(),
        crate::replay::command("run", scenario, overrides, seed)
    ))
}

/// Where no metric was asked for: a sentence for each by which something is told, and one for all the others.
fn unasked(found: &Comparison) -> Vec<String> {
    let (least, worlds) = (worlds_min(found), found.seeds.len() as u64);
    if worlds < least {
        return vec![format!(
            "{worlds} worlds are too few to tell any difference for sure; it takes {least} with so many pairs. Add seeds, or name \
             the metrics that matter"
        )];
    }
    let told = |metric: &MetricComparison| (0..found.labels.len()).any(|c| metric.is_different(c));
    let (clear, other): (Vec<_>, Vec<_>) = found.metrics.iter().partition(|(_, metric)| told(metric));
    let mut said: Vec<String> =
        clear.into_iter().map(|(name, metric)| conclude(found, name, metric)).collect();
    if !other.is_empty() {
        said.push(format!("by the other {} metrics the data cannot tell the candidates apart", other.len()));
    }
    said.push("Name the metrics that matter for what to choose: --metric NAME,NAME".into());
    said
}

/// A sentence where a metric is there in some of the worlds only.
fn partial(found: &Comparison, name: &str, metric: &MetricComparison) -> Option<String> {
    let (runs, worlds) = (metric.candidates[found.baseline].runs, found.seeds.len() as u64);
    (runs < worlds).then(|| {
        let lack = found.labels.iter().zip(&metric.missing).filter(|(_, missing)| **missing > 0);
        let lack: Vec<String> = lack.map(|(label, missing)| format!("{label} lacks it in {missing}")).collect();
        format!(
            "{name}: only {runs} of {worlds} worlds have it under every candidate ({}); nothing is said of the others, which may \
             be the hard ones",
            lack.join(", ")
        )
    })
}

/// Whether there are as many worlds as there may be.
fn found_all(plan: &Plan, worlds: u64) -> bool {
    worlds >= plan.seeds_max
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
    let why = if found_all(plan, base.runs) {
        format!("--seeds-max {}", plan.seeds_max)
    } else {
        "all worlds vary more than the first, which said how many there were to be; begin with more --seeds"
            .into()
    };
    (reached > wanted * 1.05).then(|| {
        format!(
            "{name}: {:.2}% was not reached: ± {:.2}% after {} worlds ({why})",
            100.0 * wanted,
            100.0 * reached,
            base.runs
        )
    })
}

/// A candidate's difference in words: with its interval and as a share of the baseline's mean.
fn difference(found: &Comparison, metric: &MetricComparison, candidate: usize) -> String {
    let own = &metric.differences[candidate];
    let base = metric.candidates[found.baseline].mean;
    let sign = if own.mean > 0.0 { "+" } else { "" };
    let share = if base == 0.0 { String::new() } else { format!(", {:+.1}%", 100.0 * own.mean / base) };
    format!("{sign}{} ± {}{share}", number(own.mean), half(own.ci95, own.worlds))
}

/// Half the width of an interval; of one world there is none.
fn half(ci95: f64, worlds: u64) -> String {
    if worlds > 1 { number(ci95) } else { "?".into() }
}

/// A number with as many decimals as its size leaves of worth.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 1_000.0 || size == 0.0 => 0,
        size if size >= 10.0 => 2,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// One sentence: what to choose by this metric, or that the data cannot tell.
fn conclude(found: &Comparison, name: &str, metric: &MetricComparison) -> String {
    let (labels, base) = (&found.labels, &found.labels[found.baseline]);
    let worlds = metric.candidates[found.baseline].runs;
    let least = worlds_min(found);
    if worlds < least {
        return format!(
            "{name}: {worlds} worlds are too few to tell any difference for sure; it takes {least} with so many pairs"
        );
    }
    let different: Vec<usize> = (0..labels.len()).filter(|c| metric.is_different(*c)).collect();
    if different.is_empty() {
        return untold(found, name, metric);
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
        let worse = different.iter().copied().filter(|c| metric.gain(*c) < 0.0);
        let Some(next) = worse.max_by(|a, b| gain(a).total_cmp(&gain(b))) else {
            return format!("{name}: stay with {base}: what is better breaks its checks{but}");
        };
        return format!(
            "{name}: stay with {base}; {} is worse by {}{but}",
            labels[next],
            difference(found, metric, next)
        );
    }
    let words = difference(found, metric, best);
    let though = match () {
        () if found.is_sound(found.baseline) || metric.gain(best) >= 0.0 => "",
        () => "; what is better breaks its checks",
    };
    format!("{name}: choose {} ({words} against {base}, {worlds} worlds){but}{though}", labels[best])
}

/// That no difference can be told, and how large it may still be.
fn untold(found: &Comparison, name: &str, metric: &MetricComparison) -> String {
    let (base, worlds) = (&found.labels[found.baseline], metric.candidates[found.baseline].runs);
    if !metric.differences.iter().any(|own| own.smaller + own.greater > 0) {
        // The rule of three: what happens in a share p of the worlds is missed by n of them with (1 − p)ⁿ, 5% at 3/n.
        return format!(
            "{name}: no difference in {worlds} worlds; a rare one may be in up to {:.1}% of all",
            300.0 / worlds as f64
        );
    }
    let widest = metric.differences.iter().map(|own| own.ci95).fold(0.0, f64::max);
    let always = (0..found.labels.len()).find_map(|c| {
        let own = &metric.differences[c];
        let way = if own.greater == worlds { "greater" } else { "less" };
        (own.greater.max(own.smaller) == worlds).then(|| {
            format!(
                "; {} was {way} in all of them, by how much varies too widely: add seeds",
                found.labels[c]
            )
        })
    });
    format!(
        "{name}: the data cannot tell the candidates from {base} ({worlds} worlds, ± {}){}",
        number(widest),
        always.unwrap_or_default()
    )
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
    let enough = known.iter().all(|(_, metric)| metric.candidates[found.baseline].runs >= worlds_min(found));
    if known.len() < 2 || !enough {
        return None;
    }
    if known.iter().all(|(_, metric)| metric.best.is_none()) {
        return Some("Overall: the data cannot tell the candidates apart".into());
    }
    let good = |c: usize, metric: &MetricComparison| match metric.best {
        _ if !found.is_sound(c) => false,
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
                "Overall: no candidate is best by every metric: {}; weigh them",
                by.collect::<Vec<_>>().join(", ")
            )
        }
        several => format!(
            "Overall: choose {}: by every metric the best, or not told from it",
            names(found, several)
        ),
    })
}

/// Who keeps a bound.
fn kept(found: &Comparison, bound: &Bound) -> String {
    let of = |wanted: Option<bool>| {
        (0..found.labels.len())
            .filter(|c| bound.kept[*c] == wanted)
            .map(|c| found.labels[c].as_str())
            .collect()
    };
    let parts = [("kept by", Some(true)), ("not by", Some(false)), ("the data cannot tell for", None)];
    let words = parts.into_iter().filter_map(|(words, wanted)| {
        let labels: Vec<&str> = of(wanted);
        (!labels.is_empty()).then(|| format!("{words} {}", labels.join(", ")))
    });
    format!("{}: {}", bound.text, words.collect::<Vec<_>>().join("; "))
}

/// What to choose among the candidates that keep all bounds: the best by the first metric.
fn bounded(plan: &Plan, found: &Comparison) -> Option<String> {
    let keeps =
        |c: &usize| found.is_sound(*c) && found.bounds.iter().all(|bound| bound.kept[*c] == Some(true));
    let among: Vec<usize> = (0..found.labels.len()).filter(keeps).collect();
    let name = &plan.metrics.first()?.name;
    let metric = found.metrics.get(name).filter(|metric| metric.better != Better::Unknown)?;
    let gain = |c: &usize| metric.gain(*c);
    let Some(best) = among.iter().rev().copied().max_by(|a, b| gain(a).total_cmp(&gain(b))) else {
        return Some("Overall: no candidate keeps all bounds for sure".into());
    };
    let pairs = pairs(found.labels.len(), found.metrics.len());
    let alike: Vec<usize> =
        among.into_iter().filter(|c| *c != best && !metric.are_told_apart(*c, best, pairs)).collect();
    let but = match names(found, &alike) {
        none if none.is_empty() => String::new(),
        alike => format!("; the data cannot tell it from {alike}"),
    };
    let own = &metric.candidates[best];
    let against = if best == found.baseline {
        String::new()
    } else {
        format!(", {} against {}", difference(found, metric, best), found.labels[found.baseline])
    };
    Some(format!(
        "Overall: of those that keep the bounds choose {}: {name} {} ± {}{against}{but}",
        found.labels[best],
        number(own.mean),
        half(own.ci95, own.runs)
    ))
}
