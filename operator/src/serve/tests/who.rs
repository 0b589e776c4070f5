//! Who may what: each of four roles with each call, and those whom nobody knows.

use http::Method;
use serde_json::json;

use super::server::{Ask, Server, workspace};
use crate::serve::operations::{Operation, Route, routes};

/// A request of a route that would succeed.
fn request(route: &Route) -> Ask {
    let path = route.path.replace("{name}", "team");
    let asked = Ask::new(route.method.clone(), &path);
    match route.operation {
        Operation::Create | Operation::Validate => asked.json(&workspace("other")),
        Operation::Replace => asked.json(&workspace("team")),
        Operation::Patch => asked.json(&json!({"metadata": {"labels": {"a": "b"}}})),
        Operation::List
        | Operation::Read
        | Operation::Delete
        | Operation::Suspend
        | Operation::Resume
        | Operation::Manifests
        | Operation::Room
        | Operation::Models => asked,
    }
}

/// The status of a route for those who may.
fn success(operation: Operation) -> u16 {
    match operation {
        Operation::Create => 201,
        Operation::Delete => 202,
        Operation::List
        | Operation::Read
        | Operation::Replace
        | Operation::Patch
        | Operation::Suspend
        | Operation::Resume
        | Operation::Manifests
        | Operation::Validate
        | Operation::Room
        | Operation::Models => 200,
    }
}

#[tokio::test]
async fn the_table_of_who_may_what_is_whole() {
    use Operation::{List, Manifests, Models, Read, Room};
    for route in routes() {
        for token in ["viewer", "editor", "admin", "stranger"] {
            let server = Server::new();
            server.has(workspace("team"));
            let answer = server.ask(request(&route).by(token)).await;
            let only_reads = matches!(route.operation, List | Read | Manifests | Models | Room);
            let may = match token {
                "viewer" => only_reads,
                "stranger" => false,
                _ => true,
            };
            let expected = if may { success(route.operation) } else { 403 };
            assert_eq!(answer.status, expected, "{token} {:?}: {}", route.operation, answer.text);
            if !may {
                assert_eq!(answer.problem(), "not-allowed");
                let detail = answer.json()["detail"].to_string();
                assert!(detail.contains(&format!("verb `{}`", route.verb)), "{detail}");
                assert_eq!(server.writes(), 0, "{token} {:?}", route.operation);
            }
        }
    }
}

#[tokio::test]
async fn whom_nobody_knows_may_nothing() {
    for route in routes() {
        for token in ["", "expired", "elsewhere", "ordinary"] {
            let server = Server::new();
            let answer = server.ask(request(&route).by(token)).await;
            assert_eq!(answer.status, 401, "{token} {:?}", route.operation);
            assert_eq!(answer.problem(), "not-authenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
            assert!(!answer.text.contains("elsewhere"), "a token is never repeated");
            assert_eq!(server.writes() + server.count("POST /apis/authorization"), 0);
        }
    }
}

#[tokio::test]
async fn data_is_deleted_only_by_those_who_may() {
    for (token, expected) in [("viewer", 403), ("editor", 403), ("admin", 202), ("stranger", 403)] {
        let server = Server::new();
        server.has(workspace("team"));
        let path = "/v1/workspaces/team?data=delete&confirm=team";
        let answer = server.ask(Ask::new(Method::DELETE, path).by(token)).await;
        assert_eq!(answer.status, expected, "{token}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_issuer_s_user_comes_in_by_the_second_way() {
    let server = Server::new();
    let answer = server.ask(Ask::get("/v1/workspaces").by("oidc")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let bounds = crate::serve::state::Bounds { rate: 100, burst: 100, trusted: Vec::new() };
    let server = Server::with(bounds, None, true);
    let answer = server.ask(Ask::get("/v1/workspaces").by("oidc")).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn what_needs_no_token() {
    let server = Server::new();
    for (path, form) in [
        ("/livez", "text/plain; charset=utf-8"),
        ("/readyz", "text/plain; charset=utf-8"),
        ("/openapi.json", "application/json"),
    ] {
        let answer = server.ask(Ask::get(path).by("")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, form), "{path}");
    }
    server.shared.is_up(false);
    assert_eq!(server.ask(Ask::get("/readyz").by("")).await.status, 503);
    assert_eq!(server.ask(Ask::get("/livez").by("")).await.status, 200);
    assert!(server.state().requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_yes_is_remembered_for_ten_seconds_and_a_no_is_not() {
    let server = Server::new();
    let reviews = |server: &Server| server.count("POST /apis/auth");
    for _ in 0..5 {
        assert_eq!(server.ask(Ask::get("/v1/workspaces").by("viewer")).await.status, 200);
    }
    assert_eq!(reviews(&server), 2, "one of the token, one of the right");
    for _ in 0..3 {
        let asked = Ask::post("/v1/workspaces", &workspace("a")).by("viewer");
        assert_eq!(server.ask(asked).await.status, 403);
    }
    assert_eq!(reviews(&server), 5, "a no is asked again, the token is not");
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    assert_eq!(server.ask(Ask::get("/v1/workspaces").by("viewer")).await.status, 200);
    assert_eq!(reviews(&server), 7);
    for _ in 0..3 {
        assert_eq!(server.ask(Ask::get("/v1/workspaces").by("expired")).await.status, 401);
    }
    assert_eq!(reviews(&server), 10);
}
