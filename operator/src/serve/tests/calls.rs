//! Each row of the table of calls, as it succeeds.

use espalier::Text;
use http::Method;
use serde_json::{Value, json};

use super::server::{Ask, MODEL, Server, workspace};
use crate::cluster::marks::REQUESTED_BY;

fn labelled(name: &str, team: &str) -> Value {
    let mut workspace = workspace(name);
    workspace["metadata"]["labels"] = json!({"team": team});
    workspace
}

fn ready(name: &str, is_ready: bool) -> Value {
    let mut workspace = workspace(name);
    let status = if is_ready { "True" } else { "False" };
    workspace["status"] = json!({"isCreated": true, "urls": ["http://x"], "models": [],
        "inventory": [{"apiVersion": "v1", "kind": "Namespace", "name": name}],
        "conditions": [{"type": "Ready", "status": status, "reason": "R", "message": "m",
            "lastTransitionTime": "2026-12-01T00:00:00Z"}]});
    workspace
}

#[tokio::test]
async fn a_list_has_pages() {
    let server = Server::new();
    for name in ["a", "b", "c", "d", "e"] {
        server.has(labelled(name, if name < "c" { "x" } else { "y" }));
    }
    let (mut path, mut names) = ("/v1/workspaces?limit=2".to_owned(), Vec::new());
    loop {
        let page = server.ask(Ask::get(&path)).await.json();
        let items = page["items"].as_array().expect("items").clone();
        assert!(items.len() <= 2);
        names.extend(
            items.iter().map(|it| it["metadata"]["name"].as_str().expect("a name").to_owned()),
        );
        let Some(next) = page["continue"].as_str() else { break };
        assert_eq!(page["remaining"], 5 - names.len());
        path = format!("/v1/workspaces?limit=2&continue={next}");
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    let list = server.ask(Ask::get("/v1/workspaces?labelSelector=team%3Dx")).await.json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    let old = server.ask(Ask::get("/v1/workspaces?continue=old")).await;
    assert_eq!((old.status, old.problem().as_str()), (410, "list-expired"));
}

#[tokio::test]
async fn a_list_can_be_of_those_that_are_ready() {
    let server = Server::new();
    server.has(ready("a", true));
    server.has(ready("b", false));
    for (query, expected) in [("true", "a"), ("false", "b")] {
        let list = server.ask(Ask::get(&format!("/v1/workspaces?ready={query}"))).await.json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
        assert_eq!(list["items"][0]["metadata"]["name"], expected);
    }
    let one = server.ask(Ask::get("/v1/workspaces/a")).await.json();
    assert_eq!(
        (&one["status"]["ready"], &one["status"]["urls"][0]),
        (&json!(true), &json!("http://x"))
    );
    assert_eq!(one["status"].get("inventory"), None);
}

#[tokio::test]
async fn a_list_that_has_not_changed_asks_nobody() {
    let server = Server::new();
    server.has(workspace("a"));
    let first = server.ask(Ask::get("/v1/workspaces")).await;
    let tag = first.header("etag").to_owned();
    let before = server.count("GET ");
    let same = server.ask(Ask::get("/v1/workspaces").header("if-none-match", &tag)).await;
    assert_eq!((same.status, same.header("etag")), (304, &*tag));
    assert_eq!(server.count("GET "), before);
    // A watch that has broken tells of nothing: nobody is told the same for long.
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_mins(1)).await;
    let later = server.ask(Ask::get("/v1/workspaces").header("if-none-match", &tag)).await;
    assert_eq!(later.status, 200);
    tokio::time::resume();
    let other = server.ask(Ask::get("/v1/workspaces?limit=1").header("if-none-match", &tag)).await;
    assert_eq!(other.status, 200, "another query is another list");
    server.ask(Ask::post("/v1/workspaces", &workspace("b"))).await;
    let after = server.ask(Ask::get("/v1/workspaces").header("if-none-match", &tag)).await;
    assert_eq!(after.status, 200);
}

