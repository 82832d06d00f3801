//! Golden fingerprints of worlds that use every part of the engine: what is made faster must stay what it was.

mod common;

use common::{Config, clients, config, record};
use sim_core::disk::DiskConfig;
use sim_core::fault::{Crash, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::network::Draws;
use sim_core::network::link::GilbertElliott;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;
use sim_core::units::{Bandwidth, Bytes, Ratio};
use sim_core::world::WorldConfig;

fn ratio(share: f64) -> Ratio {
    Ratio::new(share).expect("a ratio")
}

fn busy() -> WorldConfig<Config> {
    let mut config = config(5, Span::ms(20));
    config.clients = vec![clients(3, 40.0, Span::ms(15), 3)];
    config.groups[0].disk =
        DiskConfig { sync: Distribution::Exponential { mean: Span::ms(1) }, bandwidth: None };
    config
}

fn impaired(change: impl Fn(&mut WorldConfig<Config>)) -> WorldConfig<Config> {
    let mut config = busy();
    change(&mut config);
    config
}

fn faults() -> WorldConfig<Config> {
    let mut config = busy();
    let every = |ms| Trigger::Every {
        gap: Distribution::Exponential { mean: Span::ms(ms) },
        from: Span::ZERO,
        until: None,
    };
    let list = [
        Fault::Crash(Crash::LoseUnsynced),
        Fault::Pause,
        Fault::partition(Shape::Isolate),
        Fault::Loss(ratio(0.2)),
        Fault::Delay(Distribution::Exponential { mean: Span::ms(3) }),
        Fault::Duplicate(ratio(0.2)),
        Fault::ClockDrift { ppm: 100_000.0 },
        Fault::Slow { factor: 2.0, extra: Span::us(300) },
    ];
    for (i, fault) in list.into_iter().enumerate() {
        config
            .faults
            .push(FaultLine::new(every(700 + 100 * i as u64), Target::One, fault).lasting(Span::ms(300)));
    }
    config
}

/// So many nodes that what is due soon is fetched ahead. Each sends to a few of them.
fn large(change: impl Fn(&mut WorldConfig<Config>)) -> WorldConfig<Config> {
    let mut config = faults();
    config.groups[0].count = 5_000;
    config.groups[0].config.beat = Span::secs(1);
    change(&mut config);
    config
}

/// Every world of the list, by name.
fn worlds() -> Vec<(&'static str, WorldConfig<Config>)> {
    vec![
        ("plain", busy()),
        ("many nodes", config(200, Span::ms(500))),
        ("tie-break", impaired(|c| c.tie_break = Some(5))),
        ("fixed latency", impaired(|c| c.network.link.latency = Distribution::Fixed(Span::ms(5)))),
        ("by sender", impaired(|c| c.network.draws = Draws::PerSender)),
        (
            "loss, duplication",
            impaired(|c| {
                c.network.link.loss = ratio(0.1);
                c.network.link.duplicate = ratio(0.1);
            }),
        ),
        (
            "reordered, corrupted",
            impaired(|c| {
                (c.network.link.reorder, c.network.link.reorder_by) = (ratio(0.3), Span::ms(9));
                c.network.link.corrupt = ratio(0.05);
            }),
        ),
        (
            "a narrow link",
            impaired(|c| {
                c.network.link.bandwidth = Bandwidth::bytes_per_second(4_000.0);
                (c.network.link.queue, c.network.link.in_order) = (Some(Bytes(200)), true);
                let (to_bad, to_good) = (ratio(0.05), ratio(0.2));
                c.network.link.burst =
                    Some(GilbertElliott { to_bad, to_good, loss_good: Ratio::ZERO, loss_bad: ratio(0.7) });
            }),
        ),
        (
            "slow processors, wrong clocks",
            impaired(|c| {
                c.groups[0].processor.message = Distribution::Exponential { mean: Span::ms(2) };
                c.groups[0].clock.offset = Span::secs(1);
                c.groups[0].clock.drift_ppm = 500.0;
            }),
        ),
        ("faults", faults()),
        ("a large world", large(|c| c.network.draws = Draws::PerSender)),
        ("a large world by link, tie-break", large(|c| c.tie_break = Some(5))),
    ]
}

#[test]
fn worlds_are_what_they_always_were() {
    let lines: Vec<String> = worlds()
        .into_iter()
        .map(|(name, config)| {
            let record = record(config);
            format!("{} {} {name}", record.fingerprint, record.events)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    83d0cd9a10c4161c4089351561a83c28 17825 plain
    04c147b45beebee26262f2b4e6542be3 760401 many nodes
    01a5559c5713b2f6a849e49cad303701 17825 tie-break
    45be38cae4570737f0fe779e3d6ecd7e 17145 fixed latency
    ce61228c7a47df2cdffb7032614caac5 17879 by sender
    b6ab764999a3056c96dc2540b93ea9af 18510 loss, duplication
    d07dc4026be3ad1870de8a1f7a7f7bbd 18844 reordered, corrupted
    cf22495a09262e70bd2dc6e346b3b65b 25653 a narrow link
    9699f8c0d8a9ac3575b088d170ad44ef 17970 slow processors, wrong clocks
    372e32bb91500cf359227c70cff3464c 16111 faults
    734bcc4b9ed2845c48fe19ab222bd14a 285429 a large world
    f43511c3833304c75f22cecbbd659e67 285405 a large world by link, tie-break
    ");
}
