//! Sets of anomalies and of models, and what follows from them along the lattice.
//!
//! Deliberately absent: names ([`super::tables`]).

use super::tables::{ANOMALIES, MODELS};
use super::{Anomaly, Model, anomaly};

/// A set of anomalies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnomalySet(u128);

/// A set of models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelSet(u128);

impl AnomalySet {
    /// Whether the anomaly is in the set.
    #[must_use]
    pub fn contains(self, anomaly: Anomaly) -> bool {
        self.0 >> anomaly.0 & 1 == 1
    }
    /// With the anomaly.
    pub fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly.0;
    }
    /// Both together.
    #[must_use]
    pub fn union(self, other: AnomalySet) -> AnomalySet {
        AnomalySet(self.0 | other.0)
    }
    /// Whether they have a member in common.
    #[must_use]
    pub fn meets(self, other: AnomalySet) -> bool {
        self.0 & other.0 != 0
    }
    /// The members, in the lattice's order.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        (0..ANOMALIES.len() as u8).map(Anomaly).filter(move |a| self.contains(*a))
    }
    /// These and all anomalies they imply.
    #[must_use]
    pub fn with_implied(self) -> AnomalySet {
        AnomalySet(closure(self.0, ANOMALIES.len(), |i| {
            ANOMALIES[i].1.iter().map(|name| anomaly(name)).collect::<AnomalySet>().0
        }))
    }
    /// These and all anomalies that imply one of them.
    #[must_use]
    pub fn with_implying(self) -> AnomalySet {
        let implying = (0..ANOMALIES.len() as u8)
            .map(Anomaly)
            .filter(|a| AnomalySet(1 << a.0).with_implied().meets(self));
        implying.collect::<AnomalySet>().union(self)
    }
    /// The models that cannot hold where these anomalies are.
    #[must_use]
    pub fn impossible_models(self) -> ModelSet {
        let implied = self.with_implied();
        Model::all().filter(|model| model.forbids().meets(implied)).collect::<ModelSet>().with_stronger()
    }
}

impl ModelSet {
    /// Whether the model is in the set.
    #[must_use]
    pub fn contains(self, model: Model) -> bool {
        self.0 >> model.0 & 1 == 1
    }
    /// Both together.
    #[must_use]
    pub fn union(self, other: ModelSet) -> ModelSet {
        ModelSet(self.0 | other.0)
    }
    /// The members, in the lattice's order.
    pub fn iter(self) -> impl Iterator<Item = Model> {
        Model::all().filter(move |m| self.contains(*m))
    }
    /// These and all weaker ones.
    #[must_use]
    pub fn with_weaker(self) -> ModelSet {
        ModelSet(closure(self.0, MODELS.len(), |i| Model(i as u8).weaker().0))
    }
    /// These and all stronger ones: what is impossible if these are.
    #[must_use]
    pub fn with_stronger(self) -> ModelSet {
        let stronger = Model::all().filter(|m| ModelSet(1 << m.0).with_weaker().0 & self.0 != 0);
        stronger.collect::<ModelSet>().union(self)
    }
    /// The members that imply no other member.
    #[must_use]
    pub fn weakest(self) -> ModelSet {
        self.iter().filter(|m| ModelSet(1 << m.0).with_weaker().0 & self.0 == 1 << m.0).collect()
    }
    /// The members that no other member implies.
    #[must_use]
    pub fn strongest(self) -> ModelSet {
        self.iter().filter(|m| ModelSet(1 << m.0).with_stronger().0 & self.0 == 1 << m.0).collect()
    }
    /// All other models that some anomaly of transactions speaks against; what nothing here could rule out is left out.
    #[must_use]
    pub fn complement(self) -> ModelSet {
        let judged = |m: &Model| ModelSet(1 << m.0).forbidden() != AnomalySet::default();
        Model::all().filter(|m| !self.contains(*m)).filter(judged).collect()
    }
    /// The anomalies that must be absent if all these models hold.
    #[must_use]
    pub fn forbidden(self) -> AnomalySet {
        let direct =
            self.with_weaker().iter().map(Model::forbids).fold(AnomalySet::default(), AnomalySet::union);
        direct.with_implying()
    }
}

/// The smallest superset that holds with each member all that `next` gives for it.
fn closure(start: u128, len: usize, next: impl Fn(usize) -> u128) -> u128 {
    let (mut done, mut open) = (0u128, start);
    while open != 0 {
        let i = open.trailing_zeros() as usize;
        assert!(i < len, "a set of the lattice has only its members");
        done |= 1 << i;
        open = (open | next(i)) & !done;
    }
    done
}

impl FromIterator<Anomaly> for AnomalySet {
    fn from_iter<I: IntoIterator<Item = Anomaly>>(items: I) -> AnomalySet {
        AnomalySet(items.into_iter().fold(0, |set, a| set | 1 << a.0))
    }
}

impl FromIterator<Model> for ModelSet {
    fn from_iter<I: IntoIterator<Item = Model>>(items: I) -> ModelSet {
        ModelSet(items.into_iter().fold(0, |set, m| set | 1 << m.0))
    }
}
