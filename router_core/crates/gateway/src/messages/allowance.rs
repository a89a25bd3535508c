//! What the messages of a kind of calls may take: bytes each, and of which part of the budget together.

use std::sync::Arc;

use crate::{
    config::Limits,
    messages::{budget::ByteBudget, status::CallError},
};

/// The most bytes of a question: it holds names, filters and times.
const QUESTION_BYTES: usize = 64 << 10;
/// The most bytes of a change: a signature of thousands of features fits.
const CHANGE_BYTES: usize = 4 << 20;
/// The part of the budget for questions, and for calls that need no key.
const SMALL_PART: usize = 16;
const CHANGES_PART: usize = 4;

/// A kind of calls, by what their messages may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Tensors, features and feedback.
    Data,
    /// Administrative calls that change something.
    Change,
    /// Administrative calls that ask, and questions about models.
    Question,
    /// Health and reflection, which everybody may ask.
    Keyless,
}

/// The memory for messages, and the parts of it that are not for everything.
#[derive(Debug)]
pub(crate) struct Budgets {
    /// All of it, which calls with data may fill.
    pub(crate) whole: Arc<ByteBudget>,
    changes: Arc<ByteBudget>,
    questions: Arc<ByteBudget>,
    keyless: Arc<ByteBudget>,
}

impl Budgets {
    pub(crate) fn new(limit: usize) -> Self {
        let whole = ByteBudget::new(limit);
        Self {
            changes: whole.part(CHANGES_PART),
            questions: whole.part(SMALL_PART),
            keyless: whole.part(SMALL_PART),
            whole,
        }
    }

    /// The budget of a kind of calls.
    pub(crate) fn of(&self, allowance: Allowance) -> &Arc<ByteBudget> {
        match allowance {
            Allowance::Data => &self.whole,
            Allowance::Change => &self.changes,
            Allowance::Question => &self.questions,
            Allowance::Keyless => &self.keyless,
        }
    }
}

impl Allowance {
    /// The most bytes of one message.
    pub(crate) fn message_bytes(self, limits: &Limits) -> usize {
        let most = match self {
            Self::Data => usize::MAX,
            Self::Change => CHANGE_BYTES,
            Self::Question | Self::Keyless => QUESTION_BYTES,
        };
        most.min(limits.max_message_bytes)
    }

    /// Refuses a message that is too long, inflated or not.
    pub(crate) fn check(self, length: usize, limits: &Limits) -> Result<(), CallError> {
        let most = self.message_bytes(limits);
        if length <= most {
            return Ok(());
        }
        Err(CallError::exhausted(if most == limits.max_message_bytes {
            format!(
                "message: {length} bytes are above the limit of {most} (limits.max_message_bytes); \
                 send less, or have the limit raised"
            )
        } else {
            format!("message: {length} bytes are above the limit of this method, {most}; send less")
        }))
    }
}
