//! HyParView's two views (Leitão et al., DSN'07, §4): few active peers, both ways, and more passive ones in reserve.
//!
//! Pure state: what is sent when is [`super::node`]'s.

use sim_core::random::Rng;

/// Whom a node knows.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// Neighbours, in the order they came.
    pub active: Vec<u32>,
    /// Reserves.
    pub passive: Vec<u32>,
}

impl Views {
    /// Adds a neighbour; answers who had to leave for it, if anyone.
    pub fn add_active(&mut self, peer: u32, me: u32, limit: u32, rng: &mut Rng) -> Option<u32> {
        let pick = rng.below(self.active.len() as u64) as usize;
        if peer == me || self.active.contains(&peer) {
            return None;
        }
        self.passive.retain(|known| *known != peer);
        let full = self.active.len() >= limit as usize;
        let left = full.then(|| self.active.remove(pick));
        self.active.push(peer);
        left
    }

    /// Adds a reserve; a random one leaves if there are too many.
    pub fn add_passive(&mut self, peer: u32, me: u32, limit: u32, rng: &mut Rng) {
        let pick = rng.below(self.passive.len() as u64) as usize;
        if peer == me || limit == 0 || self.active.contains(&peer) || self.passive.contains(&peer) {
            return;
        }
        if self.passive.len() >= limit as usize {
            self.passive.swap_remove(pick);
        }
        self.passive.push(peer);
    }

    /// A random neighbour other than these two.
    pub fn any_active(&self, but: [u32; 2], rng: &mut Rng) -> Option<u32> {
        let others: Vec<u32> = self.active.iter().copied().filter(|peer| !but.contains(peer)).collect();
        others.get(rng.below(others.len() as u64) as usize).copied()
    }

    /// A sample for a shuffle: so many neighbours and so many reserves.
    pub fn sample(&self, (active, passive): (u32, u32), rng: &mut Rng) -> Vec<u32> {
        let mut pick = |from: &[u32], count: u32| {
            let mut list = from.to_vec();
            rng.shuffle(&mut list);
            list.truncate(count as usize);
            list
        };
        let mut sample = pick(&self.active, active);
        sample.extend(pick(&self.passive, passive));
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::Views;
    use sim_core::random::Rng;

    #[test]
    fn views_keep_their_sizes_and_hold_nobody_twice() {
        let (mut views, mut rng) = (Views::default(), Rng::from_key(1));
        for step in 0..2000 {
            let peer = rng.below(40) as u32;
            if step % 3 == 0 {
                if let Some(left) = views.add_active(peer, 7, 4, &mut rng) {
                    assert!(!views.active.contains(&left));
                    views.add_passive(left, 7, 9, &mut rng);
                }
            } else {
                views.add_passive(peer, 7, 9, &mut rng);
            }
            assert!(views.active.len() <= 4 && views.passive.len() <= 9);
            let mut all: Vec<u32> = views.active.iter().chain(&views.passive).copied().collect();
            assert!(!all.contains(&7));
            all.sort_unstable();
            let len = all.len();
            all.dedup();
            assert_eq!(all.len(), len);
        }
    }
}
