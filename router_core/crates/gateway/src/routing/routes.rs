//! The routing state with what serves it: for each router its backends and counters.

use std::{collections::HashSet, sync::Arc};

use pointsman_journal::RouteFacts;
use pointsman_model::{
    Guarded, Id, ItemKind, ModelError, ModelKey, ModelVersion, Policy, Propensities, RefusedItem, Router,
    ShardedMap, Snapshot, SnapshotError, SnapshotUpdate, VariantRole,
};
use pointsman_wire::{Signer, Verifier, generated::pointsman_v1 as proto, signature_to_proto};
use thiserror::Error;

use crate::{
    figures::stats::VariantStats,
    learning::LiveBandit,
    routing::{
        backends::{Backend, Backends},
        rule_places::{RulePlace, rule_places},
    },
};

/// Why the next routing state cannot be made.
#[derive(Debug, Error)]
pub(crate) enum RoutesError {
    /// The change itself is wrong or stale.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A backend cannot be made.
    #[error("changed_models: backend of model {model_id} version {version}: {reason}")]
    Backend { model_id: Id, version: Id, reason: String },
    /// The signing keys are wrong.
    #[error("{0}")]
    SigningKeys(#[from] pointsman_wire::PredictionIdError),
}

/// What a client can call by name.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) id: Id,
    /// None when the name is a model's and its production version answers.
    pub(crate) router: Option<Arc<Router>>,
    /// The router or the model: whose it is, and who may call it.
    pub(crate) guarded: Arc<dyn Guarded>,
    /// One for each variant, in the router's order.
    pub(crate) targets: Box<[Target]>,
    /// What its records share; none when it records nothing.
    pub(crate) facts: Option<Arc<RouteFacts>>,
    /// What decides where the router is a bandit.
    pub(crate) bandit: Option<Arc<LiveBandit>>,
    /// Where tensors hold what the router's rules look at, one for each of their sources.
    pub(crate) rule_places: Box<[RulePlace]>,
    /// The places of the variants that get copies of calls.
    pub(crate) shadows: Box<[u8]>,
}

/// Where one variant's calls go, and where they are counted.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The variant's name; a model's version when no router decided.
    pub(crate) name: Id,
    pub(crate) model: Arc<ModelVersion>,
    pub(crate) backend: Backend,
    /// Where copies of calls go, of a shadow.
    pub(crate) copies: Option<Backend>,
    pub(crate) stats: Arc<VariantStats>,
}

impl Target {
    /// Where copies of calls go.
    pub(crate) fn for_copies(&self) -> &Backend {
        self.copies.as_ref().unwrap_or(&self.backend)
    }
}

impl Route {
    /// The share of calls that a variant of a router should get at this moment; none where no router decides.
    pub(crate) fn share(&self, variant: u8) -> Option<f64> {
        match &self.bandit {
            Some(bandit) => Some(bandit.effective_share(variant)),
            None => Some(self.router.as_ref()?.policy.effective_share(variant)),
        }
    }
}

/// The routing state of one generation with what serves it.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) snapshot: Snapshot,
    routers: ShardedMap<Id, Arc<Route>>,
    models: ShardedMap<Id, Arc<Route>>,
    pub(crate) signer: Option<Signer>,
    /// Reads the ids that any signing key signed.
    pub(crate) verifier: Option<Arc<Verifier>>,
}

