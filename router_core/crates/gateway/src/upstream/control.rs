//! The way to the control plane: calls that Rust does not answer go to its unix socket as they are.

use std::{cell::RefCell, path::PathBuf, rc::Rc, time::Duration};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::{net::UnixStream, sync::Mutex, time::timeout};

use crate::{
    messages::status::CallError,
    upstream::{CONNECTION_WINDOW_BYTES, MAX_FRAME_BYTES, STREAM_WINDOW_BYTES},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// One thread's connection to the control plane, made when it is needed.
pub(crate) struct ControlChannel {
    socket: Option<PathBuf>,
    sender: RefCell<Option<SendRequest<Bytes>>>,
    /// One connects, the others wait; only this thread's calls meet here.
    connecting: Rc<Mutex<()>>,
}

impl ControlChannel {
    pub(crate) fn new(socket: Option<PathBuf>) -> Self {
        Self { socket, sender: RefCell::default(), connecting: Rc::default() }
    }

    /// A connection that takes one more call.
    pub(crate) async fn ready(&self) -> Result<SendRequest<Bytes>, CallError> {
        if let Some(sender) = self.usable().await {
            return Ok(sender);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(sender) = self.usable().await {
            return Ok(sender);
        }
        let sender = match timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(connected) => connected?,
            Err(_) => return Err(away("it does not answer")),
        };
        *self.sender.borrow_mut() = Some(sender.clone());
        sender.ready().await.map_err(|error| away(&error.to_string()))
    }

    async fn usable(&self) -> Option<SendRequest<Bytes>> {
        let sender = self.sender.borrow().clone()?;
        match sender.ready().await {
            Ok(sender) => Some(sender),
            Err(_) => {
                self.sender.borrow_mut().take();
                None
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Bytes>, CallError> {
        let Some(socket) = &self.socket else {
            return Err(CallError::new(
                tonic::Code::Unimplemented,
                "this server has no control plane; send administrative calls to the one that has",
            ));
        };
        let stream = UnixStream::connect(socket).await.map_err(|error| away(&error.to_string()))?;
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(MAX_FRAME_BYTES)
            // Late answers to calls given up are no reason to break the connection under other calls.
            .max_local_error_reset_streams(None)
            .enable_push(false)
            .handshake::<_, Bytes>(stream)
            .await
            .map_err(|error| away(&error.to_string()))?;
        tokio::task::spawn_local(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to the control plane ended");
            }
        });
        Ok(sender)
    }
}

fn away(reason: &str) -> CallError {
    CallError::unavailable(format!(
        "the control plane cannot be reached: {reason}; routing goes on, administrative calls work again once \
         it is back"
    ))
}
