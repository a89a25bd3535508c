//! One replica, a running server, as Python holds it.

use std::{process, time::Duration};

use pointsman_gateway::{FileFault, Server};
use pyo3::{prelude::*, types::PyBytes};

use crate::{
    answer::answer,
    errors::{ForkedProcessError, InvalidRequestError, of_gateway},
};

/// The longest time that a call from Python may name.
const MAX_SECONDS: f64 = 86_400.0;

/// Kind, id and reason of an item that was refused.
type Refused = (&'static str, String, String);

/// Id, place, ends of predictions and feedback, and whether the database has it.
type Start = (String, String, u64, u64, bool);

/// Path, registered digest, whether calls are answered all the same, and what is wrong.
type Fault = (String, String, bool, String);

/// A replica of the data plane, running in this process.
#[pyclass(frozen, module = "pointsman._core")]
pub(crate) struct ServerHandle {
    /// None only while the handle is dropped.
    server: Option<Server>,
    address: String,
    /// Threads do not survive a fork: a child must not use what they served.
    process_id: u32,
}

/// Checks the JSON configuration, binds, restores the state on disk, then serves.
#[pyfunction]
pub(crate) fn start_server(py: Python<'_>, config: &str) -> PyResult<ServerHandle> {
    let server = py.detach(|| Server::start(config)).map_err(of_gateway)?;
    let address = server.address().to_string();
    Ok(ServerHandle { server: Some(server), address, process_id: process::id() })
}

impl ServerHandle {
    fn server(&self) -> PyResult<&Server> {
        if let Some(server) = self.server.as_ref().filter(|_| self.process_id == process::id()) {
            return Ok(server);
        }
        Err(ForkedProcessError::new_err(format!(
            "the server runs in process {}, not in this child made by fork; start programs with exec, or start the \
             server after forking",
            self.process_id
        )))
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        if self.process_id != process::id() {
            // A child made by fork would wait for ever for threads that it does not have.
            std::mem::forget(self.server.take());
        }
    }
}

#[pymethods]
impl ServerHandle {
    #[getter]
    fn grpc_address(&self) -> &str {
        &self.address
    }

    fn publish(&self, py: Python<'_>, update: &[u8]) -> PyResult<(u64, Vec<Refused>)> {
        let server = self.server()?;
        let published = py.detach(|| server.publish(update)).map_err(of_gateway)?;
        let refused = published.refused.into_iter().map(|item| (item.kind.as_str(), item.id, item.reason));
        Ok((published.generation, refused.collect()))
    }

    fn probe_backend<'py>(
        &self,
        py: Python<'py>,
        model: &[u8],
        timeout_seconds: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (server, patience) = (self.server()?, seconds("timeout_seconds", timeout_seconds)?);
        let signature = py.detach(|| server.probe_backend(model, patience)).map_err(of_gateway)?;
        Ok(PyBytes::new(py, &signature))
    }

    fn dry_run<'py>(
        &self,
        py: Python<'py>,
        request: &[u8],
        timeout_seconds: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (server, patience) = (self.server()?, seconds("timeout_seconds", timeout_seconds)?);
        answer(py, || server.dry_run(request, patience))
    }

    fn router_counters<'py>(&self, py: Python<'py>, router_id: &str) -> PyResult<Bound<'py, PyBytes>> {
        let server = self.server()?;
        Ok(PyBytes::new(py, &py.detach(|| server.router_counters(router_id))))
    }

    fn set_bandit_totals(&self, py: Python<'_>, totals: &[u8]) -> PyResult<()> {
        let server = self.server()?;
        py.detach(|| server.set_bandit_totals(totals)).map_err(of_gateway)
    }

    #[pyo3(signature = (router_ids=None))]
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 gives arguments away")]
    fn bandit_states<'py>(
        &self,
        py: Python<'py>,
        router_ids: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let server = self.server()?;
        answer(py, || Ok(server.bandit_states(router_ids.as_deref())))
    }

    #[getter]
    fn journal_id(&self) -> PyResult<String> {
        Ok(self.server()?.journal_id().to_string())
    }

    fn journal_starts(&self, py: Python<'_>) -> PyResult<Vec<Start>> {
        let server = self.server()?;
        let starts = py.detach(|| server.journal_starts()).map_err(of_gateway)?.into_iter();
        let tuple = |start: pointsman_gateway::Start| {
            (start.id, start.place, start.predictions_end, start.feedback_end, start.is_known)
        };
        Ok(starts.map(tuple).collect())
    }

    fn journal_ends(&self) -> PyResult<(u64, u64)> {
        Ok(self.server()?.journal_ends())
    }

    fn confirm_journal(&self, py: Python<'_>, journal_id: &str) -> PyResult<()> {
        let server = self.server()?;
        py.detach(|| server.confirm_journal(journal_id)).map_err(of_gateway)
    }

    #[expect(clippy::needless_pass_by_value, reason = "pyo3 gives arguments away")]
    fn add_erased_predictions(&self, py: Python<'_>, digests: Vec<u64>) -> PyResult<()> {
        let server = self.server()?;
        py.detach(|| server.add_erased_predictions(&digests));
        Ok(())
    }

    fn take_feedback<'py>(
        &self,
        py: Python<'py>,
        after_position: u64,
        max_entries: usize,
        timeout_seconds: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (server, patience) = (self.server()?, seconds("timeout_seconds", timeout_seconds)?);
        answer(py, || server.take_feedback(after_position, max_entries, patience))
    }

    fn release_feedback(&self, py: Python<'_>, position: u64, outcomes: &[u8]) -> PyResult<()> {
        let server = self.server()?;
        py.detach(|| server.release_feedback(position, outcomes)).map_err(of_gateway)
    }

    fn check_feedback<'py>(&self, py: Python<'py>, call: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let server = self.server()?;
        answer(py, || server.check_feedback(call))
    }

    fn append_feedback<'py>(&self, py: Python<'py>, call: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let server = self.server()?;
        answer(py, || server.append_feedback(call))
    }

    fn take_shipped<'py>(&self, py: Python<'py>, timeout_seconds: f64) -> PyResult<Bound<'py, PyBytes>> {
        let (server, patience) = (self.server()?, seconds("timeout_seconds", timeout_seconds)?);
        answer(py, || Ok(server.take_shipped(patience)))
    }

    fn release_predictions(&self, py: Python<'_>, position: u64) -> PyResult<()> {
        let server = self.server()?;
        py.detach(|| server.release_predictions(position)).map_err(of_gateway)
    }

    fn read_tail<'py>(&self, py: Python<'py>, query: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let server = self.server()?;
        answer(py, || server.read_tail(query))
    }

    fn seal_predictions(&self, py: Python<'_>) -> PyResult<u64> {
        let server = self.server()?;
        Ok(py.detach(|| server.seal_predictions()))
    }

    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        let server = self.server()?;
        Ok(py.detach(|| server.metrics()))
    }

    fn file_faults(&self, py: Python<'_>) -> PyResult<Vec<Fault>> {
        let server = self.server()?;
        let faults = py.detach(|| server.file_faults());
        let told = |fault: FileFault| (fault.path, fault.sha256, fault.is_served, fault.reason);
        Ok(faults.into_iter().map(told).collect())
    }

    fn status(&self, py: Python<'_>) -> PyResult<String> {
        let server = self.server()?;
        Ok(py.detach(|| server.status()))
    }

    fn stop(&self, py: Python<'_>, grace_seconds: f64) -> u64 {
        // Never raises: a child made by fork has nothing to stop, and a grace that is no time is none.
        let grace = seconds("grace_seconds", grace_seconds).unwrap_or_default();
        self.server().map_or(0, |server| py.detach(|| server.stop(grace)))
    }
}

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    if (0.0..=MAX_SECONDS).contains(&value) {
        return Ok(Duration::from_secs_f64(value));
    }
    Err(InvalidRequestError::new_err(format!("{name}: {value} is not between 0 and {MAX_SECONDS} seconds")))
}
