//! Every status with which a call is refused, and that nothing is written then.

use http::Method;
use serde_json::{Value, json};

use super::server::{Ask, MODEL, Server, workspace};
use crate::cluster::marks::{SOURCE, TRACKED};

const ALL: &str = "/v1/workspaces";
const ONE: &str = "/v1/workspaces/team";

async fn refused(server: &Server, asked: Ask) -> (u16, String, Value) {
    let answer = server.ask(asked).await;
    (answer.status, answer.problem(), answer.json())
}

#[tokio::test]
async fn findings_are_those_of_check() {
    let server = Server::new();
    let text = "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata:\n  \
        name: team\nspec:\n  workspaceName: A team\n  colour: red\n  models: [1]\n";
    let asked = Ask::new(Method::POST, ALL).text("application/yaml", text);
    let (status, code, problem) = refused(&server, asked).await;
    assert_eq!((status, code.as_str()), (422, "workspace-invalid"));
    let (_, findings) = server.shared.plan.tenant("spec/workspaces/team.yaml", text);
    let expected: Value = serde_json::from_str(&findings.json()).expect("JSON");
    assert_eq!(problem["findings"], expected);
    assert!(expected.as_array().is_some_and(|it| it.len() >= 3), "{expected}");
    assert_eq!(expected[0]["line"], 6);
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let server = Server::new();
    server.has(workspace("team"));
    let body = || workspace("team");
    let large = format!("{{\"a\": \"{}\"}}", "a".repeat(64 * 1024));
    let table = [
        (Ask::get("/v1/workspaces?limit=0"), 400),
        (Ask::get("/v1/workspaces?colour=red"), 400),
        (Ask::get("/v1/workspaces?ready=maybe"), 400),
        (Ask::get("/v1/workspaces/Team"), 400),
        (Ask::get("/v1/workspaces/te%20am"), 400),
        (Ask::get(ONE).header("if-none-match", "1"), 400),
        (Ask::post("/v1/workspaces?admission=never", &body()), 400),
        (Ask::new(Method::POST, ALL).text("application/json", "{"), 400),
        (Ask::new(Method::PATCH, ONE).text("application/merge-patch+json", "[]"), 400),
        (Ask::new(Method::PATCH, ONE).text("application/yaml", "a: ["), 400),
        (Ask::get(ONE).header("accept", "text/html"), 406),
        (Ask::new(Method::POST, ALL).text("text/plain", "a"), 415),
        (Ask::new(Method::POST, ALL).text("application/merge-patch+json", "{}"), 415),
        (Ask::post(ALL, &body()).header("content-encoding", "gzip"), 415),
        (Ask::new(Method::POST, ALL).text("application/json", large), 413),
        (Ask::post(ALL, &json!({"big": true})).header("content-length", "70000"), 413),
        (Ask::new(Method::POST, ALL).text("application/json", "[]"), 422),
        (Ask::new(Method::POST, ALL).text("application/yaml", "a: ["), 422),
        (Ask::put(ONE, &workspace("other")), 422),
        (Ask::patch(ONE, &json!({"metadata": {"name": "other"}})), 422),
        (Ask::patch(ONE, &json!({"colour": "red"})), 422),
        (Ask::patch(ONE, &json!({"metadata": {"labels": {"a".repeat(2_000): "b"}}})), 422),
        (Ask::patch(ONE, &json!({"spec": {"models": 1}})), 422),
        (Ask::get("/v1/room?models=no%20model"), 422),
        (Ask::get("/v1/workspaces/nobody"), 404),
        (Ask::get("/v1/workspaces/nobody/manifests"), 404),
        (Ask::patch("/v1/workspaces/nobody", &json!({})), 404),
        (Ask::get("/page"), 404),
        (Ask::get("/v1/workspaces/"), 404),
        (Ask::new(Method::DELETE, ALL), 405),
        (Ask::new(Method::POST, "/livez"), 405),
    ];
    for (at, (asked, expected)) in table.into_iter().enumerate() {
        let answer = server.ask(asked).await;
        assert_eq!(answer.status, expected, "{at}: {}", answer.text);
        answer.problem();
    }
    assert_eq!(server.writes(), 0);
    let answer = server.ask(Ask::new(Method::DELETE, ALL)).await;
    assert_eq!(answer.header("allow"), "GET, POST");
}

