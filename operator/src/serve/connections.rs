//! Connections: their number, the size and the time of what is sent over them, and their end.

use std::{convert::Infallible, io::ErrorKind, net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    pin,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

use super::state::Shared;

/// Connections that are open at once.
const AT_ONCE: usize = 256;
/// Connections that are told so beyond those, and how long each may take for it; all others are
/// closed.
const REFUSED: usize = 64;
const BRIEFLY: Duration = Duration::from_secs(1);
/// How long the head of a request may take, and how long a connection may be silent.
const HEAD: Duration = Duration::from_secs(10);
/// Headers of a request, and bytes of all of them.
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 32 * 1024;
/// How long requests may take to end when the process is told to.
const FAREWELL: Duration = Duration::from_secs(20);
/// What a connection too many is told.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Serves all connections until it is told to stop, and lets those that are open end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let (mut open, mut refused) = (JoinSet::new(), JoinSet::new());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, peer)) = accepted else {
                    // No file descriptor is left, for a moment.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                };
                while open.try_join_next().is_some() {}
                if open.len() >= AT_ONCE {
                    while refused.try_join_next().is_some() {}
                    if refused.len() < REFUSED {
                        refused.spawn(timeout(BRIEFLY, refuse(stream)));
                    }
                    continue;
                }
                // An answer is not kept back until the caller has acknowledged the one before.
                drop(stream.set_nodelay(true));
                let peer = Peer(peer.ip());
                open.spawn(one(stream, peer, router.clone(), shared.clone(), stop.clone()));
            }
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let rest = async { while open.join_next().await.is_some() {} };
    if timeout(FAREWELL, rest).await.is_err() {
        tracing::warn!("requests that run are broken off");
    }
}

/// Tells a connection too many so, and reads what was sent until the caller ends it: closed before
/// that, the answer would be lost with the connection.
async fn refuse(stream: TcpStream) {
    if stream.writable().await.is_err() || stream.try_write(REFUSAL).is_err() {
        return;
    }
    let mut rest = [0; 1024];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

async fn one(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        async move {
            Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|it| match it {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    pin!(connection);
    shared.counts.open_connections(1);
    let is_over = tokio::select! {
        _ = connection.as_mut() => true,
        _ = stop.changed() => false,
    };
    if !is_over {
        connection.as_mut().graceful_shutdown();
        // Who breaks off has no answer.
        drop(connection.await);
    }
    shared.counts.open_connections(-1);
}
