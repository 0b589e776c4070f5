//! What holds the API up: rates, places, and what is told of requests.

use std::{convert::Infallible, net::IpAddr};

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::StreamBody;
use hyper::body::Frame;
use tower::ServiceExt as _;

use super::server::{Ask, Server, workspace};
use crate::serve::{connections::Peer, state::Bounds};

fn bounded(rate: u32, burst: u32) -> Server {
    let trusted = vec!["10.42.0.0/16".parse().expect("a network")];
    Server::with(Bounds { rate, burst, trusted }, None, true)
}

#[tokio::test(start_paused = true)]
async fn a_user_has_a_burst_and_a_rate() {
    let server = bounded(10, 30);
    let mut refused = None;
    let mut answered = 0;
    for _ in 0..31 {
        let answer = server.ask(Ask::get("/v1/workspaces").by("viewer")).await;
        match answer.status {
            200 => answered += 1,
            _ => refused = Some(answer),
        }
    }
    let refused = refused.expect("one too many");
    assert_eq!((answered, refused.status), (30, 429));
    assert_eq!(
        (refused.problem().as_str(), refused.header("retry-after")),
        ("too-many-requests", "1")
    );
    let other = server.ask(Ask::get("/v1/workspaces").by("editor")).await;
    assert_eq!(other.status, 200, "others are not concerned");
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(server.ask(Ask::get("/v1/workspaces").by("viewer")).await.status, 200);
}

async fn from(server: &Server, peer: &str, forwarded: &str) -> u16 {
    let peer: IpAddr = peer.parse().expect("an address");
    let request = Request::get("/v1/workspaces")
        .header("x-forwarded-for", forwarded)
        .extension(Peer(peer))
        .body(Body::empty());
    let answer = server.router.clone().oneshot(request.expect("a request")).await;
    answer.expect("an answer").status().as_u16()
}

/// Before anybody asks who it is: a stranger costs no review beyond.
#[tokio::test(start_paused = true)]
async fn an_address_has_a_burst_and_a_rate() {
    let server = bounded(1, 2);
    let peer = "192.0.2.7";
    let found = [from(&server, peer, "").await, from(&server, peer, "").await];
    assert_eq!(found, [401, 401]);
    assert_eq!(
        from(&server, peer, "203.0.113.9").await,
        429,
        "nobody is believed who they ask for"
    );
    assert_eq!(from(&server, "192.0.2.8", "").await, 401);
    for last in 0..5 {
        let forwarded = format!("198.51.100.{last}");
        assert_eq!(from(&server, "10.42.0.9", &forwarded).await, 401, "a proxy is believed");
    }
    // Where the proxy does not see who asks either, one address is everybody.
    let mut all = Vec::new();
    for _ in 0..21 {
        all.push(from(&server, "10.42.0.9", "10.42.0.1").await);
    }
    assert_eq!((all.iter().filter(|it| **it == 401).count(), all[20]), (20, 429));
    assert_eq!(server.count("POST"), 0);
}

#[tokio::test]
async fn without_a_place_a_request_does_not_wait() {
    let server = Server::new();
    let all = server.shared.slots.available_permits();
    let taken = server.shared.slots.acquire_many(u32::try_from(all).expect("few")).await;
    let answer = server.ask(Ask::get("/v1/workspaces")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "overloaded"));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(server.ask(Ask::get("/livez")).await.status, 200);
    drop(taken);
    assert_eq!(server.ask(Ask::get("/v1/workspaces")).await.status, 200);
}

/// A body that never ends is given up, and the place is free again.
#[tokio::test(start_paused = true)]
async fn an_answer_has_its_time() {
    let server = Server::new();
    let places = server.shared.slots.available_permits();
    let never = futures::stream::pending::<Result<Frame<Bytes>, Infallible>>();
    let request = Request::post("/v1/workspaces")
        .header("authorization", "Bearer admin")
        .header("content-type", "application/json")
        .body(Body::new(StreamBody::new(never)));
    let begun = tokio::time::Instant::now();
    let answer = server.router.clone().oneshot(request.expect("a request")).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!((10..11).contains(&begun.elapsed().as_secs()));
    assert_eq!(server.shared.slots.available_permits(), places);
}

#[tokio::test]
async fn metrics_have_routes_and_no_names() {
    let server = Server::new();
    server.has(workspace("secret-name"));
    server.ask(Ask::get("/v1/workspaces/secret-name")).await;
    server.ask(Ask::get("/elsewhere/secret-name")).await;
    let text = server.shared.counts.text();
    let line = "espalier_api_requests_total{route=\"/v1/workspaces/{name}\",method=\"GET\",\
        status=\"200\"} 1";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("route=\"elsewhere\""), "{text}");
    assert!(!text.contains("secret-name"), "{text}");
}

#[tokio::test]
async fn every_answer_is_marked() {
    let server = Server::new();
    for path in ["/v1/workspaces", "/v1/workspaces/nobody", "/", "/livez"] {
        let answer = server.ask(Ask::get(path)).await;
        assert!(answer.header("x-request-id").starts_with("test-"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.header("cache-control").is_empty());
    }
}
