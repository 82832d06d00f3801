//! The page of a run and of an exploration: one HTML file with its pictures inside and nothing from outside, for
//! reading, for sending and for printing.
//!
//! Deliberately absent: scripts. Everything is there at once, and a browser's search finds it.

use checks::verdict::Verdict;
use sim_core::record::Record;

use crate::case::Case;
use crate::entry::Picture;
use crate::evidence::{circumstances, exhibits};
use crate::heading::run_name;
use crate::input::{Distributions, Run};
use crate::lanes::end_ns;
use crate::number::{duration, instant, metric, unit_of, whole};
use crate::text::{count, escape, words};

/// The look of a page: light or dark as the reader has it, white on paper.
const STYLE: &str = include_str!("page.css");
/// At most this many rows of a table; the record has them all.
const ROWS_MAX: usize = 200;

/// The page of a run, with these pictures inside.
#[must_use]
pub fn run_page(run: &Run<'_>, pictures: &[Picture]) -> String {
    let record = run.record;
    let mut body = String::new();
    let verdict = run.verdict();
    body.push_str(&format!("<h1>{}</h1>\n", escape(&run_name(record))));
    if !run.about.is_empty() {
        body.push_str(&format!("<p>{}</p>\n", escape(run.about)));
    }
    let expected = match (run.as_expected, verdict) {
        (Some(true), "fail") => " This is what the scenario is made to show.",
        (Some(false), _) => " The scenario expects otherwise.",
        _ => "",
    };
    let concluded = format!("{}{expected}", conclusion(run));
    body.push_str(&format!("<p class=\"verdict {verdict}\">{}</p>\n", escape(&concluded)));
    body.push_str(&identity(run));
    let (witnesses, plots): (Vec<&Picture>, Vec<&Picture>) =
        pictures.iter().partition(|(name, _)| name.starts_with("witness") || name.starts_with("cycle"));
    body.push_str(&checks(run));
    for (_, svg) in witnesses.into_iter().chain(plots) {
        body.push_str(&figure(svg));
    }
    body.push_str(&metrics(run.metrics));
    body.push_str(&faults(record));
    body.push_str(&marks(record));
    body.push_str(&network(record));
    page(&run_name(record), &body)
}

/// The page of an exploration, with its picture inside.
#[must_use]
pub fn exploration_page(input: &Distributions, pictures: &[&str]) -> String {
    let scenario = if input.scenario.is_empty() { "unnamed scenario" } else { &input.scenario };
    let title = format!("{scenario} · {}", count(input.seeds.len() as u64, "seed"));
    let mut body = format!("<h1>{}</h1>\n", escape(&title));
    let failed = input.failures.len() as u64;
    let (class, text) = match (failed, input.seeds.is_empty()) {
        (_, true) => ("unknown", "No runs.".to_string()),
        (0, false) => ("pass", "Every check passed on every seed.".to_string()),
        _ => ("fail", format!("{}.", count(failed, "failure"))),
    };
    body.push_str(&format!("<p class=\"verdict {class}\">{}</p>\n", escape(&text)));
    if !input.replay.is_empty() {
        body.push_str(&format!("<p>Again: <code>{}</code></p>\n", escape(&input.replay)));
    }
    for picture in pictures {
        body.push_str(&figure(picture));
    }
    let rows: Vec<Vec<String>> = input
        .failures
        .iter()
        .map(|failure| {
            let seed = input.seeds.get(failure.run).map_or_else(String::new, u64::to_string);
            vec![seed, failure.check.clone(), failure.detail.clone(), failure.replay.clone()]
        })
        .collect();
    body.push_str(&table("Failures", &["seed", "check", "why", "replay"], &rows, &[0]));
    page(&title, &body)
}

pub(crate) fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · Squall</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// A picture inside the page; it carries its own title and description.
pub(crate) fn figure(svg: &str) -> String {
    // Inside a page the width is the page's; the view box keeps the shape.
    format!("<figure>\n{svg}</figure>\n")
}

