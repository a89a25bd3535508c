//! Where the tensors of a call hold the features that a router's rules look at.

use pointsman_inference::features::{FeaturePlace, feature_place};
use pointsman_model::{Policy, Router, rules::Source};

use super::routes::Target;

/// Where a source of rules is to be found in a `ModelInfer` call, if not among its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RulePlace {
    /// No model takes it as a tensor.
    Nowhere,
    /// In a column of an input.
    At {
        place: FeaturePlace,
        /// Whether records have it as a feature of that name, whichever variant answers.
        is_recorded: bool,
    },
    /// The models take it in different columns, so that nobody can say which one a call means.
    Disputed(String),
}

/// One place for each source of a router's rules; none for routers without rules.
pub(crate) fn rule_places(router: &Router, targets: &[Target]) -> Box<[RulePlace]> {
    let Policy::Rules(rules) = &router.policy else { return Box::default() };
    rules.sources.iter().map(|source| place_of(source, router, targets)).collect()
}

fn place_of(source: &Source, router: &Router, targets: &[Target]) -> RulePlace {
    let Source::Feature(name) = source else { return RulePlace::Nowhere };
    // A shadow that takes a feature elsewhere must not make calls of others fail.
    let enabled = router.variants.iter().zip(targets).filter(|(variant, _)| variant.takes_calls());
    let mut found: Option<(FeaturePlace, &str)> = None;
    let mut is_recorded = true;
    for (variant, target) in enabled {
        let signature = &target.model.signature;
        is_recorded &= signature.inputs.iter().any(|input| input.features.contains(name));
        let Some(place) = feature_place(signature, name) else { continue };
        match &found {
            Some((known, other)) if *known != place => {
                return RulePlace::Disputed(format!(
                    "feature {name:?} of the router's rules is column {} of input {:?} by the signature of variant {} \
                     and column {} of input {:?} by that of variant {other}: send it as a parameter of the request, \
                     or register models with the same columns",
                    place.column, place.input, variant.name, known.column, known.input
                ));
            }
            Some(_) => {}
            None => found = Some((place, variant.name.as_str())),
        }
    }
    found.map_or(RulePlace::Nowhere, |(place, _)| RulePlace::At { place, is_recorded })
}
