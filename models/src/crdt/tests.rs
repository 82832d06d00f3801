//! The laws of joins, for every type at once, under random histories; and each type against the plain thing it stands
//! for where nothing is concurrent.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::bytes::Stored;
use super::config::Kind;
use super::lattice::Author;
use super::state::State;
use crate::wal::bytes::{Reader, Writer};

const KINDS: [Kind; 8] = [
    Kind::GCounter,
    Kind::PnCounter,
    Kind::GSet,
    Kind::TwoPhaseSet,
    Kind::OrSet,
    Kind::LwwRegister,
    Kind::MvRegister,
    Kind::Rga,
];

const REPLICAS: usize = 3;

/// What happens at a replica.
#[derive(Clone, Debug)]
enum Step {
    Update(usize, Call, u64),
    /// The first joins the second's state.
    Join(usize, usize),
}

fn calls() -> impl Strategy<Value = Call> {
    let element = || (0_i64..4).prop_map(Value::Int);
    prop_oneof![
        (-2_i64..4).prop_map(Call::Add),
        element().prop_map(Call::Insert),
        element().prop_map(Call::Remove),
        element().prop_map(Call::Write),
        element().prop_map(Call::Append),
        element().prop_map(Call::Push),
        (any::<u16>(), element()).prop_map(|(place, value)| Call::InsertAt { place, value }),
        any::<u16>().prop_map(|place| Call::RemoveAt { place }),
        Just(Call::Delete),
    ]
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..REPLICAS, calls(), 0_u64..5).prop_map(|(at, call, wall)| Step::Update(at, call, wall)),
        1 => (0..REPLICAS, 0..REPLICAS).prop_map(|(to, from)| Step::Join(to, from)),
    ];
    prop::collection::vec(step, 1..30)
}

fn author(replica: usize, wall: u64) -> Author {
    Author { node: Peer::node(replica as u32), wall }
}

fn joined(a: &State, b: &State) -> State {
    let mut all = a.clone();
    all.join(b);
    all
}

/// The replicas' states after a history, and every delta that was made.
fn play(kind: Kind, steps: &[Step]) -> (Vec<State>, Vec<State>) {
    let mut replicas = vec![State::new(kind); REPLICAS];
    let mut deltas = Vec::new();
    for step in steps {
        match step {
            Step::Update(at, call, wall) => {
                if let Some(delta) = replicas[*at].delta(call, author(*at, *wall)) {
                    replicas[*at].join(&delta);
                    deltas.push(delta);
                }
            }
            Step::Join(to, from) => {
                let other = replicas[*from].clone();
                replicas[*to].join(&other);
            }
        }
    }
    (replicas, deltas)
}

proptest! {
    #[test]
    fn joins_commute_associate_and_repeat(steps in histories()) {
        for kind in KINDS {
            let (states, deltas) = play(kind, &steps);
            // Deltas are states too, and obey the same laws.
            let some: Vec<&State> = states.iter().chain(deltas.iter().take(2)).collect();
            for a in &some {
                prop_assert_eq!(&joined(a, a), *a, "{:?} repeats", kind);
                for b in &some {
                    prop_assert_eq!(joined(a, b), joined(b, a), "{:?} commutes", kind);
                    for c in &some {
                        prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)), "{:?} associates", kind);
                    }
                }
            }
        }
    }

    #[test]
    fn a_join_says_whether_it_changed_anything(steps in histories()) {
        for kind in KINDS {
            let (states, _) = play(kind, &steps);
            for (a, b) in states.iter().zip(states.iter().skip(1)) {
                let mut both = a.clone();
                let changed = both.join(b);
                prop_assert_eq!(changed, both != *a, "{:?}", kind);
            }
        }
    }

    #[test]
    fn a_delta_does_what_the_whole_state_does(steps in histories(), call in calls(), at in 0..REPLICAS) {
        for kind in KINDS {
            let (states, _) = play(kind, &steps);
            let Some(delta) = states[at].delta(&call, author(at, 9)) else { continue };
            let after = joined(&states[at], &delta);
            for other in &states {
                // Where what the update had seen is known, the delta is all that is new.
                let known = joined(other, &states[at]);
                prop_assert_eq!(joined(&known, &delta), joined(other, &after), "{:?}", kind);
            }
        }
    }

    #[test]
    fn deltas_in_any_order_and_repeated_give_one_state(
        steps in histories(), order in any::<prop::sample::Index>(), seed in any::<u64>(),
    ) {
        for kind in KINDS {
            let (states, deltas) = play(kind, &steps);
            let all = states.iter().fold(State::new(kind), |all, state| joined(&all, state));
            let mut shuffled: Vec<&State> = deltas.iter().chain(&deltas).collect();
            let mut draw = seed | 1;
            for place in (1..shuffled.len()).rev() {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                shuffled.swap(place, (draw >> 33) as usize % (place + 1));
            }
            if !shuffled.is_empty() {
                shuffled.rotate_left(order.index(deltas.len().max(1)));
            }
            let mut late = State::new(kind);
            for delta in shuffled {
                late.join(delta);
            }
            prop_assert_eq!(&late, &all, "{:?}", kind);
            prop_assert_eq!(late.value(), all.value());
        }
    }

    #[test]
    fn states_come_back_from_bytes(steps in histories()) {
        for kind in KINDS {
            for state in play(kind, &steps).0 {
                let mut bytes = Vec::new();
                state.put(&mut Writer(&mut bytes));
                let mut reader = Reader(&bytes);
                prop_assert_eq!(State::take(&mut reader), Some(state));
                prop_assert!(reader.is_empty());
            }
        }
    }

    #[test]
    fn alone_each_is_the_plain_thing(all in prop::collection::vec(calls(), 0..40)) {
        let mut plain = Plain::default();
        let mut states: BTreeMap<usize, State> = KINDS.iter().map(|kind| State::new(*kind)).enumerate().collect();
        for (time, call) in all.iter().enumerate() {
            plain.apply(call);
            for state in states.values_mut() {
                if let Some(delta) = state.delta(call, author(0, time as u64)) {
                    state.join(&delta);
                }
            }
        }
        let value = |kind: Kind| states[&KINDS.iter().position(|own| *own == kind).unwrap_or(0)].value();
        prop_assert_eq!(value(Kind::GCounter), Value::Int(plain.up));
        prop_assert_eq!(value(Kind::PnCounter), Value::Int(plain.sum));
        prop_assert_eq!(value(Kind::OrSet), Value::List(plain.set.iter().cloned().collect()));
        prop_assert_eq!(value(Kind::GSet), Value::List(plain.ever.iter().cloned().collect()));
        prop_assert_eq!(value(Kind::LwwRegister), plain.register);
        prop_assert_eq!(value(Kind::MvRegister), plain.written);
        prop_assert_eq!(value(Kind::Rga), Value::List(plain.list));
    }
}

