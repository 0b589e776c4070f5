//! Connections as they come over the wire: what is too large or too much is refused, and all end
//! when they are told to.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::server::Server;
use crate::serve::connections;

async fn served() -> (SocketAddr, watch::Sender<bool>, JoinHandle<()>) {
    let server = Server::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stops, stop) = watch::channel(false);
    let served = connections::serve(listener, server.router, server.shared, stop);
    (address, stops, tokio::spawn(served))
}

/// What is answered to a text, to the end of the connection.
async fn said(address: SocketAddr, text: String) -> String {
    let asked = move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        // Who is refused early may find the connection closed while it still writes.
        drop(stream.write_all(text.as_bytes()));
        let mut said = Vec::new();
        drop(stream.read_to_end(&mut said));
        String::from_utf8(said).expect("UTF-8")
    };
    tokio::task::spawn_blocking(asked).await.expect("an answer")
}

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let (address, _stops, _served) = served().await;
    let well = said(address, request("GET /livez", "")).await;
    assert!(well.starts_with("HTTP/1.1 200 OK\r\n"), "{well}");
    let unknown = said(address, request("GET /v1/workspaces", "")).await;
    assert!(unknown.starts_with("HTTP/1.1 401 "), "{unknown}");
    let many = "X-A: b\r\n".repeat(1_000);
    let many = said(address, request("GET /livez", &many)).await;
    assert!(many.starts_with("HTTP/1.1 431 "), "{many}");
    let long = format!("X-A: {}\r\n", "b".repeat(100_000));
    let long = said(address, request("GET /livez", &long)).await;
    assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    let headers = "Authorization: Bearer admin\r\nContent-Type: application/json\r\n\
        Content-Length: 10000000\r\n";
    let body = said(address, request("POST /v1/workspaces", headers)).await;
    assert!(body.starts_with("HTTP/1.1 413 "), "{body}");
    assert!(body.contains("urn:espalier:problem:body-too-large"), "{body}");
    let chunks = format!("{:x}\r\n{}\r\n0\r\n\r\n", 70_000, "a".repeat(70_000));
    let headers = "Authorization: Bearer admin\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n";
    let chunked = said(address, request("POST /v1/workspaces", headers) + &chunks).await;
    assert!(chunked.is_empty() || chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    let wrong = said(address, "nonsense\r\n\r\n".to_owned()).await;
    assert!(wrong.starts_with("HTTP/1.1 400 "), "{wrong}");
}

#[tokio::test]
async fn connections_end_when_they_are_told_to() {
    let (address, stops, served) = served().await;
    // Kept open after its answer, as clients do.
    let idle = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: api\r\n\r\n").expect("it is open");
        let mut first = [0; 12];
        stream.read_exact(&mut first).expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 200");
        stream
    });
    let mut stream = idle.await.expect("a connection");
    stops.send_replace(true);
    tokio::time::timeout(Duration::from_secs(5), served).await.expect("in time").expect("its end");
    let rest = tokio::task::spawn_blocking(move || stream.read_to_end(&mut Vec::new()));
    rest.await.expect("it is over").expect("it was closed");
    assert!(TcpStream::connect(address).is_err());
}

/// A connection too many is told so, and not left to wait.
#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let (address, _stops, _served) = served().await;
    let connect = move || TcpStream::connect(address).expect("a connection");
    let open = tokio::task::spawn_blocking(move || (0..256).map(|_| connect()).collect::<Vec<_>>());
    let open = open.await.expect("they are open");
    let refused = said(address, request("GET /livez", "")).await;
    assert!(
        refused.starts_with("HTTP/1.1 503 ") && refused.contains("Retry-After: 1"),
        "{refused}"
    );
    drop(open);
    // Once the others have ended, there is a place again.
    for _ in 0..50 {
        if said(address, request("GET /livez", "")).await.starts_with("HTTP/1.1 200 ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("there is no place again");
}
