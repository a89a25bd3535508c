//! A `RouteEntry`, made ready for many predictions.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use pointsman_model::{Id, Signature};
use pointsman_wire::{generated::pointsman_v1 as proto, signature_from_proto};

use crate::{
    calls::input_plan::{InputPlan, excluded_names},
    columns::registry::Kind,
};

/// What the predictions of one route share.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) router_id: Id,
    /// Tells the router from others of the same id; 0 when that is not known.
    pub(crate) incarnation: u64,
    pub(crate) router_generation: u64,
    pub(crate) variants: Vec<Variant>,
    /// The variants that a draw could pick.
    pub(crate) eligible: Vec<Eligible>,
    /// The router's rules, as they are written.
    pub(crate) rules: Vec<Rule>,
}

/// One rule of a route.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// The variants that a draw for its calls could pick.
    pub(crate) eligible: Vec<Eligible>,
}

/// One variant of a route.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) model_id: Id,
    pub(crate) model_version: String,
    pub(crate) signature: Signature,
    pub(crate) inputs: Vec<InputPlan>,
    /// What the signature says that features are.
    pub(crate) kinds: HashMap<Arc<str>, Kind>,
    /// The features that must not be kept, by all their names.
    pub(crate) excluded: HashSet<String>,
}

/// A variant that could be picked.
#[derive(Debug)]
pub(crate) struct Eligible {
    pub(crate) name: String,
    pub(crate) request_propensity: f64,
    pub(crate) slot_propensity: f64,
}

impl Route {
    /// Prepares a route; none when an id would lead out of the lake's folder.
    pub(crate) fn of(entry: proto::RouteEntry) -> Option<Self> {
        let excluded: HashSet<String> = entry.exclude_features.into_iter().collect();
        let eligible = entry.variants.iter().filter(|variant| variant.eligible);
        let eligible = eligible.map(|variant| Eligible {
            name: variant.name.clone(),
            request_propensity: variant.request_propensity,
            slot_propensity: variant.slot_propensity,
        });
        Some(Self {
            router_id: Id::parse(&entry.router_id).ok()?,
            incarnation: entry.router_incarnation,
            router_generation: entry.router_generation,
            eligible: eligible.collect(),
            rules: entry.rules.into_iter().map(|rule| Rule::of(rule, &entry.variants)).collect(),
            variants: entry
                .variants
                .into_iter()
                .map(|variant| Variant::of(variant, &excluded))
                .collect::<Option<_>>()?,
        })
    }

    /// The name of a variant by its index.
    pub(crate) fn variant_name(&self, index: u32) -> Option<&str> {
        self.variants.get(index as usize).map(|variant| variant.name.as_str())
    }
}

impl Rule {
    fn of(entry: proto::RuleEntry, variants: &[proto::VariantEntry]) -> Self {
        let shares = entry.request_propensities.into_iter().zip(entry.slot_propensities);
        let eligible = variants
            .iter()
            .zip(shares)
            .filter(|(_, (by_request, by_slot))| *by_request > 0.0 || *by_slot > 0.0);
        let eligible = eligible.map(|(variant, (request_propensity, slot_propensity))| Eligible {
            name: variant.name.clone(),
            request_propensity,
            slot_propensity,
        });
        Self { eligible: eligible.collect(), name: entry.name }
    }
}

impl Variant {
    fn of(entry: proto::VariantEntry, excluded: &HashSet<String>) -> Option<Self> {
        // It was checked when it was published; without it bodies are read by their own names.
        let signature = signature_from_proto(entry.signature.unwrap_or_default()).unwrap_or_default();
        let inputs: Vec<InputPlan> =
            signature.inputs.iter().map(|spec| InputPlan::of(&signature, spec, excluded)).collect();
        let mut kinds = HashMap::new();
        for input in &inputs {
            for column in input.columns.iter().flatten() {
                kinds.insert(column.name.clone(), input.kind);
            }
        }
        if let ([input], [spec]) = (&inputs[..], &signature.inputs[..])
            && spec.features.is_empty()
        {
            let columns = input.columns.as_ref().map_or(0, Vec::len);
            kinds.extend((0..columns).map(|index| (Arc::from(format!("f{index}")), input.kind)));
        }
        Some(Self {
            name: entry.name,
            model_id: Id::parse(&entry.model_id).ok()?,
            model_version: entry.model_version,
            excluded: excluded_names(&signature, excluded),
            inputs,
            kinds,
            signature,
        })
    }
    /// Whether a feature of that name must not be kept.
    pub(crate) fn leaves_out(&self, name: &str) -> bool {
        self.excluded.contains(name) || self.inputs.iter().any(|input| input.leaves_out(name))
    }
}