#[tokio::test]
async fn what_is_not_the_caller_s_is_refused() {
    let server = Server::new();
    server.has(workspace("team"));
    for (field, key) in [("annotations", SOURCE), ("annotations", TRACKED), ("labels", "k8s.io/a")]
    {
        let mut body = workspace("other");
        body["metadata"][field] = json!({key: "x"});
        let (status, code, problem) = refused(&server, Ask::post(ALL, &body)).await;
        assert_eq!((status, code.as_str()), (422, "metadata-reserved"), "{key}");
        let at = format!("/metadata/{field}/{}", key.replace('/', "~1"));
        assert_eq!(problem["findings"][0]["pointer"], at);
        let patch = Ask::patch(ONE, &json!({"metadata": {field: {key: null}}}));
        assert_eq!(server.ask(patch).await.status, 422);
    }
    let mut body = workspace("other");
    body["metadata"]["namespace"] = "kube-system".into();
    assert_eq!(refused(&server, Ask::post(ALL, &body)).await.0, 422);
    for field in ["uid", "finalizers", "ownerReferences"] {
        let mut body = workspace("other");
        body["metadata"][field] = json!("x");
        assert_eq!(refused(&server, Ask::post(ALL, &body)).await.1, "workspace-invalid", "{field}");
    }
    assert_eq!(server.writes(), 0);
}

/// What becomes of its data was said by who deleted it: nobody says otherwise afterwards.
#[tokio::test]
async fn what_is_going_is_left_to_go() {
    let server = Server::new();
    let mut team = workspace("team");
    team["metadata"]["deletionTimestamp"] = "2026-12-01T11:00:00Z".into();
    team["metadata"]["finalizers"] = json!(["espalier.dev/workspace"]);
    server.has(team);
    let mut other = workspace("team");
    other["spec"]["onDelete"] = "Delete".into();
    for asked in [
        Ask::put(ONE, &other).header("if-match", "*"),
        Ask::patch(ONE, &json!({"spec": {"onDelete": "Delete"}})),
        Ask::new(Method::POST, "/v1/workspaces/team/suspend"),
    ] {
        let (status, code, _) = refused(&server, asked).await;
        assert_eq!((status, code.as_str()), (409, "workspace-deleting"));
    }
    assert_eq!(server.writes(), 0);
}

/// Whoever has it written that data goes with the workspace wants the right to delete data.
#[tokio::test]
async fn data_goes_only_by_who_may_delete_it() {
    let server = Server::new();
    server.has(workspace("team"));
    let mut other = workspace("team");
    other["spec"]["onDelete"] = "Delete".into();
    let patch = json!({"spec": {"onDelete": "Delete"}});
    let asked = || [Ask::put(ONE, &other).header("if-match", "*"), Ask::patch(ONE, &patch)];
    for asked in asked() {
        let (status, _, problem) = refused(&server, asked.by("editor")).await;
        assert_eq!(status, 403);
        assert!(problem["detail"].as_str().is_some_and(|it| it.contains("`deletedata`")));
    }
    assert_eq!(server.writes(), 0);
    for asked in asked() {
        assert_eq!(server.ask(asked.by("admin")).await.status, 200);
    }
    // It stands already: whoever changes something else does not say it anew.
    let patch = Ask::patch(ONE, &json!({"metadata": {"labels": {"a": "b"}}}));
    assert_eq!(server.ask(patch.by("editor")).await.status, 200);
}

/// The name of a workspace is its namespace's: one resource has it, and its place stays counted.
#[tokio::test]
async fn a_workspace_is_one_resource_s() {
    let server = Server::new();
    server.has(workspace("team"));
    let before = server.ask(Ask::get("/v1/room")).await.json();
    let mut second = workspace("team");
    second["metadata"]["name"] = "second".into();
    for asked in [Ask::post(ALL, &second), Ask::put("/v1/workspaces/second", &second)] {
        let (status, code, problem) = refused(&server, asked).await;
        assert_eq!((status, code.as_str()), (409, "workspace-exists"));
        assert_eq!(problem["findings"][0]["pointer"], "/spec/workspaceName");
    }
    let valid = server.ask(Ask::post("/v1/validate", &second)).await.json();
    assert_eq!(valid["valid"], false, "{valid}");
    // By kubectl it is there all the same, until the operator has refused it.
    second["metadata"]["creationTimestamp"] = "2027-01-01T00:00:00Z".into();
    server.has(second);
    assert_eq!(server.ask(Ask::get("/v1/room")).await.json(), before);
}

