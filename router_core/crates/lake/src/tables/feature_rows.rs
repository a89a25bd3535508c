//! The feature columns of a table, and the map of what has no column.

use std::{collections::HashMap, ops::Range, sync::Arc};

use arrow_array::ArrayRef;
use pointsman_model::Datatype;

use crate::{
    calls::{
        call::{Call, CallFeatures, Input},
        cell::{Cell, into_text},
        input_plan::InputPlan,
        json_value::ValueView,
        route::Variant,
    },
    columns::registry::{Kind, ModelColumns},
    error::LakeError,
    tables::{feature_column::FeatureColumn, surplus::SurplusColumn},
};

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

/// Features of rows.
#[derive(Debug, Default)]
pub(crate) struct FeatureRows {
    /// Columns in the order in which they were first seen here.
    pub(crate) columns: Vec<FeatureColumn>,
    by_name: HashMap<Arc<str>, usize>,
    surplus: SurplusColumn,
    variants: HashMap<(u32, u32), Arc<VariantTargets>>,
    /// The columns of the features of each variant's last call of Predict, by their place in it.
    former_columns: HashMap<(u32, u32), Vec<Option<usize>>>,
    /// Whether no further columns are made.
    pub(crate) is_fixed: bool,
    /// The row that is added.
    at: usize,
}

impl FeatureRows {
    /// Forgets which variant a number means.
    pub(crate) fn forget_routes(&mut self) {
        self.variants.clear();
        self.former_columns.clear();
    }

    /// Bytes of the features that have no column.
    pub(crate) fn surplus_bytes(&self) -> usize {
        self.surplus.byte_count
    }

    /// Takes out so many rows: the columns, and the map.
    pub(crate) fn finish(&mut self, rows: usize) -> Result<(Vec<ArrayRef>, ArrayRef), LakeError> {
        let columns = self.columns.iter_mut().map(|column| column.finish(rows)).collect();
        Ok((columns, self.surplus.finish(rows)?))
    }

    /// Adds the features of rows of a call; the first of them is the row `at` of the chunk.
    pub(crate) fn append(
        &mut self,
        call: &Call<'_>,
        at: usize,
        rows: Range<usize>,
        model: &mut ModelColumns,
    ) {
        self.at = at;
        match &call.features {
            CallFeatures::Missing(_) => {}
            CallFeatures::Predict(features) => {
                // What a call that failed sent does not fix types: it may have failed for sending the wrong ones.
                let may_add = call.entry.status_code == 0;
                let key = (call.entry.route, call.entry.variant);
                let mut former = self.former_columns.remove(&key).unwrap_or_default();
                former.resize(features.len(), None);
                for ((name, value), former) in features.iter().zip(&mut former) {
                    if !self.append_as_before(*former, name, *value) {
                        *former = self.append_value(call.variant, name, *value, may_add, model);
                    }
                }
                self.former_columns.insert(key, former);
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
        let at = self.at;
        let Some(feature) = self.columns.get_mut(index) else { return };
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
        let at = self.at;
        for (offset, row) in rows.enumerate() {
            let element = if input.is_shared { column } else { row * input.width + column };
            self.surplus.push(at + offset, name, input.tensor.cell(element).json());
        }
    }

    /// Adds rows that are lists.
    fn append_lists(&mut self, input: &Input<'_>, name: &str, rows: Range<usize>) {
        let at = self.at;
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
        if call.variant.leaves_out(name) {
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

    /// Adds a feature of Predict to the column that the feature at its place had in the variant's call before; whether
    /// it is the same. Calls of one client mostly have the same features, and so need no look-ups.
    fn append_as_before(&mut self, former: Option<usize>, name: &str, value: ValueView<'_>) -> bool {
        let Some(column) = former.and_then(|index| self.columns.get_mut(index)) else { return false };
        *column.name == *name && value.cell().is_some_and(|cell| column.set(self.at, &cell))
    }

    /// Adds a feature of Predict; answers the column that took it.
    fn append_value(
        &mut self,
        variant: &Variant,
        name: &str,
        value: ValueView<'_>,
        may_add: bool,
        model: &mut ModelColumns,
    ) -> Option<usize> {
        if variant.leaves_out(name) {
            return None;
        }
        let Some(cell) = value.cell() else {
            self.append_list_value(variant, name, value, model);
            return None;
        };
        let kind = match (variant.kinds.get(name), &cell) {
            (Some(kind), _) => *kind,
            (None, Cell::Null) => return None,
            (None, Cell::Bool(_)) => Kind::Bool,
            (None, cell) => kind_by_itself(cell, model.kind_of(name)),
        };
        let may_add = may_add || variant.kinds.contains_key(name);
        self.append_cell(name, kind, &cell, may_add, model)
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
        self.surplus.push(self.at, name, into_text(json));
    }

    fn append_cell(
        &mut self,
        name: &str,
        kind: Kind,
        cell: &Cell<'_>,
        may_add: bool,
        model: &mut ModelColumns,
    ) -> Option<usize> {
        let number = cell.number_in_text(kind);
        let cell = number.as_ref().unwrap_or(cell);
        if let Target::Column(index) = self.target(name, kind, may_add, model)
            && self.columns.get_mut(index).is_some_and(|column| column.set(self.at, cell))
        {
            return Some(index);
        }
        self.surplus.push(self.at, name, cell.json());
        None
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
        if let Some(&index) = self.by_name.get(name) {
            let fits = self.columns.get(index).is_some_and(|column| column.kind.takes(kind));
            return if fits { Target::Column(index) } else { Target::Surplus };
        }
        let resolved = if self.is_fixed { None } else { model.resolve(name, kind, may_add) };
        let Some(kind) = resolved else { return Target::Surplus };
        let index = self.columns.len();
        let column = FeatureColumn::new(name, kind);
        self.by_name.insert(column.name.clone(), index);
        self.columns.push(column);
        Target::Column(index)
    }
}

/// What a number or text is taken for that the signature does not describe, given what the column of its name holds:
/// clients send whole numbers as JSON numbers or, when they are large, as text.
fn kind_by_itself(cell: &Cell<'_>, column: Option<Kind>) -> Kind {
    let whole = column.filter(|kind| kind.is_whole());
    match cell {
        Cell::Text(_) => whole.filter(|_| cell.is_text_of_large_number()).unwrap_or(Kind::Text),
        _ => whole.unwrap_or(Kind::Double),
    }
}
