//! Builders that give out their rows and make room for as many.

use std::mem;

use arrow_array::{
    ArrayRef, ArrowPrimitiveType,
    builder::{ArrayBuilder, BooleanBuilder, ListBuilder, PrimitiveBuilder, StringBuilder},
};
use arrow_schema::DataType;

use crate::schema::element;

/// A builder whose next rows are expected to be like the ones that it holds: growing again from nothing, it would
/// pass through memory of a dozen sizes.
pub(crate) trait Refill: ArrayBuilder + Sized {
    /// What its rows are.
    fn data_type() -> DataType;

    /// An empty one with room for what this one holds.
    fn with_same_room(&mut self) -> Self;

    /// Takes the rows out.
    fn take(&mut self) -> ArrayRef {
        let next = self.with_same_room();
        ArrayBuilder::finish(&mut mem::replace(self, next))
    }
}

impl<T: ArrowPrimitiveType> Refill for PrimitiveBuilder<T> {
    fn data_type() -> DataType {
        T::DATA_TYPE
    }

    fn with_same_room(&mut self) -> Self {
        Self::with_capacity(self.len())
    }
}

impl Refill for BooleanBuilder {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn with_same_room(&mut self) -> Self {
        Self::with_capacity(self.len())
    }
}

impl Refill for StringBuilder {
    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn with_same_room(&mut self) -> Self {
        Self::with_capacity(self.len(), self.values_slice().len())
    }
}

impl<B: Refill> Refill for ListBuilder<B> {
    fn data_type() -> DataType {
        DataType::List(element(B::data_type()))
    }

    fn with_same_room(&mut self) -> Self {
        let values = self.values().with_same_room();
        Self::with_capacity(values, self.len()).with_field(element(B::data_type()))
    }
}
