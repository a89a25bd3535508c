//! How much of a body is recorded, and why not all.

use pointsman_wire::generated::pointsman_v1::BodyKind;

/// Whether a part of a call is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// All of it.
    All,
    /// Nothing: the router does not record it, or not of this call, or the call ended before.
    None,
    /// Not all: it was above a limit, or of a call of several rows that failed.
    Cut,
    /// Nothing: it could not be read.
    Unreadable,
}

impl Content {
    /// The lake's word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::None => "none",
            Self::Cut => "cut",
            Self::Unreadable => "unreadable",
        }
    }

    /// What a body of a kind that holds no bytes says.
    pub(crate) const fn of_missing(kind: BodyKind) -> Self {
        match kind {
            BodyKind::Unspecified => Self::None,
            BodyKind::Cut => Self::Cut,
            BodyKind::Compressed | BodyKind::Infer | BodyKind::Predict => Self::Unreadable,
        }
    }
}
