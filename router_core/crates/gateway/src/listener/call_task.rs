//! One call from its arrival to its answer: counted, cancelled with its client, kept from harming others.

use std::{
    future::poll_fn,
    panic::AssertUnwindSafe,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::Request;
use tonic::Code;

use crate::{
    listener::client::Client,
    messages::status::CallError,
    replies::{answer_flow::AnswerFlow, reply::Reply},
    services,
    worker::Worker,
};

/// Counts a call as in flight until dropped.
struct InFlight(Rc<Worker>, Rc<Client>);

impl InFlight {
    fn enter(worker: &Rc<Worker>, client: &Rc<Client>) -> Self {
        if let Some(stats) = worker.stats() {
            stats.enter();
        }
        client.calls.set(client.calls.get() + 1);
        Self(worker.clone(), client.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(stats) = self.0.stats() {
            stats.leave();
        }
        self.1.calls.set(self.1.calls.get() - 1);
    }
}

/// Serves one call to its end.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    client: Rc<Client>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    // A watch or a reflection stream may stay open for ever and must not hold a drain up.
    let _in_flight =
        services::counts_as_in_flight(request.uri().path()).then(|| InFlight::enter(&worker, &client));
    let reply = {
        // Ends before the answer is sent: the two take the same room in the task.
        let answering = std::pin::pin!(services::answer(&worker, &client, request));
        until_reset(answering, &mut respond).await
    };
    if let Some(reply) = reply {
        let flow = AnswerFlow {
            budget: &worker.shared.budgets.whole,
            client: &client,
            stats: worker.stats(),
            patience: worker.shared.config.limits.stalled_answer(),
        };
        reply.send(&flow, &mut respond).await;
    }
}

/// Waits for the answer; none when the client goes away first, or an INTERNAL status after a panic.
async fn until_reset(
    mut answering: std::pin::Pin<&mut impl Future<Output = Reply>>,
    respond: &mut SendResponse<Bytes>,
) -> Option<Reply> {
    poll_fn(|context: &mut Context<'_>| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(reply)) => Poll::Ready(Some(reply)),
            Ok(Poll::Pending) => respond.poll_reset(context).map(|_| None),
            Err(_) => {
                tracing::error!("a call panicked");
                let error = CallError::new(Code::Internal, "the server failed on this call; see its log");
                Poll::Ready(Some(error.into()))
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use super::*;
    use crate::messages::budget::ByteBudget;

    #[tokio::test]
    async fn a_call_that_panics_fails_alone() {
        let (ours, theirs) = tokio::io::duplex(1_024);
        let serving = async {
            let client = Rc::new(Client::new("127.0.0.1:1".parse().unwrap(), 1));
            let (budget, patience) = (ByteBudget::new(0), Duration::from_secs(10));
            let flow = AnswerFlow { budget: &budget, client: &client, stats: None, patience };
            let mut connection = h2::server::handshake(ours).await.unwrap();
            while let Some(arrived) = connection.accept().await {
                let (request, mut respond) = arrived.unwrap();
                let path = request.into_parts().0.uri.path().to_owned();
                let answering = pin!(async move {
                    assert_eq!(path, "/good", "expected by this test");
                    Reply::Http { status: http::StatusCode::OK, text: "" }
                });
                until_reset(answering, &mut respond).await.unwrap().send(&flow, &mut respond).await;
            }
        };
        let asking = async {
            let (sender, connection) = h2::client::handshake(theirs).await.unwrap();
            let asking = async move {
                let mut statuses = Vec::new();
                for path in ["/bad", "/good"] {
                    let mut sender: h2::client::SendRequest<Bytes> = sender.clone().ready().await.unwrap();
                    let request = Request::post(format!("http://a{path}")).body(()).unwrap();
                    let response = sender.send_request(request, true).unwrap().0.await.unwrap();
                    statuses.push(response.headers().get("grpc-status").cloned());
                }
                statuses
            };
            let (statuses, ended) = tokio::join!(asking, connection);
            ended.unwrap();
            statuses
        };
        let ((), statuses) = tokio::join!(serving, asking);
        assert_eq!(statuses, [Some("13".parse().unwrap()), None]);
    }
}