#[tokio::test]
async fn one_is_made_and_read() {
    let server = Server::new();
    let made = server.ask(Ask::post("/v1/workspaces", &labelled("team", "x")).by("editor")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("location"), "/v1/workspaces/team");
    assert_eq!(server.stored("team")["metadata"]["annotations"][REQUESTED_BY], "editor");
    let read = server.ask(Ask::get("/v1/workspaces/team")).await;
    assert_eq!((read.status, read.header("etag")), (200, made.header("etag")));
    let shown = read.json();
    assert_eq!(shown["status"]["requestedBy"], "editor");
    assert_eq!(shown["metadata"], json!({"name": "team", "labels": {"team": "x"}}));
    assert_eq!(shown["spec"], workspace("team")["spec"]);
    let tag = read.header("etag").to_owned();
    let same = server.ask(Ask::get("/v1/workspaces/team").header("if-none-match", tag)).await;
    assert_eq!((same.status, &*same.text), (304, ""));
    let again = server.ask(Ask::post("/v1/workspaces", &workspace("team"))).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "workspace-exists"));
}

#[tokio::test]
async fn yaml_is_the_file() {
    let server = Server::new();
    let text = "# A comment.\napiVersion: apps.aichatworkspaces.io/v1alpha1\n\
        kind: AIChatWorkspace\nmetadata: {name: team}\nspec:\n  workspaceName: team\n  \
        workspaceENV: dev\n  models: []\n";
    let asked = Ask::new(Method::POST, "/v1/workspaces").text("application/yaml", text);
    let made = server.ask(asked.header("accept", "application/yaml")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("content-type"), "application/yaml");
    let file = Text::read("made", made.text.clone().into_bytes());
    assert_eq!(
        *file.value(),
        json!({
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {"name": "team"},
            "spec": {"workspaceName": "team", "workspaceENV": "dev", "models": []},
        })
    );
    assert!(made.text.starts_with("apiVersion: "), "{}", made.text);
    // What was answered can be sent back, and changes nothing.
    let back = Ask::new(Method::PUT, "/v1/workspaces/team").text("application/yaml", made.text);
    let before = server.writes();
    assert_eq!(server.ask(back).await.status, 200);
    assert_eq!(server.writes(), before);
}

#[tokio::test]
async fn a_put_makes_replaces_and_leaves() {
    let server = Server::new();
    let path = "/v1/workspaces/team";
    let made = server.ask(Ask::put(path, &workspace("team"))).await;
    assert_eq!((made.status, server.writes()), (201, 1), "{}", made.text);
    let equal = server.ask(Ask::put(path, &workspace("team"))).await;
    assert_eq!((equal.status, server.writes()), (200, 1));
    assert_eq!(equal.header("etag"), made.header("etag"));
    let other = labelled("team", "x");
    let without = server.ask(Ask::put(path, &other)).await;
    assert_eq!((without.status, without.problem().as_str()), (428, "precondition-required"));
    assert_eq!(without.json()["changed"], json!(["/metadata/labels"]));
    let tag = made.header("etag").to_owned();
    let replaced = server.ask(Ask::put(path, &other).header("if-match", &*tag)).await;
    assert_eq!((replaced.status, server.writes()), (200, 2), "{}", replaced.text);
    let mut third = other.clone();
    third["spec"]["suspend"] = true.into();
    let stale = server.ask(Ask::put(path, &third).header("if-match", &*tag)).await;
    assert_eq!((stale.status, stale.problem().as_str()), (412, "precondition-failed"));
    assert_eq!(stale.json()["changed"], json!(["/spec/suspend"]));
    let only = server.ask(Ask::put(path, &third).header("if-none-match", "*")).await;
    assert_eq!(only.status, 412);
    let any = server.ask(Ask::put(path, &third).header("if-match", "*")).await;
    assert_eq!((any.status, server.writes()), (200, 3));
    // What is there, and what others have said of it, stays.
    assert_eq!(server.stored("team")["metadata"]["uid"], "uid-team");
}

