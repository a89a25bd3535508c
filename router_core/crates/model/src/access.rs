//! Who may call: keys, what they may do, and the principal that a call has.

use std::{collections::HashMap, fmt::Debug, sync::Arc};

/// One thing that a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read routers, models, predictions and figures.
    Read,
    /// Change them.
    Write,
    /// Call routers and bring feedback.
    Predict,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Predict];

    /// The public name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "mlops:read",
            Self::Write => "mlops:write",
            Self::Predict => "mlops:predict",
        }
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope.
    pub const ALL: Self = Self(0b111);

    /// The set with one more scope.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether a scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// The public names, with commas between.
    #[must_use]
    pub fn names(self) -> String {
        let held = Scope::ALL.into_iter().filter(|scope| self.contains(*scope));
        held.map(Scope::name).collect::<Vec<_>>().join(",")
    }
}

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user_id: Arc<str>,
    /// The key's id; empty for the local user.
    pub key_id: Arc<str>,
    /// What the key may do, within what the definition of its user allows.
    pub scopes: Scopes,
    /// Whether it may do everything, within the same.
    pub admin: bool,
    /// What the key says and the definition of its user does not allow: only for saying why a call is refused.
    pub withheld: Scopes,
}

impl Principal {
    /// The user of a server without keys.
    #[must_use]
    pub fn local() -> Self {
        Self {
            user_id: "local".into(),
            key_id: "".into(),
            scopes: Scopes::ALL,
            admin: true,
            withheld: Scopes::default(),
        }
    }

    /// Whether the key's scopes, or its being an admin's, allow something.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.admin || self.scopes.contains(scope)
    }

    /// Whether a thing may be seen: by its owner, those it is shared with, admins, and everyone if it is public.
    #[must_use]
    pub fn may_read(&self, thing: &dyn Guarded) -> bool {
        let permissions = thing.permissions();
        self.owns(thing) || permissions.public || permissions.shared_user_ids.contains(&self.user_id)
    }

    /// Whether a thing may be called, and feedback be brought to it: by its owner, admins, and everyone if it is open to
    /// predictions.
    #[must_use]
    pub fn may_predict(&self, thing: &dyn Guarded) -> bool {
        self.owns(thing) || thing.permissions().public_predict
    }

    fn owns(&self, thing: &dyn Guarded) -> bool {
        self.admin || thing.owner() == &*self.user_id
    }
}

/// Who may read and call a thing besides its owner and admins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Every user may read it.
    pub public: bool,
    /// Every user may call it.
    pub public_predict: bool,
    /// These users may read it.
    pub shared_user_ids: Box<[Arc<str>]>,
}

impl Permissions {
    /// Those of what every user may read and call.
    #[must_use]
    pub fn open() -> Self {
        Self { public: true, public_predict: true, shared_user_ids: Box::default() }
    }
}

/// What clients call by name: a router, or a model. It is somebody's, who says who else may read and call it.
pub trait Guarded: Debug + Send + Sync {
    /// The user to whom it belongs.
    fn owner(&self) -> &str;
    /// Who else may read and call it.
    fn permissions(&self) -> &Permissions;
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// SHA-256 of the whole key.
    pub secret_sha256: [u8; 32],
    /// Who it stands for.
    pub principal: Arc<Principal>,
    /// When it ends, in UTC microseconds; 0 means never.
    pub expire_time_us: i64,
}

/// All good keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessTable {
    /// By key id.
    pub keys: HashMap<Arc<str>, AccessKey>,
    /// Whether calls without a key are the local user's.
    pub open: bool,
}
