//! Builders of feature columns; rows that do not have a feature are filled in when they are passed.

use std::sync::Arc;

use arrow_array::{
    ArrayRef,
    builder::{
        ArrayBuilder as _, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, UInt64Builder,
    },
};

use crate::{calls::cell::Cell, columns::registry::Kind, tables::refill::Refill as _};

/// The column of one feature.
#[derive(Debug)]
pub(crate) struct FeatureColumn {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Double(Float64Builder),
    Whole(Int64Builder),
    Unsigned(UInt64Builder),
    Bool(BooleanBuilder),
    Text(StringBuilder),
}

impl FeatureColumn {
    pub(crate) fn new(name: &str, kind: Kind) -> Self {
        let cells = match kind {
            Kind::Double => Cells::Double(Float64Builder::new()),
            Kind::Whole => Cells::Whole(Int64Builder::new()),
            Kind::Unsigned => Cells::Unsigned(UInt64Builder::new()),
            Kind::Bool => Cells::Bool(BooleanBuilder::new()),
            Kind::Text => Cells::Text(StringBuilder::new()),
        };
        Self { name: name.into(), kind, cells }
    }

    /// Sets the value of a row behind all that have one. False when the column does not hold such values, or not
    /// this one exactly, or the row has a value already.
    #[inline]
    pub(crate) fn set(&mut self, row: usize, cell: &Cell<'_>) -> bool {
        if !self.pad(row) {
            return false;
        }
        match (&mut self.cells, cell) {
            (Cells::Double(cells), Cell::Number(number)) => cells.append_value(*number),
            (Cells::Bool(cells), Cell::Bool(yes)) => cells.append_value(*yes),
            (Cells::Text(cells), Cell::Text(text)) => cells.append_value(text),
            (cells, Cell::Null) => cells.append_nulls(1),
            (Cells::Whole(cells), number) => match number.to_whole() {
                Some(whole) => cells.append_value(whole),
                None => return false,
            },
            (Cells::Unsigned(cells), number) => match number.to_whole() {
                Some(whole) => cells.append_value(whole),
                None => return false,
            },
            _ => return false,
        }
        true
    }

    /// Sets the numbers of rows from one on, if this is a column of numbers; whether it is and they had none.
    #[inline]
    pub(crate) fn set_numbers(&mut self, row: usize, numbers: impl Iterator<Item = f64>) -> bool {
        if !self.pad(row) {
            return false;
        }
        let Cells::Double(cells) = &mut self.cells else { return false };
        for number in numbers {
            if number.is_nan() {
                cells.append_null();
            } else {
                cells.append_value(number);
            }
        }
        true
    }

    /// Fills the rows before one with null; false when that one has a value.
    #[inline]
    fn pad(&mut self, row: usize) -> bool {
        let length = self.cells.len();
        if length < row {
            self.cells.append_nulls(row - length);
        }
        length <= row
    }

    /// Takes out the cells of so many rows.
    pub(crate) fn finish(&mut self, rows: usize) -> ArrayRef {
        self.pad(rows);
        match &mut self.cells {
            Cells::Double(cells) => cells.take(),
            Cells::Whole(cells) => cells.take(),
            Cells::Unsigned(cells) => cells.take(),
            Cells::Bool(cells) => cells.take(),
            Cells::Text(cells) => cells.take(),
        }
    }
}

impl Cells {
    #[inline]
    fn len(&self) -> usize {
        match self {
            Self::Double(cells) => cells.len(),
            Self::Whole(cells) => cells.len(),
            Self::Unsigned(cells) => cells.len(),
            Self::Bool(cells) => cells.len(),
            Self::Text(cells) => cells.len(),
        }
    }

    fn append_nulls(&mut self, count: usize) {
        match self {
            Self::Double(cells) => cells.append_nulls(count),
            Self::Whole(cells) => cells.append_nulls(count),
            Self::Unsigned(cells) => cells.append_nulls(count),
            Self::Bool(cells) => cells.append_nulls(count),
            Self::Text(cells) => (0..count).for_each(|_| cells.append_null()),
        }
    }
}