#[tokio::test]
async fn what_is_in_git_is_only_read() {
    let server = Server::new();
    let mut team = workspace("team");
    team["metadata"]["annotations"] =
        json!({TRACKED: "workspaces:x", SOURCE: "spec/workspaces/team.yaml"});
    server.has(team);
    let mut other = workspace("team");
    other["spec"]["suspend"] = true.into();
    for asked in [
        Ask::put(ONE, &other).header("if-match", "*"),
        Ask::patch(ONE, &json!({"spec": {"suspend": true}})),
        Ask::new(Method::DELETE, ONE),
        Ask::new(Method::POST, "/v1/workspaces/team/suspend"),
        Ask::new(Method::POST, "/v1/workspaces/team/resume"),
        Ask::patch("/v1/workspaces/team?dryRun=true", &json!({"spec": {"suspend": true}})),
    ] {
        let (status, code, problem) = refused(&server, asked).await;
        assert_eq!((status, code.as_str()), (409, "workspace-in-git"));
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains("`spec/workspaces/team.yaml`"), "{detail}");
    }
    assert_eq!(server.writes(), 0);
    let read = server.ask(Ask::get(ONE)).await.json();
    assert_eq!(read["status"]["inGit"], true);
    assert_eq!(read["status"]["file"], "spec/workspaces/team.yaml");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_or_waits() {
    let server = Server::new();
    let large = |name: &str| {
        let mut workspace = workspace(name);
        workspace["spec"]["models"] = json!(["llama3.1:70b"]);
        workspace
    };
    let (status, code, problem) = refused(&server, Ask::post(ALL, &large("team"))).await;
    assert_eq!((status, code.as_str()), (422, "node-memory-exceeded"), "{problem}");
    assert_eq!(problem["findings"][0]["code"], "node-memory-exceeded");
    assert_eq!(refused(&server, Ask::put(ONE, &large("team"))).await.0, 422);
    let dry = server.ask(Ask::post("/v1/workspaces?dryRun=true", &large("team"))).await;
    assert_eq!(dry.status, 422);
    let valid = server.ask(Ask::post("/v1/validate", &large("team"))).await.json();
    assert_eq!(
        (&valid["valid"], &valid["findings"][0]["code"]),
        (&json!(false), &json!("node-memory-exceeded"))
    );
    assert_eq!(server.writes(), 0);
    let waits = server.ask(Ask::post("/v1/workspaces?admission=wait", &large("team"))).await;
    assert_eq!(waits.status, 201, "{}", waits.text);
    server.has(workspace("small"));
    let patch = Ask::patch("/v1/workspaces/small", &json!({"spec": {"models": ["llama3.1:70b"]}}));
    assert_eq!(refused(&server, patch).await.1, "node-memory-exceeded");
}

/// A workspace that rests gives its room to others, and asks for it when it is to run again.
#[tokio::test]
async fn who_rests_has_no_place() {
    let server = Server::new();
    let fit = server.ask(Ask::get(&format!("/v1/room?models={MODEL}"))).await.json();
    let fit = fit["next"]["fit"].as_u64().expect("a number");
    let mut rests = workspace("team");
    rests["spec"]["suspend"] = true.into();
    server.has(rests);
    for number in 0..fit {
        server.has(workspace(&format!("other-{number}")));
    }
    let resume = || Ask::new(Method::POST, "/v1/workspaces/team/resume");
    let (status, code, _) = refused(&server, resume()).await;
    assert_eq!((status, code.starts_with("node-")), (422, true), "{code}");
    assert_eq!(server.writes(), 0);
    let waits = Ask::new(Method::POST, "/v1/workspaces/team/resume?admission=wait");
    assert_eq!(server.ask(waits).await.status, 200);
}

#[tokio::test]
async fn the_api_server_s_refusals_have_the_same_form() {
    let said = |code: u16, reason: &str| {
        json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason,
            "message": "raw words", "details": {"retryAfterSeconds": 7}})
    };
    for (code, reason, expected, problem) in [
        (400, "BadRequest", 400, "malformed-request"),
        (403, "Forbidden", 403, "refused-by-cluster"),
        (409, "AlreadyExists", 409, "workspace-exists"),
        (422, "Invalid", 422, "workspace-invalid"),
        (429, "TooManyRequests", 503, "overloaded"),
        (401, "Unauthorized", 503, "cluster-unavailable"),
        (500, "InternalError", 503, "cluster-unavailable"),
    ] {
        let server = Server::new();
        server.state().refusal = Some(said(code, reason));
        let answer = server.ask(Ask::post(ALL, &workspace("team"))).await;
        assert_eq!((answer.status, answer.problem().as_str()), (expected, problem));
        assert_eq!(answer.header("retry-after"), if expected == 503 { "7" } else { "" });
        assert!(!answer.text.contains("\"Status\""), "{}", answer.text);
    }
}

#[tokio::test]
async fn without_an_api_server_nothing_is_known() {
    let server = Server::new();
    server.state().is_down = true;
    let answer = server.ask(Ask::get(ALL)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "cluster-unavailable"));
    assert_eq!(answer.header("retry-after"), "5");
    server.state().is_down = false;
    server.state().is_undefined = true;
    let answer = server.ask(Ask::get(ALL)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "cluster-unavailable"));
}
