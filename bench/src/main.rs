//! Squall and its peers on the same workloads, side by side.
mod bare;
mod squall;
mod worker;
use bare::queues::{Calendar, Heap, Radix};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: u32 = a[3].parse().unwrap();
    let b: f64 = a[4].parse().unwrap();
    let m = match (a[1].as_str(), a[2].as_str()) {
        ("squall", "H") => squall::hold(n, b),
        ("squall", "P") => squall::ping(n, b),
        ("squall", "S") => squall::seeds(b),
        ("squall", "S2") => squall::seeds_parallel(b),
        ("heap", "H") => bare::hold::<Heap>(n, b),
        ("heap", "P") => bare::ping::<Heap>(n, b),
        ("heap", "S") => bare::seeds::<Heap>(b),
        ("radix", "H") => bare::hold::<Radix>(n, b),
        ("radix", "P") => bare::ping::<Radix>(n, b),
        ("radix", "S") => bare::seeds::<Radix>(b),
        ("cal", "H") => bare::hold::<Calendar>(n, b),
        ("cal", "P") => bare::ping::<Calendar>(n, b),
        ("cal", "S") => bare::seeds::<Calendar>(b),
        ("squall", "Hi") => { let mut w = squall::hold_world(n); squall::fixed(&mut w, b) }
        ("squall", "Pi") => { let mut w = squall::ping_world(1, n, u32::MAX, sim_core::network::Draws::PerLink); squall::fixed(&mut w, b) }
        ("squall", "Si") => { let mut t = 0; for i in 0..n { t += squall::seed(i.into()); } worker::Measured::new(t, 1.0) }
        ("cal", "Si") => { bare::seeds_n::<Calendar>(n) }
        ("heap", "Si") => { bare::seeds_n::<Heap>(n) }
        _ => panic!(),
    };
    println!("{:8} {:3} {:8}  {:10.3} M/s  {:.1} ns  {} KiB", a[1], a[2], n, m.rate() / 1e6, 1e9 / m.rate(), m.peak_kib);
}
