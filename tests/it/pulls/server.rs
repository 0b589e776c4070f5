//! The part of Ollama's API that the scripts use, over a volume and a registry that a test sets.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;

/// How the registry answers for a model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// It has the model.
    Served,
    /// It fails.
    Refused,
    /// It sends nothing, and does not end.
    Hangs,
    /// The pull succeeds, and the model is not there.
    Lies,
}

#[derive(Default)]
struct State {
    present: Vec<String>,
    answers: BTreeMap<String, Pull>,
    keeps: Vec<String>,
    /// The last request that each model was made by.
    made: BTreeMap<String, Value>,
    fails_to_make: bool,
    pulls: usize,
}

/// The server of a pod.
pub struct Server {
    /// Its port on the loopback address.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// A server with these models on its volume; the registry has all others.
    pub fn with(present: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let present = present.iter().map(|it| (*it).to_owned()).collect();
        let state = Arc::new(Mutex::new(State { present, ..State::default() }));
        let shared = state.clone();
        thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                let shared = shared.clone();
                thread::spawn(move || answer(connection, &shared));
            }
        });
        Self { port, state }
    }

    /// Sets how the registry answers for a model from now on.
    pub fn answers(&self, model: &str, pull: Pull) {
        self.state.lock().expect("whole").answers.insert(model.to_owned(), pull);
    }

    /// From now on it fails to remove this model.
    pub fn keeps(&self, model: &str) {
        self.state.lock().expect("whole").keeps.push(model.to_owned());
    }

    /// From now on it makes no model of another one, or does.
    pub fn fails_to_make(&self, fails: bool) {
        self.state.lock().expect("whole").fails_to_make = fails;
    }

    /// The request that a model was made by.
    pub fn made(&self, model: &str) -> Option<Value> {
        self.state.lock().expect("whole").made.get(model).cloned()
    }

    /// The models on the volume, in the order in which they arrived.
    pub fn present(&self) -> Vec<String> {
        self.state.lock().expect("whole").present.clone()
    }

    /// How often the registry was asked.
    pub fn pulls(&self) -> usize {
        self.state.lock().expect("whole").pulls
    }
}

fn answer(connection: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if let Some(number) = header.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut connection = connection;
    if path == "/api/tags" {
        let text = tags(&state.lock().expect("whole").present);
        return write!(connection, "HTTP/1.0 200 OK\r\n\r\n{text}").ok();
    }
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let model = body["model"].as_str().expect("a model").to_owned();
    let (status, text) = match path.as_str() {
        "/api/delete" => {
            assert!(line.starts_with("DELETE "), "{line}");
            remove(&model, &mut state.lock().expect("whole"))
        }
        "/api/show" if state.lock().expect("whole").present.contains(&model) => {
            match model.as_str() {
                "nomic-embed-text:latest" => ("200 OK", r#"{"capabilities":["embedding"]}"#),
                _ => ("200 OK", r#"{"capabilities":["completion","tools"]}"#),
            }
        }
        "/api/show" => ("404 Not Found", r#"{"error":"model not found"}"#),
        "/api/create" => create(&model, &body, &mut state.lock().expect("whole")),
        "/api/pull" => {
            assert_eq!(body["stream"], false, "a stream is a bar that is redrawn");
            pull(&model, state)
        }
        other => panic!("{other} is asked for"),
    };
    write!(
        connection,
        "HTTP/1.0 {status}\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{text}"
    )
    .ok()
}

/// The list, with a field around and behind each name, as the server has it.
fn tags(present: &[String]) -> String {
    let model = |name: &String| {
        let details = serde_json::json!({"parent_model": "", "family": "llama"});
        serde_json::json!({"name": name, "model": name, "size": 1, "details": details})
    };
    let models: Vec<_> = present.iter().map(model).collect();
    serde_json::json!({"models": models}).to_string()
}

fn remove(model: &str, state: &mut State) -> (&'static str, &'static str) {
    if state.keeps.iter().any(|it| it == model) {
        return ("500 Internal Server Error", r#"{"error":"remove: read-only file system"}"#);
    }
    state.present.retain(|it| it != model);
    ("200 OK", "")
}

fn create(model: &str, body: &Value, state: &mut State) -> (&'static str, &'static str) {
    let from = body["from"].as_str().expect("of what it is made").to_owned();
    assert!(state.present.contains(&from), "the real server would pull {from}");
    assert_eq!(body["stream"], false, "a stream is told as a success before it is one");
    if state.fails_to_make {
        return ("500 Internal Server Error", r#"{"error":"no space left on device"}"#);
    }
    if !state.present.iter().any(|it| it == model) {
        state.present.push(model.to_owned());
    }
    state.made.insert(model.to_owned(), body.clone());
    ("200 OK", r#"{"status":"success"}"#)
}

fn pull(model: &str, state: &Mutex<State>) -> (&'static str, &'static str) {
    let how = {
        let mut lock = state.lock().expect("whole");
        lock.pulls += 1;
        lock.answers.get(model).copied().unwrap_or(Pull::Served)
    };
    match how {
        Pull::Refused => (
            "500 Internal Server Error",
            r#"{"error":"pull model manifest: 503: \"out of order\""}"#,
        ),
        Pull::Hangs => {
            thread::sleep(Duration::from_mins(10));
            ("500 Internal Server Error", r#"{"error":"canceled"}"#)
        }
        Pull::Lies => ("200 OK", r#"{"status":"success"}"#),
        Pull::Served => {
            state.lock().expect("whole").present.push(model.to_owned());
            ("200 OK", r#"{"status":"success"}"#)
        }
    }
}
