//! The models by name: the one place where a scenario's model becomes a type. Everything behind it is generic and
//! compiled for each model, so a run pays for no dispatch. A new model is a line in [`models!`]'s call and a variant
//! of [`ModelSpec`].

use models::contention::Contention;
use models::crdt::Crdt;
use models::detector::measured::Detectors;
use models::gossip::anti_entropy::AntiEntropy;
use models::gossip::plumtree::Plumtree;
use models::gossip::push_sum::PushSum;
use models::gossip::rumor::Rumor;
use models::model::Model;
use models::quorum::Quorum;
use models::raft::Raft;
use models::service::Service;
use models::solo::Solo;
use models::swim::Swim;

use crate::schema::ModelSpec;

/// Something that can be done with a model of whatever type.
pub(crate) trait WithModel {
    /// What comes of it.
    type Output;
    /// Does it.
    fn with<M: Model + 'static>(self, model: &M) -> Self::Output;
}

/// A model's entry in listings.
pub(crate) struct Listed {
    /// Its name in scenario files.
    pub(crate) variant: &'static str,
    pub(crate) summary: &'static str,
    /// The source of its settings, whose comments document them.
    pub(crate) source: &'static str,
    /// Where that source lies.
    pub(crate) path: &'static str,
}

macro_rules! models {
    ($($model:ident: $source:literal),* $(,)?) => {
        /// Gives the model its type.
        pub(crate) fn with_model<W: WithModel>(spec: &ModelSpec, work: W) -> W::Output {
            match spec {
                $(ModelSpec::$model(model) => work.with(model),)*
            }
        }

        /// The model's name in scenario files.
        pub(crate) fn variant(spec: &ModelSpec) -> &'static str {
            match spec {
                $(ModelSpec::$model(_) => stringify!($model),)*
            }
        }

        /// All models.
        pub(crate) const MODELS: &[Listed] = &[$(Listed {
            variant: stringify!($model),
            summary: $model::SUMMARY,
            source: include_str!(concat!("../../models/src/", $source)),
            path: concat!("models/src/", $source),
        }),*];
    };
}

models! {
    Contention: "contention/mod.rs",
    Crdt: "crdt/config.rs",
    Quorum: "quorum/config.rs",
    Raft: "raft/config.rs",
    Service: "service/config.rs",
    AntiEntropy: "gossip/anti_entropy.rs",
    Detectors: "detector/measured.rs",
    Plumtree: "gossip/plumtree/config.rs",
    PushSum: "gossip/push_sum.rs",
    Rumor: "gossip/rumor/config.rs",
    Solo: "solo/mod.rs",
    Swim: "swim/config.rs",
}
