//! A password that is sent is sealed, and stands nowhere; a token stands nowhere either.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use http::Method;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Ask, Server, workspace};
use crate::serve::state::Bounds;

const PASSWORD: &str = "correct-horse-battery-staple";

fn administered() -> Value {
    let mut workspace = workspace("team");
    workspace["spec"]["workspaceENV"] = "prod".into();
    workspace["spec"]["administrator"] = json!({"email": "ada@garden.test", "password": PASSWORD});
    workspace
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("nobody panics while holding it").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics while holding it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_password_is_sealed_and_stands_nowhere() {
    let (log, _guard) = logged();
    let server = Server::new();
    let made = server.ask(Ask::post("/v1/workspaces", &administered())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let stored = server.stored("team");
    let sealed = &stored["spec"]["administrator"]["sealed"];
    assert!(sealed["password"].as_str().is_some_and(|it| it.len() > 300), "{stored}");
    assert!(sealed["secretKey"].is_string() && sealed["certificate"].is_string());
    let suffix = sealed["suffix"].as_str().expect("a suffix").to_owned();
    assert_eq!(stored["spec"]["administrator"]["email"], "ada@garden.test");
    let shown = server.ask(Ask::get("/v1/workspaces/team")).await;
    let asked = Ask::get("/v1/workspaces/team/manifests").header("accept", "application/yaml");
    let manifests = server.ask(asked).await;
    assert!(manifests.text.contains("kind: SealedSecret"), "{}", manifests.text);
    // A new password is a new Secret.
    let again = Ask::put("/v1/workspaces/team", &administered()).header("if-match", "*");
    assert_eq!(server.ask(again).await.status, 200);
    let after = server.stored("team");
    assert_ne!(after["spec"]["administrator"]["sealed"]["suffix"], suffix);
    let stored = stored.to_string();
    for text in [&made.text, &shown.text, &manifests.text, &stored, &after.to_string(), &log.text()]
    {
        assert!(!text.contains(PASSWORD));
    }
}

/// In YAML, in each of its styles, the text around it is read as it stands.
#[tokio::test]
async fn a_password_is_sealed_in_any_style() {
    for administrator in [
        "{email: ada@garden.test, password: correct-horse-battery-staple}",
        "\n    email: ada@garden.test\n    password: 'correct-horse-battery-staple'",
        "\n    password: \"correct-horse-battery-staple\" # a comment\n    email: ada@garden.test",
        "\n    email: ada@garden.test\n    password: |-\n      correct-horse-battery-staple",
    ] {
        let server = Server::new();
        let text = format!(
            "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: \
             {{name: team}}\nspec:\n  workspaceName: team\n  administrator: {administrator}\n  \
             models: []\n"
        );
        let asked = Ask::new(Method::POST, "/v1/workspaces").text("application/yaml", text);
        let made = server.ask(asked).await;
        assert_eq!(made.status, 201, "{administrator}: {}", made.text);
        let stored = server.stored("team");
        assert!(stored["spec"]["administrator"]["sealed"]["password"].is_string());
        assert_eq!(stored["spec"]["models"], json!([]));
        assert!(!stored.to_string().contains(PASSWORD));
    }
}

/// What was read is sent back with another password beside what was sealed, before it or after.
#[tokio::test]
async fn a_password_is_changed_in_what_was_read() {
    let server = Server::new();
    assert_eq!(server.ask(Ask::post("/v1/workspaces", &administered())).await.status, 201);
    let asked = || Ask::get("/v1/workspaces/team").header("accept", "application/yaml");
    let line = "    password: correct-horse-battery-staple\n";
    for (from, to) in [
        ("    email: ada", format!("{line}    email: ada")),
        ("  models:", format!("{line}  models:")),
        ("    sealed:\n", format!("{line}    sealed:\n")),
    ] {
        let before = server.stored("team");
        let read = server.ask(asked()).await.text;
        let text = read.replacen(from, &to, 1);
        assert_ne!(text, read, "{from}");
        let put = Ask::new(Method::PUT, "/v1/workspaces/team").text("application/yaml", text);
        let done = server.ask(put.header("if-match", "*")).await;
        assert_eq!(done.status, 200, "{from}: {}", done.text);
        let mut after = server.stored("team");
        let (old, new) = (
            &before["spec"]["administrator"]["sealed"],
            after["spec"]["administrator"]["sealed"].take(),
        );
        assert!(new["password"].is_string() && new["suffix"] != old["suffix"], "{new}");
        assert_eq!(after["spec"]["administrator"]["email"], "ada@garden.test");
        assert_eq!(after["spec"]["models"], before["spec"]["models"]);
        assert!(!after.to_string().contains(PASSWORD));
    }
}

#[tokio::test]
async fn errors_do_not_repeat_it() {
    let (log, _guard) = logged();
    let server = Server::new();
    let mut wrong = administered();
    wrong["spec"]["workspaceName"] = "A team".into();
    wrong["spec"]["models"] = json!(1);
    let mut number = administered();
    number["spec"]["administrator"]["password"] = json!({"value": PASSWORD});
    let mut list = administered();
    list["spec"]["administrator"] = json!([{"password": PASSWORD}]);
    for body in [wrong, number, list] {
        for path in ["/v1/workspaces", "/v1/validate"] {
            let answer = server.ask(Ask::post(path, &body)).await;
            assert!([200, 422].contains(&answer.status));
            assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
        }
    }
    server.has(workspace("team"));
    let map = json!({"email": "a@b.c", "password": PASSWORD});
    for administrator in [map.clone(), json!([map]), json!({"password": [PASSWORD]})] {
        let patch = json!({"spec": {"administrator": administrator}});
        let answer = server.ask(Ask::patch("/v1/workspaces/team", &patch)).await;
        assert_eq!(answer.status, 422);
        assert!(!answer.text.contains(PASSWORD));
    }
    // What YAML takes for a number is no text, and says so.
    let mut number = administered();
    number["spec"]["administrator"]["password"] = json!(12_345_678);
    let answer = server.ask(Ask::post("/v1/workspaces", &number)).await;
    assert_eq!(answer.json()["findings"][0]["pointer"], "/spec/administrator/password");
    assert!(answer.text.contains("in quotes") && !answer.text.contains("12345678"));
    assert!(!log.text().contains(PASSWORD));
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn without_anything_to_seal_with_it_is_refused() {
    let server = Server::with(Bounds { rate: 100, burst: 100, trusted: Vec::new() }, None, false);
    for asked in [
        Ask::post("/v1/workspaces", &administered()),
        Ask::put("/v1/workspaces/team", &administered()),
        Ask::post("/v1/validate", &administered()),
    ] {
        let answer = server.ask(asked).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "sealing-unavailable"));
        assert_eq!(answer.json()["findings"][0]["pointer"], "/spec/administrator/password");
        assert!(!answer.text.contains(PASSWORD));
    }
    assert_eq!(server.writes(), 0);
}

#[tokio::test]
async fn a_change_is_one_line_and_a_token_is_in_none() {
    let (log, _guard) = logged();
    let server = Server::new();
    server.ask(Ask::post("/v1/workspaces", &workspace("team")).by("editor")).await;
    let made = server.stored("team")["metadata"]["resourceVersion"].clone();
    server.ask(Ask::get("/v1/workspaces/team").by("editor")).await;
    let label = json!({"metadata": {"labels": {"a": "b"}}});
    server.ask(Ask::patch("/v1/workspaces/team?dryRun=true", &label).by("editor")).await;
    server.ask(Ask::new(Method::DELETE, "/v1/workspaces/team").by("viewer")).await;
    server.ask(Ask::new(Method::DELETE, "/v1/workspaces/team").by("expired")).await;
    let text = log.text();
    let lines = text.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    let lines: Vec<Value> = lines.filter(|it| it["target"] == "audit").collect();
    assert_eq!(lines.len(), 3, "{text}");
    let of = |line: &Value| {
        ["user", "verb", "name", "status", "outcome", "dry_run"].map(|it| line[it].clone())
    };
    assert_eq!(
        of(&lines[0]),
        ["editor", "create", "team"]
            .map(Value::from)
            .into_iter()
            .chain([201.into(), "done".into(), false.into()])
            .collect::<Vec<_>>()[..]
    );
    assert_eq!(lines[0]["after"], made);
    assert_eq!(lines[0]["groups"], "people");
    assert_eq!((&lines[1]["dry_run"], &lines[1]["before"]), (&json!(true), &made));
    assert_eq!(
        (&lines[2]["outcome"], &lines[2]["user"]),
        (&json!("not-allowed"), &json!("viewer"))
    );
    assert!(!text.contains("Bearer"), "{text}");
}
