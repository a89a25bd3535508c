//! A client that sees every byte of its answers.

use std::{collections::BTreeMap, net::SocketAddr};

use bytes::{Bytes, BytesMut};
use h2::{RecvStream, SendStream, client::ResponseFuture};
use http::{HeaderMap, Request};
use pointsman_wire::generated::inference::{
    ModelInferRequest, ModelInferResponse, infer_parameter::ParameterChoice,
};
use prost::Message;
use tokio::{net::TcpStream, task::JoinHandle};

pub(crate) const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// One connection to the server.
pub(crate) struct Client {
    sender: h2::client::SendRequest<Bytes>,
    /// Ends when the connection does.
    pub(crate) connection: JoinHandle<Result<(), h2::Error>>,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Everything that came, prefixes included.
    pub(crate) body: Bytes,
    /// Headers and trailers.
    pub(crate) metadata: HeaderMap,
}

/// Puts the prefix of an uncompressed message before it.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    flagged_frame(0, message)
}

pub(crate) fn flagged_frame(flag: u8, message: &[u8]) -> Bytes {
    let mut framed = vec![flag];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(message);
    framed.into()
}

/// A request for a router by the name of `model_name`.
pub(crate) fn infer_request(name: &str) -> Vec<u8> {
    ModelInferRequest { model_name: name.to_owned(), ..Default::default() }.encode_to_vec()
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.unwrap()
    }

    pub(crate) async fn try_connect(address: SocketAddr) -> Result<Self, String> {
        Self::connect_with(&h2::client::Builder::new(), address).await
    }

    pub(crate) async fn connect_with(
        builder: &h2::client::Builder,
        address: SocketAddr,
    ) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let (sender, connection) = builder.handshake(stream).await.map_err(|error| error.to_string())?;
        let connection = tokio::task::spawn_local(connection);
        Ok(Self { sender, connection })
    }

    /// Begins a call; the answer comes by the first, the request goes by the second.
    pub(crate) async fn begin(
        &self,
        path: &str,
        metadata: &[(&str, &str)],
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut request = Request::builder()
            .method("POST")
            .uri(format!("http://server{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in metadata {
            request = request.header(*name, *value);
        }
        let mut sender = self.sender.clone().ready().await?;
        sender.send_request(request.body(()).unwrap(), false)
    }

    /// Makes a call with these bytes, prefix included.
    pub(crate) async fn call(
        &self,
        path: &str,
        metadata: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, h2::Error> {
        let (response, mut out) = self.begin(path, metadata).await?;
        out.send_data(body, true)?;
        read(response).await
    }

    /// Makes a ModelInfer call with this message.
    pub(crate) async fn infer(&self, message: &[u8]) -> Answer {
        self.call(MODEL_INFER, &[], frame(message)).await.unwrap()
    }

    /// Makes a ModelInfer call in the background.
    pub(crate) fn spawn_infer(&self, message: &[u8]) -> JoinHandle<Answer> {
        let (sender, body) = (self.sender.clone(), frame(message));
        tokio::task::spawn_local(async move {
            let client = Self { sender, connection: tokio::task::spawn_local(async { Ok(()) }) };
            client.call(MODEL_INFER, &[], body).await.unwrap()
        })
    }
}

/// Reads an answer to its end.
pub(crate) async fn read(response: ResponseFuture) -> Result<Answer, h2::Error> {
    let (head, mut stream) = response.await?.into_parts();
    let mut body = BytesMut::new();
    while let Some(data) = next(&mut stream).await? {
        body.extend_from_slice(&data);
    }
    let mut metadata = head.headers;
    metadata.extend(stream.trailers().await?.unwrap_or_default());
    Ok(Answer { body: body.freeze(), metadata })
}

/// The next piece of an answer.
pub(crate) async fn next(stream: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    let Some(data) = stream.data().await.transpose()? else { return Ok(None) };
    stream.flow_control().release_capacity(data.len())?;
    Ok(Some(data))
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.metadata.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The gRPC status code.
    pub(crate) fn code(&self) -> u32 {
        self.header("grpc-status").parse().unwrap()
    }

    /// The sentence of a failure.
    pub(crate) fn text(&self) -> &str {
        self.header("grpc-message")
    }

    /// The one message of a call that went well.
    pub(crate) fn message(&self) -> Bytes {
        assert_eq!(self.code(), 0, "{}", self.text());
        assert_eq!(self.body[..5], frame(&self.body[5..])[..5], "the prefix says the message's length");
        self.body.slice(5..)
    }

    /// The receipt inside the message.
    pub(crate) fn receipt(&self) -> BTreeMap<String, String> {
        let response = ModelInferResponse::decode(self.message()).unwrap();
        let text = |choice| match choice {
            Some(ParameterChoice::StringParam(text)) => text,
            other => panic!("{other:?}"),
        };
        let entries = response.parameters.into_iter();
        entries.map(|(name, parameter)| (name, text(parameter.parameter_choice))).collect()
    }
}
