//! Backends that end their connections in order, after some calls or some time.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use h2::server::{Builder, Connection};
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};

use crate::{
    backend::BackendCall,
    client::{Client, frame},
    world::{ROUTER, run, start},
};

/// Calls at a time, how often each of them is made again at least, and over how many connections.
const CALLERS: usize = 16;
const ROUNDS: usize = 20;
const CONNECTIONS: usize = 4;

/// When a connection is ended.
#[derive(Clone, Copy)]
enum End {
    AfterCalls(usize),
    AtAge(Duration),
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
        tokio::task::spawn_local(serve(stream, end, seen.clone()));
    }
}

async fn serve(stream: TcpStream, end: End, seen: Rc<RefCell<Seen>>) {
    let mut http2: Connection<_, bytes::Bytes> = Builder::new().handshake(stream).await.unwrap();
    let (most, until) = match end {
        End::AfterCalls(most) => (most, None),
        End::AtAge(age) => (usize::MAX, Some(Instant::now() + age)),
    };
    let mut taken = 0;
    let mut is_ending = false;
    if most == 0 {
        http2.abrupt_shutdown(h2::Reason::NO_ERROR);
    }
    loop {
        let aged = async { sleep_until(until.unwrap_or_else(Instant::now)).await };
        let accepted = tokio::select! {
            accepted = http2.accept() => accepted,
            () = aged, if until.is_some() && !is_ending => {
                is_ending = true;
                http2.graceful_shutdown();
                continue;
            }
        };
        let Some(Ok((request, mut respond))) = accepted else { return };
        taken += 1;
        if taken > most {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        let (head, body) = request.into_parts();
        let call = BackendCall { head, body, respond, connection: 0 };
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
    for most in [10, 100] {
        run(async move {
            let seen = call_through(End::AfterCalls(most)).await;
            assert_each_once(&seen);
        });
    }
}

#[test]
fn no_call_fails_where_each_connection_takes_one() {
    run(async { assert_each_once(&call_through(End::AfterCalls(1)).await) });
}

#[test]
fn no_call_fails_where_connections_end_in_order_by_their_age() {
    run(async { assert_each_once(&call_through(End::AtAge(Duration::from_millis(100))).await) });
}

#[test]
fn a_backend_that_ends_every_connection_at_once_is_not_hammered() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = start(json!({}));
        world.publish(1, &[listener.local_addr().unwrap()]);
        let seen = Rc::new(RefCell::new(Seen::default()));
        let serving = tokio::task::spawn_local(echo(listener, End::AfterCalls(0), seen.clone()));
        let client = world.client().await;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1) {
            let request = ModelInferRequest { model_name: ROUTER.to_owned(), ..Default::default() };
            assert_eq!(client.infer(&request.encode_to_vec()).await.code(), 14);
        }
        serving.abort();
        // A call has it tried again every 20 ms at most, after the first few.
        let connections = seen.borrow().connections;
        assert!(connections <= 60, "{connections} connections");
    });
}
