//! turmoil 0.7: hosts with tasks and UDP sockets, the clock in ticks of one millisecond, which is its default. Its
//! latencies are exponential within the bounds given.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use ::turmoil::net::UdpSocket;
use ::turmoil::{Builder, Sim};

use crate::random::Random;
use crate::worker::{Measured, Slices, worlds};

const PORT: u16 = 9000;

fn builder(seed: u64) -> Builder {
    let mut builder = Builder::new();
    builder
        .simulation_duration(Duration::from_secs(1_000_000_000))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(10))
        .rng_seed(seed);
    builder
}

fn advance(sim: &mut Sim<'_>, handled: &Cell<u64>, span_ns: u64) -> u64 {
    let before = handled.get();
    let until = sim.elapsed() + Duration::from_nanos(span_ns);
    while sim.elapsed() < until {
        sim.step().expect("a step");
    }
    handled.get() - before
}

/// Measures H: one host with a task a timer.
#[must_use]
pub fn hold(pending: u32, budget_s: f64) -> Measured {
    let handled = Rc::new(Cell::new(0));
    let mut sim = builder(1).build();
    let counter = handled.clone();
    sim.client("holder", async move {
        for task in 0..pending {
            let counter = counter.clone();
            let mut random = Random(u64::from(task) << 32);
            tokio::task::spawn_local(async move {
                loop {
                    tokio::time::sleep(Duration::from_nanos(random.hold_ns())).await;
                    counter.set(counter.get() + 1);
                }
            });
        }
        std::future::pending().await
    });
    Slices::hold(pending).measure(budget_s, |span_ns| advance(&mut sim, &handled, span_ns))
}

fn ping_sim<'a>(seed: u64, nodes: u32, hops: u32, handled: &Rc<Cell<u64>>) -> Sim<'a> {
    let mut sim = builder(seed).build();
    for me in 0..nodes {
        let handled = handled.clone();
        sim.client(format!("n{me}"), async move {
            let mut random = Random(seed ^ u64::from(me) << 32);
            let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
            // Every host is there before the first message goes.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let peers: Vec<SocketAddr> =
                (0..nodes).map(|node| SocketAddr::new(turmoil::lookup(format!("n{node}")), PORT)).collect();
            socket.send_to(&hops.to_le_bytes(), peers[random.other(me, nodes) as usize]).await?;
            let mut buffer = [0; 4];
            loop {
                socket.recv_from(&mut buffer).await?;
                handled.set(handled.get() + 1);
                let hops = u32::from_le_bytes(buffer);
                if hops > 1 {
                    let to = peers[random.other(me, nodes) as usize];
                    socket.send_to(&(hops - 1).to_le_bytes(), to).await?;
                }
            }
        });
    }
    sim
}

/// Measures P.
#[must_use]
pub fn ping(nodes: u32, budget_s: f64) -> Measured {
    let handled = Rc::new(Cell::new(0));
    let mut sim = ping_sim(1, nodes, u32::MAX, &handled);
    Slices::ping(nodes).measure(budget_s, |span_ns| advance(&mut sim, &handled, span_ns))
}

/// Measures S. The run ends when the last message has been delivered: the clock would tick on.
#[must_use]
pub fn seeds(budget_s: f64) -> Measured {
    worlds(budget_s, |seed| {
        let handled = Rc::new(Cell::new(0));
        let mut sim = ping_sim(seed, 5, 1_000, &handled);
        while handled.get() < 5_000 {
            advance(&mut sim, &handled, 10_000_000);
        }
        handled.get()
    })
}
