//! The study of backoff and jitter, reproduced.

use models::contention::{Contention, ContentionNode};
use models::policy::{Backoff, Jitter};
use sim_core::network::link::LinkConfig;
use sim_core::random::distribution::Distribution;
use sim_core::time::{Span, Time};
use sim_core::world::{World, WorldConfig};

/// Mean completion in milliseconds and mean calls of ten contenders, over many seeds.
fn study(backoff: Backoff) -> (f64, f64) {
    let (mut time, mut calls) = (0.0, 0.0);
    let runs = 1000;
    for seed in 0..runs {
        let leg = Distribution::FoldedNormal { mean: Span::ms(10), deviation: Span::ms(2) };
        let link = LinkConfig::with_latency(leg);
        let mut config = WorldConfig::new(seed, 11, Contention { backoff }, link, Vec::new());
        config.run_for(Span::secs(100));
        let mut world: World<ContentionNode> = World::new(config).expect("a sound world");
        assert!(world.run(Time::ZERO + Span::secs(100), &mut ()).is_continue());
        let record = world.finish();
        assert_eq!(record.marks["accepted"], 10);
        calls += record.marks["write"] as f64;
        time += record.measures["done us"].iter().map(|m| m.value).max().unwrap_or(0) as f64 / 1000.0;
    }
    (time / runs as f64, calls / runs as f64)
}

#[test]
fn jitter_does_what_the_study_says() {
    // The study counts attempts from 1 and waits base·2ⁿ, so its base of 5 ms is a first wait of 10 ms; decorrelated
    // jitter starts from the base itself.
    let exponential = |jitter| Backoff::Exponential { base: Span::ms(10), cap: Span::ms(2000), jitter };
    let decorrelated =
        Backoff::Exponential { base: Span::ms(5), cap: Span::ms(2000), jitter: Jitter::Decorrelated };
    for (name, backoff, ms, calls, tolerance) in [
        ("exponential", exponential(Jitter::None), 3418.0, 51.0, 0.12),
        ("decorrelated", decorrelated, 431.0, 38.0, 0.08),
        ("equal", exponential(Jitter::Equal), 703.0, 42.0, 0.08),
        ("full", exponential(Jitter::Full), 460.0, 39.0, 0.08),
        ("none", Backoff::None, 381.0, 51.0, 0.08),
    ] {
        let (time, count) = study(backoff);
        println!("{name}: {time:.0} ms ({ms}), {count:.1} calls ({calls})");
        assert!((time / ms - 1.0).abs() < tolerance, "{name}: {time} ms, {ms} published");
        assert!((count / calls - 1.0).abs() < 0.03, "{name}: {count} calls, {calls} published");
    }
}
