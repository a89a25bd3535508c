//! The rows of one router, model and day, by column.

use std::{collections::HashMap, ops::Range, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch, new_null_array},
    datatypes::{DataType, SchemaRef},
};
use pointsman_model::{Datatype, Id};

use crate::{
    answer::RowAnswer,
    answer_columns::AnswerColumns,
    call::{Call, CallAnswer, CallFeatures, Input},
    cell::{Cell, into_text},
    columns::{Kind, ModelColumns},
    decision_columns::{DecisionColumns, DecisionRow},
    error::LakeError,
    feature_column::FeatureColumn,
    input_plan::InputPlan,
    json_value::ValueView,
    route::Variant,
    schema::{decision_schema, feature_field, full_schema},
    surplus::SurplusColumn,
};

/// Rows that are built before they are put aside: few enough that builders stay in the cache.
const CHUNK_ROWS: usize = 4_096;
/// Bytes of entries after which rows are put aside.
const CHUNK_BYTES: usize = 8 << 20;

/// Whose rows a table holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TableKey {
    pub(crate) router_id: Id,
    pub(crate) model_id: Id,
    /// The day, counted from the epoch.
    pub(crate) day: i64,
}

/// Where the values of a feature go.
#[derive(Debug, Clone, Copy)]
enum Target {
    Column(usize),
    Surplus,
    Nowhere,
}

