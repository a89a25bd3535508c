//! One call as it was recorded: its entry, its bodies, and what they say.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod cell;
pub(crate) mod content;
pub(crate) mod entry;
pub(crate) mod fields;
pub(crate) mod input_plan;
pub(crate) mod json_value;
pub(crate) mod requested;
pub(crate) mod route;
pub(crate) mod tensor;
