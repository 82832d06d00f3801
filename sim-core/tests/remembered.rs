//! What a client compares with: what it last saw under a key, by a read, a write, or a compare-and-set that happened.

mod common;

use std::collections::BTreeMap;

use common::clients;
use sim_core::client::workload::Ask;
use sim_core::history::{Answer, Entry, Outcome};
use sim_core::node::{Context, Node, Reply, Request};
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::value::{Call, Key, Value};
use sim_core::world::{World, WorldConfig};

/// Registers.
#[derive(Default)]
struct Registers(BTreeMap<Option<Key>, Value>);

impl Node for Registers {
    type Config = u32;
    type Message = ();
    type Timer = ();

    fn boot(_: &u32, _: &mut Context<'_, (), ()>) -> Registers {
        Registers::default()
    }
    fn on_message(&mut self, _: Peer, (): (), _: &mut Context<'_, (), ()>) {}
    fn on_timer(&mut self, (): (), _: &mut Context<'_, (), ()>) {}
    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, (), ()>) {
        let held = self.0.entry(request.operation.key).or_default();
        let answer = match request.operation.call {
            Call::Read => held.clone(),
            Call::Write(value) => {
                *held = value;
                Value::Nil
            }
            Call::Cas { from, to } => {
                let fits = *held == from;
                if fits {
                    *held = to;
                }
                Value::Bool(fits)
            }
            other => panic!("{other:?} was not asked for"),
        };
        ctx.reply(request.id, Reply::value(answer));
    }
}

fn run(keys: u64) -> Record {
    let latency = Distribution::Uniform { min: Span::ms(1), max: Span::ms(9) };
    let mut config = WorldConfig::simple(7, 1, 1, latency);
    let mut group = clients(3, 60.0, Span::secs(1), 1);
    group.mix.operations = vec![(Ask::Read, 1.0), (Ask::Write, 1.0), (Ask::Cas, 2.0)];
    group.mix.keys = keys;
    config.clients = vec![group];
    let mut world: World<Registers> = World::new(config).expect("a sound configuration");
    assert!(world.run(Time(10_000_000_000), &mut ()).is_continue());
    world.finish()
}

/// What an operation showed.
fn shown(entry: &Entry) -> Option<&Value> {
    match (&entry.operation.call, &entry.outcome) {
        (Call::Read, Outcome::Ok(Answer::Value(value))) | (Call::Write(value), Outcome::Ok(_)) => Some(value),
        (Call::Cas { to, .. }, Outcome::Ok(Answer::Value(Value::Bool(true)))) => Some(to),
        _ => None,
    }
}

#[test]
fn a_client_compares_with_what_it_saw_last() {
    for keys in [0, 1, 5] {
        let record = run(keys);
        let entries = &record.history.entries;
        let (mut something, mut refused) = (0, 0);
        for entry in entries {
            let Call::Cas { from, .. } = &entry.operation.call else { continue };
            let of_this = entries.iter().filter(|other| {
                other.process % 3 == entry.process % 3
                    && other.operation.key == entry.operation.key
                    && other.completed_index < entry.invoked_index
            });
            let last =
                of_this.filter(|other| shown(other).is_some()).max_by_key(|other| other.completed_index);
            let nil = Value::Nil;
            assert_eq!(from, last.and_then(shown).unwrap_or(&nil), "{keys} keys: {entry:?}");
            something += u32::from(*from != Value::Nil);
            refused += u32::from(entry.value() == Some(&Value::Bool(false)));
        }
        assert!(something > 100 && refused > 100, "{keys} keys: {something} of something, {refused} refused");
    }
}