impl Routes {
    /// What a name stands for: a router, or else a model's production version.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Route>> {
        self.routers.get(name).or_else(|| self.models.get(name))
    }

    pub(crate) fn routers(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routers.iter().map(|(_, route)| route)
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.models.iter().map(|(_, route)| route)
    }

    pub(crate) fn router(&self, router_id: &str) -> Option<&Arc<Route>> {
        self.routers.get(router_id)
    }

    /// Makes the next state of what can be used of a change; parts that did not change are shared with this one.
    /// Answers the routers that cannot be used: for them the state before stays in effect.
    pub(crate) fn apply(
        &self,
        mut update: SnapshotUpdate,
        backends: &Backends,
        threads: usize,
    ) -> Result<(Self, Vec<RefusedItem>), RoutesError> {
        let (snapshot, refused) = self.snapshot.apply_usable(&update)?;
        let refused = take_out(&mut update, refused);
        let update = &update;
        let signer = match &update.signing_keys {
            Some(keys) => Some(Signer::new(keys)?),
            None => self.signer.clone(),
        };
        let verifier = match &update.signing_keys {
            Some(keys) => Some(Arc::new(Verifier::new(keys))),
            None => self.verifier.clone(),
        };
        let builder = Builder { former: self, snapshot: &snapshot, backends, threads };
        let mut next = if update.complete {
            (ShardedMap::default(), ShardedMap::default())
        } else {
            (self.routers.clone(), self.models.clone())
        };
        for id in &update.deleted_routers {
            next.0.remove(id.as_str());
        }
        for router in &update.changed_routers {
            next.0.insert(router.id.clone(), builder.router(router)?);
        }
        let changed: HashSet<&ModelKey> = update.changed_models.iter().map(|model| &model.key).collect();
        if !changed.is_empty() && !update.complete {
            builder.rebuild_users(&changed, &mut next.0)?;
        }
        let touched = changed.iter().copied().chain(&update.deleted_models).map(|key| &key.model_id);
        for model_id in touched.collect::<HashSet<_>>() {
            match snapshot.production.get(model_id.as_str()).filter(|model| model.backend.is_some()) {
                Some(model) => next.1.insert(model_id.clone(), builder.model(model)?),
                None => drop(next.1.remove(model_id.as_str())),
            }
        }
        let (routers, models) = next;
        Ok((Self { snapshot, routers, models, signer, verifier }, refused))
    }
}

/// Takes routers out of a change, by their places.
fn take_out(update: &mut SnapshotUpdate, refused: Vec<(usize, ModelError)>) -> Vec<RefusedItem> {
    let mut refused = refused.into_iter().peekable();
    let mut items = Vec::new();
    let mut index = 0;
    update.changed_routers.retain(|router| {
        let error = refused.next_if(|(place, _)| *place == index);
        index += 1;
        let Some((_, error)) = error else { return true };
        items.push(RefusedItem {
            kind: ItemKind::Router,
            id: router.id.to_string(),
            reason: error.to_string(),
        });
        false
    });
    items
}

struct Builder<'a> {
    former: &'a Routes,
    snapshot: &'a Snapshot,
    backends: &'a Backends,
    threads: usize,
}

impl Builder<'_> {
    fn router(&self, router: &Arc<Router>) -> Result<Arc<Route>, RoutesError> {
        let former = self.former.routers.get(router.id.as_str()).filter(|route| is_of(route, router));
        let mut targets = Vec::with_capacity(router.variants.len());
        for variant in &router.variants {
            // The snapshot was checked: every variant's model version is there.
            let Some(model) = self.snapshot.models.get(&variant.model) else { continue };
            let mut target = self.target(&router.id, &variant.name, model, former)?;
            if let Some(backend) = model.backend.as_ref().filter(|_| variant.role == VariantRole::Shadow) {
                let copies = self.backends.for_copies(backend);
                target.copies = Some(copies.map_err(|reason| backend_error(model, reason))?);
            }
            targets.push(target);
        }
        let targets = targets.into_boxed_slice();
        let facts = router.settings.record_predictions.then(|| Arc::new(facts(router, &targets)));
        let rule_places = rule_places(router, &targets);
        let former = former.and_then(|route| route.bandit.as_deref());
        let bandit = LiveBandit::new(router, facts.as_ref(), former, self.threads);
        Ok(Arc::new(Route {
            id: router.id.clone(),
            router: Some(router.clone()),
            guarded: router.clone(),
            targets,
            facts,
            bandit,
            rule_places,
            shadows: router.shadows().collect(),
        }))
    }

    fn model(&self, model: &Arc<ModelVersion>) -> Result<Arc<Route>, RoutesError> {
        let id = &model.key.model_id;
        let former = self.former.models.get(id.as_str());
        let target = self.target(id, &model.key.version, model, former)?;
        Ok(Arc::new(Route {
            id: id.clone(),
            router: None,
            guarded: model.clone(),
            targets: [target].into(),
            facts: None,
            bandit: None,
            rule_places: Box::default(),
            shadows: Box::default(),
        }))
    }

    /// Routers that did not change but whose model versions did.
    fn rebuild_users(
        &self,
        changed: &HashSet<&ModelKey>,
        routers: &mut ShardedMap<Id, Arc<Route>>,
    ) -> Result<(), RoutesError> {
        let uses =
            |route: &&Arc<Route>| route.targets.iter().any(|target| changed.contains(&target.model.key));
        let users: Vec<Arc<Router>> = routers
            .iter()
            .map(|(_, route)| route)
            .filter(uses)
            .filter_map(|route| route.router.clone())
            .collect();
        for router in users {
            routers.insert(router.id.clone(), self.router(&router)?);
        }
        Ok(())
    }

    fn target(
        &self,
        route_id: &Id,
        name: &Id,
        model: &Arc<ModelVersion>,
        former: Option<&Arc<Route>>,
    ) -> Result<Target, RoutesError> {
        let failed = |reason: String| backend_error(model, reason);
        let backend = model.backend.as_ref().ok_or_else(|| failed("there is none".to_owned()))?;
        let backend = self.backends.get(backend).map_err(failed)?;
        let known = former.and_then(|route| route.targets.iter().find(|target| target.name == *name));
        let stats = known.map_or_else(
            || VariantStats::new(route_id.as_str().into(), name.as_str().into(), self.threads),
            |target| target.stats.clone(),
        );
        Ok(Target { name: name.clone(), model: model.clone(), backend, copies: None, stats })
    }
}