#[tokio::test]
async fn a_patch_is_merged_and_tried_again() {
    let server = Server::new();
    server.has(labelled("team", "x"));
    let path = "/v1/workspaces/team";
    server.state().races = 2;
    let patch = json!({"spec": {"suspend": true}, "metadata": {"labels": {"team": null}}});
    let patched = server.ask(Ask::patch(path, &patch)).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    let stored = server.stored("team");
    assert_eq!(stored["spec"]["suspend"], true);
    assert_eq!(stored["metadata"]["labels"], json!({"raced": "0"}));
    let before = server.writes();
    assert_eq!(server.ask(Ask::patch(path, &patch)).await.status, 200);
    assert_eq!(server.writes(), before, "nothing is left to change");
    let other = json!({"spec": {"suspend": false}});
    let stale = server.ask(Ask::patch(path, &other).header("if-match", "\"0\"")).await;
    assert_eq!(stale.status, 412);
    server.state().races = 1;
    let tag = patched.header("etag").to_owned();
    let quicker = server.ask(Ask::patch(path, &other).header("if-match", tag)).await;
    assert_eq!(quicker.status, 412, "with a version, nothing is tried again");
    assert!(quicker.json()["changed"].is_array(), "and it says what differs: {}", quicker.text);
    server.state().races = 9;
    let given_up = server.ask(Ask::patch(path, &other)).await;
    assert_eq!((given_up.status, given_up.problem().as_str()), (409, "workspace-changed"));
}

