//! The workloads on madsim 0.2: H a task a timer, P and S a node with an endpoint each.

#[path = "../../../src/random.rs"]
mod random;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use madsim::net::Endpoint;
use madsim::runtime::Runtime;
use madsim::{Config, time};
use random::Random;

static HANDLED: AtomicU64 = AtomicU64::new(0);

fn handled() -> u64 {
    HANDLED.load(Ordering::Relaxed)
}

/// The processor time of this process in seconds: within a simulation the system's clock is the simulated one.
fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("schedstat");
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}

fn report(events: u64, seconds: f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    println!("{{\"events\":{events},\"seconds\":{seconds},\"peak_kib\":{peak}}}");
}

/// Advances in slices of simulated time until the budget is used.
async fn measure(warm_up_ns: u64, slice_ns: u64, budget_s: f64) {
    time::sleep(Duration::from_nanos(warm_up_ns)).await;
    let (start, before) = (cpu_s(), handled());
    loop {
        time::sleep(Duration::from_nanos(slice_ns)).await;
        let seconds = cpu_s() - start;
        if seconds >= budget_s {
            return report(handled() - before, seconds);
        }
    }
}

async fn hold(pending: u32, budget_s: f64) {
    for task in 0..pending {
        let mut random = Random(u64::from(task) << 32);
        madsim::task::spawn(async move {
            loop {
                time::sleep(Duration::from_nanos(random.hold_ns())).await;
                HANDLED.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let slice = (1_000_000_000 * 10_000 / u64::from(pending)).clamp(50_000_000, 10_000_000_000);
    measure(slice.max(1_000_000_000), slice, budget_s).await;
}

fn address(node: u32) -> SocketAddr {
    let [_, a, b, c] = (node + 1).to_be_bytes();
    SocketAddr::from(([10, a, b, c], 9000))
}

async fn pass(me: u32, nodes: u32, hops: u32, mut random: Random) -> std::io::Result<()> {
    let endpoint = Endpoint::bind(address(me)).await?;
    // Every node is there before the first message goes.
    time::sleep(Duration::from_millis(1)).await;
    endpoint.send_to(address(random.other(me, nodes)), 1, &hops.to_le_bytes()).await?;
    let mut buffer = [0; 4];
    loop {
        endpoint.recv_from(1, &mut buffer).await?;
        HANDLED.fetch_add(1, Ordering::Relaxed);
        let hops = u32::from_le_bytes(buffer);
        if hops > 1 {
            endpoint.send_to(address(random.other(me, nodes)), 1, &(hops - 1).to_le_bytes()).await?;
        }
    }
}

fn runtime(seed: u64) -> Runtime {
    let mut config = Config::default();
    config.net.send_latency = Duration::from_millis(1)..Duration::from_millis(10);
    Runtime::with_seed_and_config(seed, config)
}

fn start_nodes(runtime: &Runtime, seed: u64, nodes: u32, hops: u32) {
    for me in 0..nodes {
        let node = runtime.create_node().ip(address(me).ip()).build();
        node.spawn(async move {
            let random = Random(seed ^ (u64::from(me) << 32));
            pass(me, nodes, hops, random).await.expect("a network");
        });
    }
}

fn seed(seed: u64) {
    HANDLED.store(0, Ordering::Relaxed);
    let runtime = Arc::new(runtime(seed));
    start_nodes(&runtime, seed, 5, 1_000);
    runtime.block_on(async {
        while handled() < 5_000 {
            time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert_eq!(handled(), 5_000);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let size: u32 = arguments[2].parse().expect("a size");
    let budget_s: f64 = arguments[3].parse().expect("seconds");
    match arguments[1].as_str() {
        "H" => runtime(1).block_on(hold(size, budget_s)),
        "P" => {
            let runtime = runtime(1);
            start_nodes(&runtime, 1, size, u32::MAX);
            let slice = (5_500_000 * 10_000 / u64::from(size)).max(1_000_000);
            runtime.block_on(measure(20_000_000, slice, budget_s));
        }
        _ => {
            seed(u64::MAX);
            let (start, mut done) = (cpu_s(), 0);
            while done == 0 || cpu_s() - start < budget_s {
                seed(done);
                done += 1;
            }
            report(done, cpu_s() - start);
        }
    }
}
