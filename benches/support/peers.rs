//! Other programs that make the same tenants' files from the same names: each gets the first
//! tenant's files as its template, in its own language, and is run as its users run it.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::measure::{Child, Took, of_children, peak_of};

/// The folder with the peers' programs; without it, the table has no peers.
pub const FOLDER: &str = "ESPALIER_PEERS";

/// A program beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Jsonnet in Rust: objects are data, and it writes YAML. The fastest tool with the same tree.
    Jrsonnet,
    /// Text templates in Python: the fastest script. It knows nothing of YAML.
    Jinja2,
}

impl Peer {
    /// Those that are installed.
    pub fn installed() -> Vec<Self> {
        [Self::Jrsonnet, Self::Jinja2].into_iter().filter(|it| it.program().is_some()).collect()
    }

    /// How the table names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jrsonnet => "peer: jrsonnet",
            Self::Jinja2 => "peer: jinja2",
        }
    }

    fn program(self) -> Option<PathBuf> {
        let place = match self {
            Self::Jrsonnet => "bin/jrsonnet",
            Self::Jinja2 => "venv/bin/python",
        };
        let program = PathBuf::from(env::var_os(FOLDER)?).join(place);
        program.exists().then_some(program)
    }

    /// What it runs on `input`, which [`prepare`] has made, to write into `out`.
    ///
    /// # Panics
    /// When it is not installed.
    pub fn command(self, input: &Path, out: &Path) -> Command {
        let mut command = Command::new(self.program().expect("installed"));
        match self {
            Self::Jrsonnet => command
                .args(["--format", "yaml", "--line-padding", "2", "--create-output-dirs"])
                .arg("--multi")
                .arg(out)
                .arg("--tla-code-file")
                .arg(format!("names={}", input.join("names.json").display()))
                .arg(input.join("tenants.jsonnet")),
            Self::Jinja2 => command
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/support/peer.py"))
                .arg(input)
                .arg(out),
        };
        command
    }
}

/// Runs a program, and looks at its peak memory all the while.
///
/// # Panics
/// When it cannot be run, or fails.
pub fn watched(command: &mut Command) -> Child {
    let (before, start) = (of_children(), Instant::now());
    command.stdout(Stdio::null());
    let mut process = command.spawn().expect("the program runs");
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak.max(peak_of(&process.id().to_string()));
        if let Some(status) = process.try_wait().expect("a child") {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (after, wall) = (of_children(), start.elapsed().as_secs_f64());
    assert!(status.success(), "{command:?} failed");
    let took = Took { user: after.0 - before.0, sys: after.1 - before.1, wall };
    Child { took, peak: peak / 1024.0, said: String::new() }
}

/// Makes what all peers read: the names of the tenants, and the files of the first one as
/// templates.
///
/// # Panics
/// When the tree is not there, or is not YAML.
pub fn prepare(root: &Path, names: &[String], input: &Path) {
    let first = &names[0];
    fs::create_dir_all(input.join("templates")).expect("writable");
    let all = serde_json::to_string(names).expect("plain");
    fs::write(input.join("names.json"), all).expect("writable");
    let mut jsonnet = "local tenant(name) = {\n".to_owned();
    for (at, path) in files_of(root, first).iter().enumerate() {
        let text = fs::read_to_string(root.join(path)).expect("text");
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        let _ = write!(jsonnet, "  [{}]: ", quoted(path, first));
        expression(&mut jsonnet, &value, first);
        jsonnet.push_str(",\n");
        let template = format!("{path}\n{text}").replace(first, "«name»");
        fs::write(input.join(format!("templates/{at:03}")), template).expect("writable");
    }
    jsonnet.push_str(
        "};\nfunction(names) {\n  [path]: files[path]\n  for name in names\n  for files in \
         [tenant(name)]\n  for path in std.objectFields(files)\n}\n",
    );
    fs::write(input.join("tenants.jsonnet"), jsonnet).expect("writable");
}

/// The files of one tenant, relative to the root.
///
/// # Panics
/// When they cannot be listed.
pub fn files_of(root: &Path, tenant: &str) -> Vec<String> {
    let mut all = vec![format!("apps/ws-{tenant}.yaml"), format!("apps/ws-{tenant}.project.yaml")];
    let mut folders = vec![format!("out/manifests/ws-{tenant}")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder") {
            let entry = entry.expect("readable");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { folders.push(path) } else { all.push(path) }
        }
    }
    all.sort_unstable();
    all
}

/// How many files a folder has, at any depth.
///
/// # Panics
/// When it cannot be listed.
pub fn files(folder: &Path) -> usize {
    let (mut folders, mut count) = (vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable") {
            let entry = entry.expect("readable");
            let is_folder = entry.file_type().expect("readable").is_dir();
            if is_folder { folders.push(entry.path()) } else { count += 1 }
        }
    }
    count
}

/// A value in Jsonnet, with the tenant's name as a variable.
fn expression(out: &mut String, value: &Value, name: &str) {
    match value {
        Value::String(text) => out.push_str(&quoted(text, name)),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                expression(out, item, name);
                out.push_str(", ");
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (key, value) in fields {
                let _ = write!(out, "[{}]: ", quoted(key, name));
                expression(out, value, name);
                out.push_str(", ");
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn quoted(text: &str, name: &str) -> String {
    let parts: Vec<String> =
        text.split(name).map(|it| serde_json::to_string(it).expect("text")).collect();
    parts.join(" + name + ")
}

/// Compares what a peer wrote of these tenants with our tree, as data.
///
/// # Panics
/// When a file is missing or says something else.
pub fn verify(root: &Path, out: &Path, tenants: &[&String]) {
    let read = |at: PathBuf| -> Value {
        let text = fs::read_to_string(&at).unwrap_or_else(|it| panic!("{}: {it}", at.display()));
        serde_yaml::from_str(&text).expect("YAML")
    };
    for path in tenants.iter().flat_map(|it| files_of(root, it)) {
        assert_eq!(read(out.join(&path)), read(root.join(&path)), "{path}");
    }
}