#[tokio::test]
async fn one_is_laid_to_rest_and_runs_again() {
    let server = Server::new();
    server.has(workspace("team"));
    let to = |verb: &str| Ask::new(Method::POST, &format!("/v1/workspaces/team/{verb}"));
    assert_eq!(server.ask(to("suspend")).await.status, 200);
    assert_eq!(server.stored("team")["spec"]["suspend"], true);
    assert_eq!(server.ask(to("resume")).await.status, 200);
    assert_eq!(server.stored("team")["spec"], workspace("team")["spec"]);
    assert_eq!(server.ask(to("resume")).await.status, 200);
    assert_eq!(server.writes(), 2);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let server = Server::new();
    server.has(workspace("team"));
    let made = server.ask(Ask::post("/v1/workspaces?dryRun=true", &workspace("other"))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let put = server.ask(
        Ask::put("/v1/workspaces/team?dryRun=true", &labelled("team", "x")).header("if-match", "*"),
    );
    assert_eq!(put.await.status, 200);
    let patch = json!({"spec": {"suspend": true}});
    let patched = server.ask(Ask::patch("/v1/workspaces/team?dryRun=true", &patch)).await;
    assert_eq!((patched.status, &patched.json()["spec"]["suspend"]), (200, &json!(true)));
    for path in ["suspend?dryRun=true", "resume?dryRun=true"] {
        let asked = Ask::new(Method::POST, &format!("/v1/workspaces/team/{path}"));
        assert_eq!(server.ask(asked).await.status, 200);
    }
    let gone = Ask::new(Method::DELETE, "/v1/workspaces/team?dryRun=true&data=delete&confirm=team");
    assert_eq!(server.ask(gone).await.status, 202);
    assert_eq!(server.writes(), 0);
    assert_eq!(server.state().objects.len(), 1);
}

#[tokio::test]
async fn manifests_are_what_is_applied() {
    let server = Server::new();
    server.has(workspace("team"));
    let asked = Ask::get("/v1/workspaces/team/manifests").header("accept", "application/yaml");
    let yaml = server.ask(asked).await;
    assert_eq!(yaml.status, 200, "{}", yaml.text);
    let (tenant, _) = server.shared.plan.tenant_of("team", &server.stored("team"));
    let made = crate::reconcile::made::all(&tenant.expect("a tenant"), &"uid-team".into());
    let mut expected = String::new();
    for object in &made {
        let body = String::from_utf8(object.body.clone()).expect("UTF-8");
        expected.extend(["---\n", body.trim_end_matches('\n'), "\n"]);
    }
    assert_eq!(yaml.text, expected);
    let items = server.ask(Ask::get("/v1/workspaces/team/manifests")).await.json();
    assert_eq!(items["items"].as_array().map(Vec::len), Some(made.len()));
    assert_eq!(items["items"][0]["kind"], "Namespace");
}

#[tokio::test]
async fn a_body_is_validated() {
    let server = Server::new();
    server.has(workspace("team"));
    for name in ["team", "other"] {
        let answer = server.ask(Ask::post("/v1/validate", &workspace(name))).await;
        assert_eq!(
            (answer.status, &answer.json()["valid"]),
            (200, &json!(true)),
            "{}",
            answer.text
        );
    }
    let mut wrong = workspace("team");
    wrong["spec"]["workspaceName"] = "A team".into();
    let answer = server.ask(Ask::post("/v1/validate", &wrong)).await.json();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["findings"][0]["pointer"], "/spec/workspaceName");
    server.state().refusal = Some(json!({"kind": "Status", "status": "Failure", "code": 422,
        "reason": "Invalid", "message": "no", "details": {"causes": [
            {"field": "spec.models[0]", "message": "not this one"}]}}));
    let answer = server.ask(Ask::post("/v1/validate", &workspace("other"))).await.json();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["findings"][0]["pointer"], "/spec/models/0");
    assert_eq!(answer["findings"][0]["message"], "not this one");
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn the_room_is_told() {
    let server = Server::new();
    let room = server.ask(Ask::get(&format!("/v1/room?models={MODEL}"))).await.json();
    let fit = room["next"]["fit"].as_u64().expect("a number");
    assert!(fit > 1, "{room}");
    server.has(workspace("team"));
    let after = server.ask(Ask::get(&format!("/v1/room?models={MODEL}"))).await.json();
    assert_eq!((&after["workspaces"], &after["next"]["fit"]), (&json!(1), &json!(fit - 1)));
    let taken = |room: &Value| room["memory"]["requested"].as_u64().expect("a number");
    assert_eq!(taken(&after) - taken(&room), room["next"]["memory"].as_u64().expect("a number"));
    let least = server.ask(Ask::get("/v1/room")).await.json();
    assert!(least["next"]["fit"].as_u64() >= after["next"]["fit"].as_u64());
}

#[tokio::test]
async fn the_catalogue_says_what_each_model_takes() {
    let server = Server::new();
    let list = server.ask(Ask::get("/v1/models").by("viewer")).await;
    assert_eq!(list.status, 200, "{}", list.text);
    let items = list.json()["items"].as_array().expect("items").clone();
    assert!(items.len() > 1_000, "{}", items.len());
    let one = items.iter().find(|it| it["name"] == MODEL).expect("it is known");
    assert_eq!(one["memory"], 1_183_u64 << 20, "{one}");
    assert_eq!((&one["embedding"], &one["tools"]), (&json!(false), &json!(true)));
    assert!(one["fileBytes"].as_u64() > Some(500_000_000), "{one}");
    let tag = list.header("etag").to_owned();
    let same = server.ask(Ask::get("/v1/models").header("if-none-match", &tag)).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    let yaml = Ask::get("/v1/models").header("accept", "application/yaml");
    let yaml = server.ask(yaml.header("if-none-match", &tag)).await;
    assert_eq!(yaml.status, 200, "another form is another text");
    // What the form of the page adds up is what the room is asked for.
    let room = server.ask(Ask::get(&format!("/v1/room?models={MODEL}"))).await.json();
    assert!(room["next"]["memory"].as_u64() > one["memory"].as_u64(), "{room}");
}