fn backend_error(model: &ModelVersion, reason: String) -> RoutesError {
    let (model_id, version) = (model.key.model_id.clone(), model.key.version.clone());
    RoutesError::Backend { model_id, version, reason }
}

/// Whether a route is an earlier state of a router, and not another router's of the same id: what that one counted
/// stays with it.
fn is_of(route: &Route, router: &Router) -> bool {
    let former = route.router.as_ref().map_or(0, |former| former.settings.incarnation);
    former == 0 || former == router.settings.incarnation
}

/// What all records of a router in this state share.
fn facts(router: &Router, targets: &[Target]) -> RouteFacts {
    let variants = router.variants.iter().zip(targets).enumerate().map(|(index, (variant, target))| {
        let index = u8::try_from(index).unwrap_or(u8::MAX);
        let Propensities { by_request, by_slot } = router.policy.propensities(index);
        proto::VariantEntry {
            name: variant.name.to_string(),
            model_id: variant.model.model_id.to_string(),
            model_version: variant.model.version.to_string(),
            eligible: by_request > 0.0 || by_slot > 0.0,
            request_propensity: by_request,
            slot_propensity: by_slot,
            signature: Some(signature_to_proto(&target.model.signature)),
        }
    });
    RouteFacts {
        entry: proto::RouteEntry {
            route: 0,
            router_id: router.id.to_string(),
            router_generation: router.settings.changed_generation,
            variants: variants.collect(),
            exclude_features: router
                .settings
                .recording
                .exclude_features
                .iter()
                .map(ToString::to_string)
                .collect(),
            create_time_us: router.settings.create_time_us,
            router_incarnation: router.settings.incarnation,
            rules: rule_entries(router),
        },
        lost: targets.iter().map(|target| target.stats.lost.clone()).collect(),
        lost_shadows: targets.iter().map(|target| target.stats.lost_shadows.clone()).collect(),
    }
}

/// The router's rules as records name them, with the probabilities of those that split their calls.
fn rule_entries(router: &Router) -> Vec<proto::RuleEntry> {
    let Policy::Rules(rules) = &router.policy else { return Vec::new() };
    let mut entries: Vec<(u16, proto::RuleEntry)> = rules
        .rules
        .iter()
        .map(|rule| {
            let each = (0_u8..).take(router.variants.len()).map(|variant| rule.target.propensities(variant));
            let (request_propensities, slot_propensities) =
                each.map(|Propensities { by_request, by_slot }| (by_request, by_slot)).unzip();
            let name = rule.name.to_string();
            (rule.place.get(), proto::RuleEntry { name, request_propensities, slot_propensities })
        })
        .collect();
    entries.sort_by_key(|(place, _)| *place);
    entries.into_iter().map(|(_, entry)| entry).collect()
}
