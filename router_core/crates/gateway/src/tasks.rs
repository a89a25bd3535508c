//! A bounded pool of threads for what would hold a worker up: slow models and inflating.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use tokio::sync::oneshot;

use crate::messages::status::CallError;

/// Tasks that may wait for a thread.
const QUEUE_LENGTH: usize = 1_024;

/// A task; it is told the number of the thread that runs it.
type Task = Box<dyn FnOnce(usize) + Send>;

/// The pool.
#[derive(Debug)]
pub(crate) struct TaskPool {
    tasks: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl TaskPool {
    pub(crate) fn start(count: usize) -> std::io::Result<Self> {
        Self::start_named("task", count, || {})
    }

    /// The same whose threads give way to others.
    pub(crate) fn start_low(name: &str, count: usize) -> std::io::Result<Self> {
        Self::start_named(name, count, pointsman_lake::lower_priority)
    }

    fn start_named(name: &str, count: usize, prepare: fn()) -> std::io::Result<Self> {
        let (tasks, received) = sync_channel::<Task>(QUEUE_LENGTH);
        let received = Arc::new(Mutex::new(received));
        let spawn = |number: usize| {
            let received = received.clone();
            let name = format!("pointsman-{name}-{number}");
            std::thread::Builder::new().name(name).spawn(move || {
                prepare();
                run(number, &received);
            })
        };
        let threads = (0..count).map(spawn).collect::<Result<_, _>>()?;
        Ok(Self { tasks: Some(tasks), threads })
    }

    /// Runs a task on one of the threads and waits for its outcome.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(usize) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let (answer, answered) = oneshot::channel();
        let task: Task = Box::new(move |number| {
            // A caller that went away does not want the outcome.
            if !answer.is_closed() {
                let _ = answer.send(task(number));
            }
        });
        let is_queued = self.tasks.as_ref().is_some_and(|tasks| tasks.try_send(task).is_ok());
        if !is_queued {
            return Err(CallError::exhausted(
                "all threads for models and decompression are busy (limits.onnx_threads); try again later",
            ));
        }
        answered
            .await
            .map_err(|_| CallError::new(tonic::Code::Internal, "the task failed; see the server's log"))
    }
}

fn run(number: usize, received: &Mutex<Receiver<Task>>) {
    loop {
        let task = received.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(number))).is_err() {
            tracing::error!("a task panicked");
        }
    }
}

impl Drop for TaskPool {
    fn drop(&mut self) {
        self.tasks.take();
        for thread in self.threads.drain(..) {
            // A thread only ends early by a panic, which was logged.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_fails_alone() {
        let pool = TaskPool::start(1).unwrap();
        assert!(pool.run(|_| -> u32 { panic!("expected by this test") }).await.is_err());
        assert_eq!(pool.run(|_| 7).await.unwrap(), 7);
    }
}
