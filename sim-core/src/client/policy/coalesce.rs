//! Request coalescing: while one call for a key is under way, others for the same key wait for its answer instead of
//! being sent ("single flight"). Callers are numbers; the first of a key leads.

use std::collections::BTreeMap;

/// The flights under way.
#[derive(Clone, Debug, Default)]
pub struct Coalesce {
    flights: BTreeMap<u64, Vec<u32>>,
}

impl Coalesce {
    /// Someone asks for a key; whether it leads and must fly.
    pub fn join(&mut self, key: u64, who: u32) -> bool {
        let flight = self.flights.entry(key).or_default();
        flight.push(who);
        flight.len() == 1
    }
    /// The leader has landed: everyone aboard, the leader first.
    pub fn land(&mut self, key: u64) -> Vec<u32> {
        self.flights.remove(&key).unwrap_or_default()
    }
    /// Someone leaves early; the new leader, if a leader left and others are aboard.
    pub fn leave(&mut self, key: u64, who: u32) -> Option<u32> {
        let flight = self.flights.get_mut(&key)?;
        let place = flight.iter().position(|aboard| *aboard == who)?;
        flight.remove(place);
        let heir = flight.first().copied();
        if heir.is_none() {
            self.flights.remove(&key);
        }
        heir.filter(|_| place == 0)
    }
    /// How many keys are being asked for.
    #[must_use]
    pub fn flights(&self) -> usize {
        self.flights.len()
    }
}
