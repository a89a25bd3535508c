//! A backend that speaks the Open Inference Protocol, checks the model's name and gives every tensor back.
//!
//! `echo_backend --model NAME [--model NAME …] [--columns N] [--delay-ms N]` opens one port for each name, prints
//! `{"ports": […]}` and serves on one thread. A call that asks a port for another name is INVALID_ARGUMENT: what
//! forwards must rewrite. With `--columns` it answers one FP64 row of so many columns by a label and probabilities.
//! With `--delay-ms` each answer to ModelInfer takes so long, as a model's does that computes.

use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use crate::oip::{self, Pieces};
use crate::{Failure, flags::Flags, scoring};
use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 256 << 20;

/// What answers at a port.
#[derive(Clone)]
struct Model {
    name: Rc<str>,
    /// The columns of the row that it scores; 0 to echo.
    columns: usize,
    /// How long it takes to answer.
    delay: Duration,
}

/// Runs the program.
///
/// # Errors
/// A flag is wrong, or what it needs is not there.
pub fn main(flags: &Flags) -> Result<(), Failure> {
    let columns: usize = flags.get("columns", 0)?;
    let delay = Duration::from_millis(flags.get("delay-ms", 0)?);
    let models: Vec<Model> =
        flags.all("model").map(|name| Model { name: name.into(), columns, delay }).collect();
    if models.is_empty() {
        return Err("--model: must be given".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(models))
}

async fn serve(models: Vec<Model>) -> Result<(), Failure> {
    let mut ports = Vec::new();
    for model in models {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port());
        spawn_local(accept(listener, model));
    }
    let ready = serde_json::json!({ "ports": ports });
    writeln!(std::io::stdout(), "{ready}")?;
    std::future::pending().await
}

async fn accept(listener: TcpListener, model: Model) {
    while let Ok((socket, _)) = listener.accept().await {
        let model = model.clone();
        spawn_local(async move {
            // A peer that goes away ends its connection; the others go on.
            let _ = serve_connection(socket, model).await;
        });
    }
}

async fn serve_connection(socket: TcpStream, model: Model) -> Result<(), Failure> {
    socket.set_nodelay(true)?;
    let mut connection = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(4_096)
        .max_send_buffer_size(64 << 20)
        .handshake::<_, Bytes>(socket)
        .await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let model = model.clone();
        spawn_local(async move {
            let _ = answer(request, respond, &model).await;
        });
    }
    Ok(())
}

async fn answer(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    model: &Model,
) -> Result<(), Failure> {
    let (head, mut body) = request.into_parts();
    let mut pieces = Pieces::default();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        pieces.push(piece);
    }
    if !model.delay.is_zero() && head.uri.path().ends_with("/ModelInfer") {
        tokio::time::sleep(model.delay).await;
    }
    match answer_to(head.uri.path(), pieces, model) {
        Ok(message) => send(&mut respond, message),
        Err((code, text)) => refuse(&mut respond, code, &text),
    }
}

/// Answers a call's message in pieces, or status code and text.
fn answer_to(path: &str, request: Pieces, model: &Model) -> Result<Vec<Bytes>, (u8, String)> {
    match path.rsplit('/').next() {
        Some("ModelInfer") => {
            let answered = match model.columns {
                0 => oip::echo(request),
                _ => scoring::answer(request).map(|(head, response)| (head, vec![response])),
            };
            let Some((head, response)) = answered else {
                return Err((3, "not a ModelInferRequest that is answered here".to_owned()));
            };
            if head.model_name != model.name.as_bytes() {
                let asked = String::from_utf8_lossy(&head.model_name);
                return Err((3, format!("model_name: {asked:?} was asked, {:?} lives here", model.name)));
            }
            if !head.model_version.is_empty() {
                return Err((3, "model_version: must not be passed on".to_owned()));
            }
            Ok(response)
        }
        Some("ServerLive" | "ServerReady" | "ModelReady") => Ok(vec![oip::build_small(&[], &[1])]),
        Some("ModelMetadata") if model.columns > 0 => Ok(vec![scoring::metadata(&model.name, model.columns)]),
        Some("ModelMetadata") => {
            let (input, output) = (oip::tensor_metadata("features"), oip::tensor_metadata("features"));
            let fields: [(u8, &[u8]); 4] =
                [(1, model.name.as_bytes()), (3, b"echo"), (4, &input), (5, &output)];
            Ok(vec![oip::build_small(&fields, &[])])
        }
        _ => Err((12, format!("{path}: not served here"))),
    }
}

fn send(respond: &mut SendResponse<Bytes>, message: Vec<Bytes>) -> Result<(), Failure> {
    let mut response = Response::new(());
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(response, false)?;
    for piece in message {
        stream.send_data(piece, false)?;
    }
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)?;
    Ok(())
}

fn refuse(respond: &mut SendResponse<Bytes>, code: u8, text: &str) -> Result<(), Failure> {
    let response = Response::builder()
        .header(http::header::CONTENT_TYPE, "application/grpc")
        .header("grpc-status", u16::from(code))
        .header("grpc-message", text)
        .body(())?;
    respond.send_response(response, true)?;
    Ok(())
}
