//! Backends that end their connections in order, some calls after they began or before the first.
//!
//! Ends are told by calls, not by clocks, so that a slow machine sees the same.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use h2::server::{Builder, Connection};
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::{
    backend::BackendCall,
    client::{Client, frame},
    world::{ROUTER, run, start},
};

/// Calls at a time, how often each of them is made again at least, and over how many connections.
const CALLERS: usize = 8;
const ROUNDS: usize = 5;
const CONNECTIONS: usize = 4;

/// How a backend ends its connections.
#[derive(Clone, Copy)]
enum End {
    /// After so many calls; those that are under way by then are refused.
    Refusing(usize),
    /// After so many calls; those that are under way by then are taken, as by a server whose connections age.
    Taking(usize),
    /// The first so many at once, the others never.
    First(usize),
    /// Each at once.
    AtOnce,
}

/// How often each call, by its id, was answered, and on how many connections.
#[derive(Default)]
struct Seen {
    calls: BTreeMap<String, usize>,
    connections: usize,
}

/// Echoes the id of every call, and ends each connection in order; `seen` is told.
async fn echo(listener: TcpListener, end: End, seen: Rc<RefCell<Seen>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        seen.borrow_mut().connections += 1;
        let number = seen.borrow().connections;
        tokio::task::spawn_local(serve(stream, number, end, seen.clone()));
    }
}

async fn serve(stream: TcpStream, number: usize, end: End, seen: Rc<RefCell<Seen>>) {
    let mut http2: Connection<_, bytes::Bytes> = Builder::new().handshake(stream).await.unwrap();
    let (most, refuses) = match end {
        End::Refusing(most) => (most, true),
        End::Taking(most) => (most, false),
        End::First(ended) if number > ended => (usize::MAX, false),
        End::First(_) | End::AtOnce => {
            http2.abrupt_shutdown(h2::Reason::NO_ERROR);
            (0, true)
        }
    };
    let mut taken = 0;
    while let Some(Ok((request, mut respond))) = http2.accept().await {
        taken += 1;
        if taken > most && refuses {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        let (head, body) = request.into_parts();
        let call = BackendCall { head, body, respond, connection: number };
        tokio::task::spawn_local(answer(call, seen.clone()));
        if taken == most {
            http2.graceful_shutdown();
        }
    }
}

async fn answer(mut call: BackendCall, seen: Rc<RefCell<Seen>>) {
    // What is broken off was not processed.
    let Ok(sent) = call.sent().await else { return };
    let id = ModelInferRequest::decode(sent.slice(5..)).unwrap().id;
    *seen.borrow_mut().calls.entry(id.clone()).or_default() += 1;
    call.answer(&ModelInferResponse { id, ..Default::default() }.encode_to_vec());
}

/// Makes many calls at a time through a server to a backend that ends its connections so.
async fn call_through(end: End) -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = start(json!({}));
    world.publish(1, &[listener.local_addr().unwrap()]);
    let seen = Rc::new(RefCell::new(Seen::default()));
    let serving = tokio::task::spawn_local(echo(listener, end, seen.clone()));
    let client = Rc::new(world.client().await);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::task::spawn_local(call_often(client.clone(), caller, seen.clone())))
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    serving.abort();
    seen.take()
}

async fn call_often(client: Rc<Client>, caller: usize, seen: Rc<RefCell<Seen>>) {
    for round in 0.. {
        if round >= ROUNDS && seen.borrow().connections >= CONNECTIONS {
            return;
        }
        let id = format!("{caller}/{round}");
        let request =
            ModelInferRequest { model_name: ROUTER.to_owned(), id: id.clone(), ..Default::default() };
        let answer = client.call(crate::client::MODEL_INFER, &[], frame(&request.encode_to_vec())).await;
        assert_eq!(ModelInferResponse::decode(answer.unwrap().message()).unwrap().id, id);
    }
}

fn assert_each_once(seen: &Seen) {
    assert!(seen.calls.len() >= CALLERS * ROUNDS && seen.connections >= CONNECTIONS);
    assert!(seen.calls.values().all(|times| *times == 1), "a call was processed twice: {:?}", seen.calls);
}

#[test]
fn no_call_fails_where_connections_end_in_order_after_some_calls() {
    for most in [3, 10] {
        run(async move { assert_each_once(&call_through(End::Refusing(most)).await) });
    }
}

#[test]
fn no_call_fails_where_each_connection_takes_one() {
    run(async { assert_each_once(&call_through(End::Refusing(1)).await) });
}

#[test]
fn no_call_fails_where_connections_end_in_order_and_take_what_is_under_way() {
    for most in [1, 10] {
        run(async move { assert_each_once(&call_through(End::Taking(most)).await) });
    }
}

#[test]
fn a_connection_that_is_ended_in_order_before_its_first_call_is_no_failed_one() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = start(json!({}));
        world.publish(1, &[listener.local_addr().unwrap()]);
        let seen = Rc::new(RefCell::new(Seen::default()));
        let serving = tokio::task::spawn_local(echo(listener, End::First(2), seen.clone()));
        let request = ModelInferRequest { model_name: ROUTER.to_owned(), ..Default::default() };
        // The first call has the connections made and must not fail for those that are ended under it.
        let answer = world.client().await.infer(&request.encode_to_vec()).await;
        assert_eq!((answer.code(), answer.text()), (0, ""));
        serving.abort();
        assert_eq!(seen.borrow().connections, 3);
    });
}

#[test]
fn a_backend_that_ends_every_connection_at_once_is_not_hammered() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = start(json!({}));
        world.publish(1, &[listener.local_addr().unwrap()]);
        let seen = Rc::new(RefCell::new(Seen::default()));
        let serving = tokio::task::spawn_local(echo(listener, End::AtOnce, seen.clone()));
        let client = world.client().await;
        let began = Instant::now();
        for _ in 0..100 {
            let request = ModelInferRequest { model_name: ROUTER.to_owned(), ..Default::default() };
            assert_eq!(client.infer(&request.encode_to_vec()).await.code(), 14);
        }
        serving.abort();
        // After the first few, a call has it tried again every 20 ms at most, and so does the pause.
        let most = 4 + 2 * began.elapsed().as_millis().div_ceil(20);
        let connections = seen.borrow().connections;
        assert!(connections as u128 <= most, "{connections} connections in {:?}", began.elapsed());
    });
}
