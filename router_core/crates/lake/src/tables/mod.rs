//! Rows by column: what becomes of calls in Arrow.

pub(crate) mod answer_columns;
pub(crate) mod decision_columns;
pub(crate) mod feature_column;
pub(crate) mod feature_rows;
pub(crate) mod refill;
pub(crate) mod rows;
pub(crate) mod surplus;
pub(crate) mod table;
