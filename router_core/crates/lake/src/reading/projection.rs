//! Which columns of a Parquet file are read.

use std::collections::HashSet;

use parquet::{arrow::ProjectionMask, schema::types::SchemaDescriptor};

/// The columns of some names. By whole names: those of features may have dots, which are no paths.
pub(crate) fn columns_named<'n>(
    schema: &SchemaDescriptor,
    names: impl IntoIterator<Item = &'n str>,
) -> ProjectionMask {
    let names: HashSet<&str> = names.into_iter().collect();
    let is_named = |leaf: &usize| {
        let path = schema.column(*leaf);
        path.path().parts().first().is_some_and(|name| names.contains(name.as_str()))
    };
    ProjectionMask::leaves(schema, (0..schema.num_columns()).filter(is_named))
}
