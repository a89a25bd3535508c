//! The routing state as a whole, and how a published change makes the next one.

use std::sync::Arc;

use thiserror::Error;

use crate::{AccessTable, Id, ModelError, ModelKey, ModelVersion, Router, ShardedMap};

/// A key that signs prediction ids.
#[derive(Clone)]
pub struct SigningKey {
    /// Its id.
    pub key_id: u8,
    /// Its secret.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The keys of prediction ids.
#[derive(Debug, Clone, Default)]
pub struct SigningKeys {
    /// All that verify.
    pub keys: Vec<SigningKey>,
    /// The one that signs.
    pub current_key_id: u8,
}

/// The key of recorded entity hashes. It is not shown: whoever has it can guess entities.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EntityKey(pub [u8; 32]);

impl std::ops::Deref for EntityKey {
    type Target = [u8; 32];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl std::fmt::Debug for EntityKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EntityKey")
    }
}

/// How old a prediction may be to take feedback, when nothing else is published: 90 days.
pub const DEFAULT_FEEDBACK_HORIZON_US: u64 = 90 * 86_400 * 1_000_000;

/// A published change.
#[derive(Debug, Clone, Default)]
pub struct SnapshotUpdate {
    /// The generation it builds on; of no meaning when complete.
    pub base_generation: u64,
    /// The generation it makes.
    pub generation: u64,
    /// Whether what it does not name goes away.
    pub complete: bool,
    /// New or changed routers.
    pub changed_routers: Vec<Arc<Router>>,
    /// Routers that went away.
    pub deleted_routers: Vec<Id>,
    /// New or changed model versions.
    pub changed_models: Vec<Arc<ModelVersion>>,
    /// Model versions that went away.
    pub deleted_models: Vec<ModelKey>,
    /// The key table, when it changed.
    pub access: Option<Arc<AccessTable>>,
    /// The signing keys, when they changed.
    pub signing_keys: Option<Arc<SigningKeys>>,
    /// The key of recorded entity hashes, when it changed.
    pub entity_key: Option<EntityKey>,
    /// How old a prediction may be to take feedback, in microseconds, when it changed.
    pub feedback_horizon_us: Option<u64>,
}

/// What an item of a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A router, by its id.
    Router,
    /// A model version, as `model/version`.
    Model,
}

impl ItemKind {
    /// Its name for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Model => "model",
        }
    }
}

/// One item of a change that cannot be used, while the others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedItem {
    /// What it is.
    pub kind: ItemKind,
    /// Which one.
    pub id: String,
    /// Why, with the path of the field.
    pub reason: String,
}

/// Why a change cannot be applied.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// It builds on another generation.
    #[error("base_generation: {base} is not the generation in effect, {current}; publish the complete state")]
    Stale {
        /// What it builds on.
        base: u64,
        /// What is in effect.
        current: u64,
    },
    /// It would go back, or stand still.
    #[error("generation: {generation} is not above the generation in effect, {current}")]
    NotNewer {
        /// What it makes.
        generation: u64,
        /// What is in effect.
        current: u64,
    },
    /// A value in it is wrong.
    #[error(transparent)]
    Invalid(ModelError),
}

/// The routing state of one generation. Cheap to clone; parts that did not change are shared.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Its number.
    pub generation: u64,
    /// By router id.
    pub routers: ShardedMap<Id, Arc<Router>>,
    /// By model id and version.
    pub models: ShardedMap<ModelKey, Arc<ModelVersion>>,
    /// The production version of each model that has one.
    pub production: ShardedMap<Id, Arc<ModelVersion>>,
    /// Who may call.
    pub access: Arc<AccessTable>,
    /// How prediction ids are signed.
    pub signing_keys: Arc<SigningKeys>,
    /// The key of recorded entity hashes.
    pub entity_key: Option<EntityKey>,
    /// How old a prediction may be to take feedback, in microseconds.
    pub feedback_horizon_us: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            generation: 0,
            routers: ShardedMap::default(),
            models: ShardedMap::default(),
            production: ShardedMap::default(),
            access: Arc::default(),
            signing_keys: Arc::default(),
            entity_key: None,
            feedback_horizon_us: DEFAULT_FEEDBACK_HORIZON_US,
        }
    }
}

impl Snapshot {
    /// Makes the next state; this one stays as it is.
    ///
    /// # Errors
    /// The change builds on another state, is not newer, or a router names a model version without backend.
    pub fn apply(&self, update: &SnapshotUpdate) -> Result<Self, SnapshotError> {
        let (next, refused) = self.apply_usable(update)?;
        match refused.into_iter().next() {
            None => Ok(next),
            Some((index, error)) => {
                Err(SnapshotError::Invalid(error.within(&format!("changed_routers[{index}]"))))
            }
        }
    }

    /// Makes the next state of what can be used; answers the changed routers that cannot, by their place. What was
    /// before stays in effect for them, unless the change is complete.
    ///
    /// # Errors
    /// The change builds on another state, or is not newer.
    pub fn apply_usable(
        &self,
        update: &SnapshotUpdate,
    ) -> Result<(Self, Vec<(usize, ModelError)>), SnapshotError> {
        if !update.complete && update.base_generation != self.generation {
            return Err(SnapshotError::Stale { base: update.base_generation, current: self.generation });
        }
        // A complete state replaces whatever is here, even one restored from another installation's disk.
        if !update.complete && update.generation <= self.generation {
            let (generation, current) = (update.generation, self.generation);
            return Err(SnapshotError::NotNewer { generation, current });
        }
        let mut next = if update.complete { Self::default() } else { self.clone() };
        next.generation = update.generation;
        next.access = update.access.clone().unwrap_or_else(|| self.access.clone());
        next.signing_keys = update.signing_keys.clone().unwrap_or_else(|| self.signing_keys.clone());
        next.entity_key = update.entity_key.or(self.entity_key);
        next.feedback_horizon_us = update.feedback_horizon_us.unwrap_or(self.feedback_horizon_us);
        for model in &update.changed_models {
            next.put_model(model);
        }
        for key in &update.deleted_models {
            next.models.remove(key);
            next.retire(key);
        }
        for id in &update.deleted_routers {
            next.routers.remove(id.as_str());
        }
        let mut refused = Vec::new();
        for (index, router) in update.changed_routers.iter().enumerate() {
            match next.check_models(router) {
                Ok(()) => next.routers.insert(router.id.clone(), router.clone()),
                Err(error) => refused.push((index, error)),
            }
        }
        Ok((next, refused))
    }

    fn put_model(&mut self, model: &Arc<ModelVersion>) {
        self.retire(&model.key);
        if model.stage == crate::Stage::Production {
            self.production.insert(model.key.model_id.clone(), model.clone());
        }
        self.models.insert(model.key.clone(), model.clone());
    }

    /// Forgets a version as its model's production version, if it was.
    fn retire(&mut self, key: &ModelKey) {
        let is_production = self.production.get(key.model_id.as_str()).is_some_and(|model| model.key == *key);
        if is_production {
            self.production.remove(key.model_id.as_str());
        }
    }

    fn check_models(&self, router: &Router) -> Result<(), ModelError> {
        for (index, variant) in router.variants.iter().enumerate() {
            let key = &variant.model;
            let reason = match self.models.get(key) {
                Some(model) if model.backend.is_some() => continue,
                Some(_) => "has no backend and can only be monitored",
                None => "is not registered",
            };
            let (model_id, version) = (&key.model_id, &key.version);
            return Err(ModelError::new(
                format!("variants[{index}].model_version"),
                format!("version {version} of model {model_id} {reason}"),
            ));
        }
        Ok(())
    }
}
