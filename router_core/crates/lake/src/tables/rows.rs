//! Entries of a segment into tables of rows.

use std::{collections::HashMap, sync::Arc};

use pointsman_journal::SegmentRoutes;

use crate::{
    calls::{
        call::{Call, Hold},
        entry::EntryView,
        route::Route,
    },
    columns::registry::{ColumnRegistry, ModelColumns},
    error::LakeError,
    paths::day_of,
    tables::table::{Table, TableKey},
};

/// Tables of the rows of some entries.
pub(crate) struct Rows<'r> {
    registry: &'r ColumnRegistry,
    mode: Mode,
    entries: SegmentRoutes,
    routes: HashMap<u32, RouteState>,
    models: HashMap<String, ModelColumns>,
    pub(crate) tables: Vec<Table>,
    by_key: HashMap<TableKey, usize>,
    /// Entries that could not be read.
    pub(crate) unreadable: u64,
}

/// What rows are for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    /// Whether each day has a table of its own.
    pub(crate) by_day: bool,
    /// Whether features and answers are kept.
    pub(crate) keeps_bodies: bool,
}

struct RouteState {
    route: Arc<Route>,
    /// Where each variant's last row went. A shadow that a caller names has predictions, too.
    places: Vec<Option<Place>>,
}

/// A table, and what it was found by.
#[derive(Clone, Copy)]
struct Place {
    day: i64,
    shadows: bool,
    table: usize,
}

impl<'r> Rows<'r> {
    pub(crate) fn new(registry: &'r ColumnRegistry, mode: Mode) -> Self {
        Self {
            registry,
            mode,
            entries: SegmentRoutes::default(),
            routes: HashMap::new(),
            models: HashMap::new(),
            tables: Vec::new(),
            by_key: HashMap::new(),
            unreadable: 0,
        }
    }

    /// Takes a route, after those of its segment before it; predictions that name its number follow.
    pub(crate) fn add_route(&mut self, payload: &[u8]) {
        let entry = self.entries.read(payload);
        let number = entry.as_ref().map(|entry| entry.route);
        match (number, entry.and_then(Route::of)) {
            (Some(number), Some(route)) => {
                let places = vec![None; route.variants.len()];
                self.routes.insert(number, RouteState { route: Arc::new(route), places });
            }
            _ => self.unreadable += 1,
        }
    }

    /// Forgets the routes: numbers begin anew with each segment.
    pub(crate) fn clear_routes(&mut self) {
        self.entries.clear();
        self.routes.clear();
        self.tables.iter_mut().for_each(Table::forget_routes);
    }

    /// Adds the rows of a prediction. `on_ready` is called with a table whenever it has put rows aside.
    pub(crate) fn add_prediction(
        &mut self,
        payload: &[u8],
        mut on_ready: impl FnMut(&mut Self, usize) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let Ok(entry) = EntryView::parse(payload) else {
            self.unreadable += 1;
            return Ok(());
        };
        let Some(route) = self.routes.get(&entry.route).map(|state| state.route.clone()) else {
            self.unreadable += 1;
            return Ok(());
        };
        let Some(variant) = route.variants.get(entry.variant as usize) else {
            self.unreadable += 1;
            return Ok(());
        };
        let table = self.table_of(&entry, &route)?;
        let mut hold = Hold::default();
        let call = Call::read(entry, &route, variant, &mut hold);
        let mut from = 0;
        while from < call.recorded_rows() {
            let (Some(model), Some(target)) =
                (self.models.get_mut(variant.model_id.as_str()), self.tables.get_mut(table))
            else {
                return Ok(());
            };
            from += target.append(&call, from, model)?;
            if target.is_chunk_closed() {
                on_ready(self, table)?;
            }
        }
        Ok(())
    }

    /// A table and the columns of its model.
    pub(crate) fn table_and_columns(&mut self, table: usize) -> Option<(&mut Table, &ModelColumns)> {
        let table = self.tables.get_mut(table)?;
        let columns = self.models.get(table.key.model_id.as_str())?;
        Some((table, columns))
    }

    /// Makes the columns of a table's model durable.
    pub(crate) fn save_columns(&mut self, table: usize) -> Result<(), LakeError> {
        let Some(table) = self.tables.get(table) else { return Ok(()) };
        let model_id = table.key.model_id.as_str();
        let Some(columns) = self.models.get_mut(model_id) else { return Ok(()) };
        self.registry.save(model_id, columns)
    }

    fn table_of(&mut self, entry: &EntryView<'_>, route: &Route) -> Result<usize, LakeError> {
        let day = if self.mode.by_day { day_of(entry.time_us) } else { 0 };
        let shadows = entry.shadow;
        let place = self.routes.get_mut(&entry.route).and_then(|s| s.places.get_mut(entry.variant as usize));
        let (Some(place), Some(variant)) = (place, route.variants.get(entry.variant as usize)) else {
            return Ok(usize::MAX);
        };
        if let Some(known) = *place
            && (known.day, known.shadows) == (day, shadows)
        {
            return Ok(known.table);
        }
        let model_id = variant.model_id.as_str();
        if !self.models.contains_key(model_id) {
            let columns = self.registry.load(model_id)?;
            self.models.insert(model_id.to_owned(), (*columns).clone());
        }
        let key = TableKey {
            router_id: route.router_id.clone(),
            incarnation: route.incarnation,
            model_id: variant.model_id.clone(),
            day,
            shadows,
        };
        let table = match self.by_key.get(&key) {
            Some(&table) => table,
            None => {
                let table = self.tables.len();
                self.tables.push(Table::new(key.clone(), self.mode.keeps_bodies));
                self.by_key.insert(key, table);
                table
            }
        };
        *place = Some(Place { day, shadows, table });
        Ok(table)
    }
}
