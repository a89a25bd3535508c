//! The domain: ids, model versions, validated routers, and the state that they make together.
//!
//! No I/O and no async. Everything here is checked when it is built, so that the hot path can rely on it.

mod access;
mod alias;
mod class_value;
mod classes;
mod error;
mod ids;
mod metric;
mod model_version;
mod policy;
mod recording;
mod router;
mod sha256;
mod sharded_map;
mod signature;
mod slots;
mod snapshot;
mod target;
mod traffic_override;

pub use access::{AccessKey, AccessTable, Guarded, Permissions, Principal, Scope, Scopes};
pub use alias::AliasTable;
pub use class_value::ClassValue;
pub use classes::{ClassList, settle_classes};
pub use error::ModelError;
pub use ids::{Id, MAX_ID_BYTES};
pub use metric::{MAX_METRICS, MetricDefinition, MetricDirection, MetricType, ShownNumber};
pub use model_version::{Backend, GrpcBackend, ModelKey, ModelVersion, OnnxBackend, Stage};
pub use policy::{
    BanditAlgorithm, BanditDefinition, BanditPolicy, BanditPolicyDefinition, BanditSettings, BanditTable,
    BetaPrior, Cost, HalfLife, NormalPrior, RewardTermDefinition, StickyDefinition, TermSource,
};
pub use policy::{CanaryDefinition, Policy, PolicyDefinition, Propensities, Split, SplitDefinition, rules};
pub use recording::{Durability, EntityRecording, Recording};
pub use router::{
    CLOCK_SKEW_US, Fallback, MAX_VARIANTS, Router, RouterDefinition, RouterSettings, RouterStatus, Variant,
    VariantRole, VersionPinning,
};
pub use sha256::Sha256;
pub use sharded_map::ShardedMap;
pub use signature::{Datatype, FeatureValue, PredictionHolds, Signature, Task, TensorSpec};
pub use slots::{SLOT_COUNT, SlotTable};
pub use snapshot::{
    DEFAULT_FEEDBACK_HORIZON_US, EntityKey, ItemKind, RefusedItem, SigningKey, SigningKeys, Snapshot,
    SnapshotError, SnapshotUpdate,
};
pub use target::{check_target, endpoints};
pub use traffic_override::TrafficOverride;
