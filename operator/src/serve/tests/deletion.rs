//! The end of a workspace: what becomes of its data is always what was said.

use http::Method;
use serde_json::json;

use super::server::{Ask, Server, workspace};

fn delete(query: &str) -> Ask {
    Ask::new(Method::DELETE, &format!("/v1/workspaces/team{query}"))
}

#[tokio::test]
async fn data_stays_unless_somebody_says_so() {
    for query in ["", "?data=retain"] {
        for before in ["Retain", "Delete"] {
            let server = Server::new();
            let mut team = workspace("team");
            team["spec"]["onDelete"] = before.into();
            server.has(team);
            let answer = server.ask(delete(query)).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
            assert_eq!(
                answer.json(),
                json!({"name": "team", "data": "retain",
                "look": "/v1/workspaces/team", "uid": "uid-team"})
            );
            assert_eq!(answer.header("location"), "/v1/workspaces/team");
            assert!(server.state().objects.is_empty());
            let puts = server.count("PUT ");
            assert_eq!(puts, usize::from(before == "Delete"), "what it says is changed first");
        }
    }
}

#[tokio::test]
async fn data_goes_with_the_name_typed() {
    let server = Server::new();
    server.has(workspace("team"));
    for query in ["?data=delete", "?data=delete&confirm=", "?data=delete&confirm=other"] {
        let answer = server.ask(delete(query)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "deletion-not-confirmed"));
    }
    assert_eq!(server.writes(), 0);
    let answer = server.ask(delete("?data=delete&confirm=team")).await;
    assert_eq!((answer.status, &answer.json()["data"]), (202, &json!("delete")));
    assert_eq!((server.count("PUT "), server.count("DELETE ")), (1, 1));
}

#[tokio::test]
async fn only_the_version_that_is_meant() {
    let server = Server::new();
    server.has(workspace("team"));
    let stale = server.ask(delete("").header("if-match", "\"0\"")).await;
    assert_eq!((stale.status, server.writes()), (412, 0));
    assert_eq!(server.ask(delete("").header("if-match", "\"1\"")).await.status, 202);
    let gone = server.ask(delete("")).await;
    assert_eq!((gone.status, gone.problem().as_str()), (404, "workspace-not-found"));
    let wrong = server.ask(delete("?data=maybe")).await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "malformed-request"));
}
