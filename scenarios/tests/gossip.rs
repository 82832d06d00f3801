//! Published numbers of epidemic protocols, from the library's scenarios (../shared references: Demers et al. 1987).

use scenarios::run::{RunOptions, run};

/// The means of metrics over seeds, of a scenario with overrides.
fn means<const N: usize>(name: &str, set: &[&str], seeds: u64, metrics: [&str; N]) -> [f64; N] {
    let set: Vec<String> = set.iter().map(|text| (*text).to_string()).collect();
    let loaded = scenarios::load(name, &set).unwrap_or_else(|error| panic!("{error}"));
    let mut sums = [0.0; N];
    for seed in 1..=seeds {
        let outcome = run(&loaded, seed, &RunOptions { unchecked: true });
        for (sum, metric) in sums.iter_mut().zip(metrics) {
            *sum += outcome.metrics.get(metric).copied().unwrap_or_else(|| panic!("no metric {metric}"));
        }
    }
    sums.map(|sum| sum / seeds as f64)
}

/// Whether two numbers are within a share of each other.
fn close(what: &str, ours: f64, theirs: f64, share: f64) {
    assert!((ours / theirs - 1.0).abs() <= share, "{what}: ours {ours:.4}, published {theirs}");
}

/// Table 2 of the paper: push, blind, coin.
#[test]
fn blind_coins_push() {
    let table = [(2, 0.20, 1.6, 33.0), (3, 0.060, 2.8, 32.0), (4, 0.021, 3.9, 32.0), (5, 0.008, 4.9, 32.0)];
    for (k, residue, traffic, last) in table {
        let coin = format!("model.Rumor.interest=Coin(k: {k}.0)");
        let set = [coin.as_str()];
        let ours = means("gossip/rumor-variants", &set, 200, ["residue", "traffic", "rounds_last"]);
        println!("coin k={k}: {ours:?}");
        let share = if residue < 0.01 { 0.2 } else { 0.12 };
        close("residue", ours[0], residue, share);
        close("traffic", ours[1], traffic, 0.04);
        assert!((ours[2] - last).abs() <= 2.0, "t_last: ours {}, published {last}", ours[2]);
    }
}