/// Where the columns of a variant's inputs go; empty for inputs that are lists.
#[derive(Debug)]
struct VariantTargets(Vec<Vec<Target>>);

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
    features: Vec<FeatureColumn>,
    feature_by_name: HashMap<Arc<str>, usize>,
    surplus: SurplusColumn,
    variants: HashMap<(u32, u32), Arc<VariantTargets>>,
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
            features: Vec::new(),
            feature_by_name: HashMap::new(),
            surplus: SurplusColumn::default(),
            variants: HashMap::new(),
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
            self.append_features(call, rows, model);
        }
        self.rows += count;
        self.bytes += call.entry.request.len() + call.entry.response.len();
        self.min_time_us = self.min_time_us.min(call.entry.time_us);
        self.max_time_us = self.max_time_us.max(call.entry.time_us);
        if self.rows >= CHUNK_ROWS || self.bytes + self.surplus.byte_count >= CHUNK_BYTES {
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
        self.variants.clear();
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
            features.extend(self.features.iter_mut().map(|column| column.finish(rows)));
            surplus = Some(self.surplus.finish(rows)?);
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
        let (features, keeps_bodies) = (&self.features, self.keeps_bodies);
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

    fn append_features(&mut self, call: &Call<'_>, rows: Range<usize>, model: &mut ModelColumns) {
        match &call.features {
            CallFeatures::Missing(_) => {}
            CallFeatures::Predict(features) => {
                // What a call that failed sent does not fix types: it may have failed for sending the wrong ones.
                let may_add = call.entry.status_code == 0;
                for (name, value) in features {
                    self.append_value(call.variant, name, *value, may_add, model);
                }
            }
            CallFeatures::Infer(inputs) => {
                let targets = self.targets(call, model);
                for input in inputs {
                    let described = input.plan.and_then(|plan| {
                        Some((call.variant.inputs.get(plan)?, targets.0.get(plan)?.as_slice()))
                    });
                    match described {
                        Some((plan, targets)) if plan.columns.is_some() => {
                            self.append_columns(input, plan, targets, rows.clone());
                        }
                        Some((plan, _)) if plan.own_is_excluded => {}
                        Some((plan, _)) => self.append_lists(input, &plan.own_name, rows.clone()),
                        None => self.append_undescribed(call, input, rows.clone(), model),
                    }
                }
            }
        }
    }

    /// Adds the rows of a tensor whose columns are features.
    fn append_columns(
        &mut self,
        input: &Input<'_>,
        plan: &InputPlan,
        targets: &[Target],
        rows: Range<usize>,
    ) {
        let columns = plan.columns.iter().flatten();
        for (column, (&target, plan)) in targets.iter().zip(columns).enumerate() {
            match target {
                Target::Nowhere => {}
                Target::Surplus => self.append_surplus(input, column, &plan.name, rows.clone()),
                Target::Column(index) => self.append_cells(input, column, index, rows.clone()),
            }
        }
    }

    /// Adds the values of one column of a tensor to a feature's column.
    #[inline]
    fn append_cells(&mut self, input: &Input<'_>, column: usize, index: usize, rows: Range<usize>) {
        let at = self.rows;
        let Some(feature) = self.features.get_mut(index) else { return };
        let element = |row: usize| if input.is_shared { column } else { row * input.width + column };
        let tensor = &input.tensor;
        let is_set = match tensor.datatype {
            Datatype::Fp32 => {
                let (floats, _) = tensor.raw.as_chunks::<4>();
                let number =
                    |row| floats.get(element(row)).map_or(f64::NAN, |f| f32::from_le_bytes(*f).into());
                feature.set_numbers(at, rows.clone().map(number))
            }
            Datatype::Fp64 => {
                let (floats, _) = tensor.raw.as_chunks::<8>();
                let number = |row| floats.get(element(row)).map_or(f64::NAN, |f| f64::from_le_bytes(*f));
                feature.set_numbers(at, rows.clone().map(number))
            }
            _ => {
                for (offset, row) in rows.clone().enumerate() {
                    let cell = tensor.cell(element(row));
                    if !feature.set(at + offset, &cell) {
                        self.surplus.push(at + offset, &feature.name, cell.json());
                    }
                }
                true
            }
        };
        if !is_set {
            let name = feature.name.clone();
            self.append_surplus(input, column, &name, rows);
        }
    }

    fn append_surplus(&mut self, input: &Input<'_>, column: usize, name: &str, rows: Range<usize>) {
        let at = self.rows;
        for (offset, row) in rows.enumerate() {
            let element = if input.is_shared { column } else { row * input.width + column };
            self.surplus.push(at + offset, name, input.tensor.cell(element).json());
        }
    }

    /// Adds rows that are lists.
    fn append_lists(&mut self, input: &Input<'_>, name: &str, rows: Range<usize>) {
        let at = self.rows;
        let shape = input.tensor.shape();
        let inner = match shape.split_first() {
            Some((&first, inner))
                if usize::try_from(first) == Ok(input.tensor.count / input.width.max(1)) =>
            {
                inner
            }
            _ => shape,
        };
        for (offset, row) in rows.enumerate() {
            let start = if input.is_shared { 0 } else { row * input.width };
            let mut json = Vec::new();
            input.tensor.write_json(start, input.width, inner, &mut json);
            self.surplus.push(at + offset, name, into_text(json));
        }
    }

    /// Adds a tensor that the signature does not know.
    fn append_undescribed(
        &mut self,
        call: &Call<'_>,
        input: &Input<'_>,
        rows: Range<usize>,
        model: &mut ModelColumns,
    ) {
        let name = input.tensor.name;
        if call.variant.excluded.contains(name) {
            return;
        }
        if input.width != 1 {
            return self.append_lists(input, name, rows);
        }
        let kind = Kind::of(input.tensor.datatype);
        match self.target(name, kind, call.entry.status_code == 0, model) {
            Target::Column(index) => self.append_cells(input, 0, index, rows),
            _ => self.append_surplus(input, 0, name, rows),
        }
    }

    /// Adds a feature of Predict.
    fn append_value(
        &mut self,
        variant: &Variant,
        name: &str,
        value: ValueView<'_>,
        may_add: bool,
        model: &mut ModelColumns,
    ) {
        if variant.excluded.contains(name) {
            return;
        }
        let Some(cell) = value.cell() else {
            return self.append_list_value(variant, name, value, model);
        };
        let kind = match (variant.kinds.get(name), &cell) {
            (Some(kind), _) => *kind,
            (None, Cell::Null) => return,
            (None, Cell::Bool(_)) => Kind::Bool,
            (None, Cell::Text(_)) => Kind::Text,
            (None, _) => Kind::Double,
        };
        let may_add = may_add || variant.kinds.contains_key(name);
        self.append_cell(name, kind, &cell, may_add, model);
    }

    /// Adds a list of Predict: by column, when it fills an input's.
    fn append_list_value(
        &mut self,
        variant: &Variant,
        name: &str,
        value: ValueView<'_>,
        model: &mut ModelColumns,
    ) {
        let fills = |plan: &&InputPlan| *plan.own_name == *name && plan.columns.is_some();
        if let Some(plan) = variant.inputs.iter().find(fills) {
            let columns = plan.columns.as_deref().unwrap_or_default();
            if let Some(cells) = value.flat(columns.len())
                && cells.len() == columns.len()
            {
                for (column, cell) in columns.iter().zip(&cells).filter(|(column, _)| !column.is_excluded) {
                    self.append_cell(&column.name, plan.kind, cell, true, model);
                }
                return;
            }
            if plan.own_is_excluded {
                return;
            }
        }
        let mut json = Vec::new();
        value.write_json(&mut json);
        self.surplus.push(self.rows, name, into_text(json));
    }

    fn append_cell(
        &mut self,
        name: &str,
        kind: Kind,
        cell: &Cell<'_>,
        may_add: bool,
        model: &mut ModelColumns,
    ) {
        let column = match self.target(name, kind, may_add, model) {
            Target::Column(index) => self.features.get_mut(index),
            _ => None,
        };
        if !column.is_some_and(|column| column.set(self.rows, cell)) {
            self.surplus.push(self.rows, name, cell.json());
        }
    }

    /// Where a variant's inputs go.
    fn targets(&mut self, call: &Call<'_>, model: &mut ModelColumns) -> Arc<VariantTargets> {
        let key = (call.entry.route, call.entry.variant);
        if let Some(targets) = self.variants.get(&key) {
            return targets.clone();
        }
        let inputs = call.variant.inputs.iter().map(|input| {
            let columns = input.columns.iter().flatten();
            columns
                .map(|column| match column.is_excluded {
                    true => Target::Nowhere,
                    false => self.target(&column.name, input.kind, true, model),
                })
                .collect()
        });
        let targets = Arc::new(VariantTargets(inputs.collect()));
        self.variants.insert(key, targets.clone());
        targets
    }

    /// Where a feature goes.
    fn target(&mut self, name: &str, kind: Kind, may_add: bool, model: &mut ModelColumns) -> Target {
        if let Some(&index) = self.feature_by_name.get(name) {
            let fits = self.features.get(index).is_some_and(|column| column.kind == kind);
            return if fits { Target::Column(index) } else { Target::Surplus };
        }
        if self.layout.is_some() || model.resolve(name, kind, may_add).is_none() {
            return Target::Surplus;
        }
        let index = self.features.len();
        let column = FeatureColumn::new(name, kind);
        self.feature_by_name.insert(column.name.clone(), index);
        self.features.push(column);
        Target::Column(index)
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