/// A table with a heading; nothing if it has no rows. `numbers` are the columns of numbers.
pub(crate) fn table(title: &str, head: &[&str], rows: &[Vec<String>], numbers: &[usize]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let class = |column: usize| if numbers.contains(&column) { " class=\"n\"" } else { "" };
    let mut html = format!("<section>\n<h2>{}</h2>\n<table>\n<thead><tr>", escape(title));
    for (column, name) in head.iter().enumerate() {
        html.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(column), escape(name)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows.iter().take(ROWS_MAX) {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            html.push_str(&format!("<td{}>{}</td>", class(column), escape(cell)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    if rows.len() > ROWS_MAX {
        let more = whole((rows.len() - ROWS_MAX) as u64);
        html.push_str(&format!("<p class=\"aside\">and {more} more in the record</p>\n"));
    }
    html.push_str("</section>\n");
    html
}

fn conclusion(run: &Run<'_>) -> String {
    let failed: Vec<&str> = run.witnesses().map(|(check, _)| check).collect();
    match run.verdict() {
        "fail" if !failed.is_empty() => format!("Violated: {}.", failed.join(", ")),
        "fail" => match &run.record.violation {
            Some(violation) => format!("Violated: {}.", violation.property),
            None => "Violated.".into(),
        },
        "pass" => format!("Passed: {}.", count(run.findings.len() as u64, "check")),
        _ if run.findings.is_empty() => "Not judged.".into(),
        _ => "Undecided: a check could not tell.".into(),
    }
}

fn identity(run: &Run<'_>) -> String {
    let record = run.record;
    let (ok, failed, unknown) = record.history.counts();
    let operations = format!("{} ok, {} failed, {} unknown", whole(ok), whole(failed), whole(unknown));
    let mut rows = vec![
        ("scenario", record.scenario.clone()),
        ("seed", record.seed.to_string()),
        ("fingerprint", record.fingerprint.to_string()),
        ("scenario hash", record.scenario_hash.clone()),
        ("simulated time", duration(record.ended.0 as f64)),
        ("events", whole(record.events)),
        ("nodes", whole(record.nodes.len() as u64)),
        ("operations", operations),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    let mut html = String::new();
    if !run.replay.is_empty() {
        html.push_str(&format!("<p>Again: <code>{}</code></p>\n", escape(run.replay)));
    }
    html.push_str("<dl>\n");
    for (name, value) in rows {
        let code = matches!(name, "fingerprint" | "scenario hash");
        let value = escape(&value);
        let value = if code { format!("<code>{value}</code>") } else { value };
        html.push_str(&format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
    }
    html.push_str("</dl>\n");
    html
}

/// What each check said, violations with their story.
fn checks(run: &Run<'_>) -> String {
    let record = run.record;
    let (end, case) = (end_ns(record), Case::of_run(record));
    let mut html = String::new();
    if let Some(violation) = &record.violation {
        html.push_str(&format!(
            "<li class=\"fail\"><strong>{}</strong> violated at {}, node {}: {}</li>\n",
            escape(&violation.property),
            instant(violation.at.0, end),
            escape(&node_name(record, violation.node)),
            escape(&violation.detail)
        ));
    }
    for finding in run.findings {
        let word = finding.verdict.word();
        html.push_str(&format!("<li class=\"{word}\"><strong>{}</strong>: {word}", escape(&finding.check)));
        match &finding.verdict {
            Verdict::Fail(witness) => {
                html.push_str(&format!(" · {}. {}", escape(&witness.anomaly), escape(&witness.headline)));
                html.push_str("\n<ol class=\"story\">\n");
                for step in &witness.story {
                    html.push_str(&format!("<li>{}</li>\n", escape(step)));
                }
                html.push_str("</ol>\n");
                let (exhibits, more) = exhibits(witness, &case);
                for exhibit in &exhibits {
                    let (what, how) = (&exhibit.words, circumstances(exhibit.entry, &case));
                    html.push_str(&format!(
                        "<p class=\"aside\"><code>{}</code> {}</p>\n",
                        escape(what),
                        escape(&how)
                    ));
                }
                if more > 0 {
                    html.push_str(&format!("<p class=\"aside\">and {more} more operations</p>\n"));
                }
            }
            Verdict::Unknown(why) => html.push_str(&format!(" · {}", escape(why))),
            Verdict::Pass if !finding.detail.is_empty() => {
                html.push_str(&format!(" · {}", escape(&finding.detail)));
            }
            Verdict::Pass => {}
        }
        html.push_str("</li>\n");
    }
    if html.is_empty() {
        html
    } else {
        format!("<section>\n<h2>Checks</h2>\n<ul>\n{html}</ul>\n</section>\n")
    }
}

fn metrics(metrics: &[(String, f64)]) -> String {
    let row = |(name, value): &(String, f64)| vec![unit_of(name, *value).0, metric(name, *value)];
    let rows: Vec<Vec<String>> = metrics.iter().map(row).collect();
    table("Metrics", &["metric", "value"], &rows, &[1])
}

fn faults(record: &Record) -> String {
    let end = end_ns(record);
    let row = |fault: &sim_core::record::Injection| {
        let until = match fault.until {
            Some(until) if until == fault.at => String::new(),
            Some(until) => instant(until.0, end),
            None => "end".into(),
        };
        vec![instant(fault.at.0, end), until, words(&fault.fault), fault.detail.clone()]
    };
    let rows: Vec<Vec<String>> = record.faults.iter().map(row).collect();
    table("Faults", &["from", "until", "fault", "on"], &rows, &[0, 1])
}

fn marks(record: &Record) -> String {
    let rows: Vec<Vec<String>> =
        record.marks.iter().map(|(name, count)| vec![name.clone(), whole(*count)]).collect();
    table("Marks", &["mark", "count"], &rows, &[1])
}

fn network(record: &Record) -> String {
    let counts = record.network;
    let all = [
        ("sent", counts.sent),
        ("delivered", counts.delivered),
        ("bytes", counts.bytes),
        ("lost on a link", counts.lost),
        ("duplicated", counts.duplicated),
        ("stopped by a partition", counts.blocked),
        ("dropped by a full queue or too large", counts.overflowed),
        ("dropped as damaged", counts.corrupted),
        ("arrived at a dead node", counts.to_dead),
        ("turned away by a full inbox", counts.inbox_full),
    ];
    let shown = all.iter().filter(|(_, count)| *count > 0);
    let rows: Vec<Vec<String>> =
        shown.map(|(name, count)| vec![(*name).to_string(), whole(*count)]).collect();
    table("Messages", &["messages", "count"], &rows, &[1])
}

fn node_name(record: &Record, node: sim_core::peer::Peer) -> String {
    let named = if node.is_client() { None } else { record.nodes.get(node.index()) };
    named.map_or_else(|| node.to_string(), |info| info.name.clone())
}
