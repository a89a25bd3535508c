//! Rows that have feedback, found by when they were made, their number in the call, and the call's id.

use std::io::Cursor;

use arrow_array::{
    RecordBatch, StringArray,
    cast::AsArray as _,
    types::{Int32Type, Int64Type},
};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;

use crate::counting::call_columns::{column, numbers, other};

/// Where a row is in the order of all: the time of its call and its number in it.
type Place = (i64, i32);

/// Rows with feedback.
pub(crate) struct WithFeedback {
    /// In ascending order, and each row's id at the same index.
    places: Vec<Place>,
    ids: Vec<String>,
}

impl WithFeedback {
    /// Reads them from a stream of the columns `time_us`, `prediction_id` and `row`, in any order.
    pub(crate) fn read(stream: &[u8]) -> Result<Self, ArrowError> {
        let mut rows = Vec::new();
        for batch in StreamReader::try_new(Cursor::new(stream), None)? {
            let batch = batch?;
            let places =
                numbers::<Int64Type>(&batch, "time_us")?.iter().zip(numbers::<Int32Type>(&batch, "row")?);
            let ids = ids_of(&batch)?;
            rows.extend(
                places
                    .zip(ids)
                    .map(|((&time_us, &row), id)| ((time_us, row), id.unwrap_or_default().to_owned())),
            );
        }
        rows.sort_unstable();
        let (places, ids) = rows.into_iter().unzip();
        Ok(Self { places, ids })
    }

    /// The first and the last time; none without rows.
    pub(crate) fn span_us(&self) -> Option<(i64, i64)> {
        Some((self.places.first()?.0, self.places.last()?.0))
    }

    /// Begins to look for rows.
    pub(crate) const fn search(&self) -> Search<'_> {
        Search { among: self, at: 0 }
    }
}

/// Looks for one row after the other. Those of files ascend mostly, so that each is near the one before.
pub(crate) struct Search<'f> {
    among: &'f WithFeedback,
    at: usize,
}

impl Search<'_> {
    /// Whether a row with feedback has this place, whatever its id.
    pub(crate) fn has_place(&mut self, place: Place) -> bool {
        let places = &self.among.places;
        let is_first = |at: usize| {
            at.checked_sub(1).is_none_or(|before| places[before] < place)
                && places.get(at).is_none_or(|&found| found >= place)
        };
        if !is_first(self.at) {
            let next = self.at + 1;
            self.at = if next <= places.len() && is_first(next) {
                next
            } else {
                places.partition_point(|&found| found < place)
            };
        }
        places.get(self.at) == Some(&place)
    }

    /// Whether a row has feedback.
    pub(crate) fn has(&mut self, place: Place, id: &str) -> bool {
        self.has_place(place)
            && (self.at..)
                .take_while(|&at| self.among.places.get(at) == Some(&place))
                .any(|at| self.among.ids.get(at).is_some_and(|found| found == id))
    }
}

/// The ids of some rows.
pub(crate) fn ids_of(batch: &RecordBatch) -> Result<&StringArray, ArrowError> {
    column(batch, "prediction_id")?.as_string_opt().ok_or_else(|| other("prediction_id"))
}