/// A counter, a set, a register and a list that nobody replicates.
#[derive(Default)]
struct Plain {
    up: i64,
    sum: i64,
    set: std::collections::BTreeSet<Value>,
    ever: std::collections::BTreeSet<Value>,
    register: Value,
    written: Value,
    list: Vec<Value>,
}

impl Plain {
    fn apply(&mut self, call: &Call) {
        match call {
            Call::Add(n) => {
                self.up += n.max(&0);
                self.sum += n;
            }
            Call::Insert(v) => {
                self.set.insert(v.clone());
                self.ever.insert(v.clone());
            }
            Call::Remove(v) => {
                self.set.remove(v);
                if let Some(place) = self.list.iter().position(|own| own == v) {
                    self.list.remove(place);
                }
            }
            Call::Write(v) => {
                self.register = v.clone();
                self.written = v.clone();
            }
            Call::Delete => self.register = Value::Nil,
            Call::Append(v) => self.list.push(v.clone()),
            Call::Push(v) => self.list.insert(0, v.clone()),
            Call::InsertAt { place, value } => {
                let at = (self.list.len() + 1) * usize::from(*place) / 65_536;
                self.list.insert(at, value.clone());
            }
            Call::RemoveAt { place } if !self.list.is_empty() => {
                self.list.remove(self.list.len() * usize::from(*place) / 65_536);
            }
            _ => {}
        }
    }
}

fn after(kind: Kind, steps: &[(usize, Call)]) -> Vec<Value> {
    let mut replicas = vec![State::new(kind); REPLICAS];
    for (wall, (at, call)) in steps.iter().enumerate() {
        let delta = replicas[*at].delta(call, author(*at, wall as u64)).expect("the type offers it");
        replicas[*at].join(&delta);
    }
    let all = replicas.iter().fold(State::new(kind), |all, state| joined(&all, state));
    vec![replicas[0].value(), replicas[1].value(), all.value()]
}

fn ints(all: &[i64]) -> Value {
    Value::List(all.iter().copied().map(Value::Int).collect())
}

#[test]
fn what_concurrent_updates_become() {
    let (one, two) = (Value::Int(1), Value::Int(2));
    // Replica 0 removes what replica 1 inserts again, each unaware of the other.
    let race =
        [(0, Call::Insert(one.clone())), (0, Call::Remove(one.clone())), (1, Call::Insert(one.clone()))];
    assert_eq!(after(Kind::OrSet, &race)[2], ints(&[1]), "the insertion wins");
    assert_eq!(after(Kind::TwoPhaseSet, &race)[2], ints(&[]), "the removal wins, for ever");
    let race = [(0, Call::Write(one.clone())), (1, Call::Write(two.clone()))];
    assert_eq!(after(Kind::LwwRegister, &race)[2], two, "the later stays");
    assert_eq!(after(Kind::MvRegister, &race)[2], ints(&[1, 2]), "both stay");
    let race = [
        (0, Call::Append(Value::Int(1))),
        (0, Call::Append(Value::Int(2))),
        (1, Call::Append(Value::Int(7))),
        (1, Call::Append(Value::Int(8))),
    ];
    assert_eq!(after(Kind::Rga, &race)[2], ints(&[7, 8, 1, 2]), "runs stay together");
    let race = [(0, Call::Add(3)), (1, Call::Add(-1))];
    assert_eq!(after(Kind::PnCounter, &race)[2], Value::Int(2));
}
