//! The rows of one router, model and day, by column.

use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, SchemaRef};
use pointsman_model::Id;

use crate::{
    calls::{
        answer::RowAnswer,
        call::{Call, CallAnswer},
    },
    columns::registry::ModelColumns,
    error::LakeError,
    schema::{decision_schema, feature_field, full_schema},
    tables::{
        answer_columns::AnswerColumns,
        decision_columns::{DecisionColumns, DecisionRow},
        feature_rows::FeatureRows,
    },
};

/// Rows that are built before they are put aside: few enough that builders stay in the cache.
const CHUNK_ROWS: usize = 4_096;
/// Bytes of entries after which rows are put aside.
const CHUNK_BYTES: usize = 8 << 20;

/// Whose rows a table holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TableKey {
    pub(crate) router_id: Id,
    /// Tells the router from others of the same id; 0 when that is not known.
    pub(crate) incarnation: u64,
    pub(crate) model_id: Id,
    /// The day, counted from the epoch.
    pub(crate) day: i64,
    /// Whether they are answers of shadows, and not predictions.
    pub(crate) shadows: bool,
}

/// Rows that are complete.
#[derive(Debug)]
struct Chunk {
    rows: usize,
    fixed: Vec<ArrayRef>,
    features: Vec<ArrayRef>,
    surplus: Option<ArrayRef>,
}

/// Which columns the table's rows are written with; fixed with the first ones.
#[derive(Debug)]
struct Layout {
    schema: SchemaRef,
    features: Vec<usize>,
}

/// Rows of one router, model and day.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) key: TableKey,
    keeps_bodies: bool,
    decisions: DecisionColumns,
    answers: AnswerColumns,
    features: FeatureRows,
    /// Rows in the builders.
    rows: usize,
    /// Bytes of entries in the builders.
    bytes: usize,
    chunks: Vec<Chunk>,
    layout: Option<Layout>,
    /// Rows that are complete and not taken yet.
    pub(crate) ready_rows: usize,
    /// Their memory.
    pub(crate) ready_bytes: usize,
    pub(crate) min_time_us: i64,
    pub(crate) max_time_us: i64,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(key: TableKey, keeps_bodies: bool) -> Self {
        Self {
            key,
            keeps_bodies,
            decisions: DecisionColumns::default(),
            answers: AnswerColumns::default(),
            features: FeatureRows::default(),
            rows: 0,
            bytes: 0,
            chunks: Vec::new(),
            layout: None,
            ready_rows: 0,
            ready_bytes: 0,
            min_time_us: i64::MAX,
            max_time_us: i64::MIN,
        }
    }

    /// Adds rows of a call, as many as fit into a chunk; answers how many.
    pub(crate) fn append(
        &mut self,
        call: &Call<'_>,
        from: usize,
        model: &mut ModelColumns,
    ) -> Result<usize, LakeError> {
        let count = (call.recorded_rows() - from).min(CHUNK_ROWS - self.rows);
        let rows = from..from + count;
        self.append_decisions(call, rows.clone());
        if self.keeps_bodies {
            self.append_answers(call, rows.clone());
            self.features.append(call, self.rows, rows, model);
        }
        self.rows += count;
        self.bytes += call.entry.request.len() + call.entry.response.len();
        self.min_time_us = self.min_time_us.min(call.entry.time_us);
        self.max_time_us = self.max_time_us.max(call.entry.time_us);
        if self.rows >= CHUNK_ROWS || self.bytes + self.features.surplus_bytes() >= CHUNK_BYTES {
            self.close_chunk()?;
        }
        Ok(count)
    }

    /// Whether rows were put aside just now.
    pub(crate) fn is_chunk_closed(&self) -> bool {
        self.rows == 0
    }

    /// Forgets which variant a number means.
    pub(crate) fn forget_routes(&mut self) {
        self.features.forget_routes();
    }

    /// Puts the rows that are being built aside.
    pub(crate) fn close_chunk(&mut self) -> Result<(), LakeError> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut fixed = self.decisions.finish();
        let mut features = Vec::new();
        let mut surplus = None;
        if self.keeps_bodies {
            fixed.extend(self.answers.finish());
            let (columns, others) = self.features.finish(rows)?;
            features = columns;
            surplus = Some(others);
        }
        let arrays = fixed.iter().chain(&features).chain(&surplus);
        self.ready_bytes += arrays.map(|array| array.get_array_memory_size()).sum::<usize>();
        self.ready_rows += rows;
        self.chunks.push(Chunk { rows, fixed, features, surplus });
        Ok(())
    }

    /// Takes out the rows that are complete. From then on the table has no further columns.
    pub(crate) fn take_ready(&mut self, model: &ModelColumns) -> Result<Vec<RecordBatch>, LakeError> {
        self.schema(model);
        self.ready_rows = 0;
        self.ready_bytes = 0;
        let chunks = std::mem::take(&mut self.chunks);
        let Some(layout) = &self.layout else { return Ok(Vec::new()) };
        chunks.into_iter().map(|chunk| chunk.into_batch(layout)).collect()
    }

    /// The columns, which are fixed from now on.
    pub(crate) fn schema(&mut self, model: &ModelColumns) -> SchemaRef {
        self.features.is_fixed = true;
        let (features, keeps_bodies) = (&self.features.columns, self.keeps_bodies);
        let layout = self.layout.get_or_insert_with(|| {
            let mut order: Vec<usize> = (0..features.len()).collect();
            let place = |&index: &usize| features.get(index).and_then(|column| model.position(&column.name));
            order.sort_by_key(place);
            let columns = order.iter().filter_map(|&index| features.get(index));
            let fields = columns.map(|column| feature_field(&column.name, column.kind));
            let schema = if keeps_bodies { full_schema(fields) } else { decision_schema() };
            Layout { schema, features: order }
        });
        layout.schema.clone()
    }

    fn append_decisions(&mut self, call: &Call<'_>, rows: Range<usize>) {
        for row in rows {
            self.decisions.append(&DecisionRow {
                entry: &call.entry,
                route: call.route,
                variant: call.variant,
                row,
                row_count: call.row_count,
                features: call.features_content(),
                answer: call.answer_content(),
            });
        }
    }

    fn append_answers(&mut self, call: &Call<'_>, rows: Range<usize>) {
        for row in rows {
            match &call.answer {
                CallAnswer::Infer(answer) => self.answers.append(&answer.row(row)),
                CallAnswer::Predict(answer) if row == 0 => self.answers.append(answer),
                CallAnswer::Predict(_) | CallAnswer::Missing(_) => self.answers.append(&RowAnswer::default()),
            }
        }
    }
}

impl Chunk {
    fn into_batch(self, layout: &Layout) -> Result<RecordBatch, LakeError> {
        let mut arrays = self.fixed;
        for (place, &index) in layout.features.iter().enumerate() {
            let array = self.features.get(index).cloned();
            arrays.push(array.unwrap_or_else(|| {
                let fields = layout.schema.fields();
                let field = fields.get(fields.len() - 1 - layout.features.len() + place);
                new_null_array(field.map_or(&DataType::Float64, |field| field.data_type()), self.rows)
            }));
        }
        arrays.extend(self.surplus);
        Ok(RecordBatch::try_new(layout.schema.clone(), arrays)?)
    }
}
