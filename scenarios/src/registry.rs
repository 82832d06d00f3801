//! The models by name: the one place where a scenario's model becomes a type. Everything behind it is generic and
//! compiled for each model, so a run pays for no dispatch.

use models::model::Model;
use models::solo::Solo;

use crate::schema::ModelSpec;

/// Something that can be done with a model of whatever type.
pub(crate) trait WithModel {
    /// What comes of it.
    type Output;
    /// Does it.
    fn with<M: Model + 'static>(self, model: &M) -> Self::Output;
}

/// Gives the model its type.
pub(crate) fn with_model<W: WithModel>(spec: &ModelSpec, work: W) -> W::Output {
    match spec {
        ModelSpec::Solo(model) => work.with(model),
    }
}

/// A model's entry in listings.
pub(crate) struct Listed {
    /// Its name in scenario files.
    pub(crate) variant: &'static str,
    pub(crate) summary: &'static str,
}

/// All models.
pub(crate) const MODELS: &[Listed] = &[Listed { variant: "Solo", summary: Solo::SUMMARY }];
