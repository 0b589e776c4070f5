//! Compiles a spec in this process, from texts to files and findings, as the driver does.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use espalier::{
    builder::{internet::Internet, platform::PlatformBuilder},
    check::examples::EXAMPLE_VALUE,
    compile,
    diag::diagnostic::{Diagnostic, Diagnostics, Severity},
    emit::files::Files,
    load::Sources,
    plan::{Plan, summary::Summary},
    platform::{files::PLATFORM, node_group::Nodes, storage::Storage},
    yaml::source::Source,
};
use serde_yaml::Value;

/// Texts of `spec/`, by path.
pub type Texts = BTreeMap<String, String>;

const WORKSPACES: &str = "spec/workspaces/";

/// Keys of the SSH host `git.example.com`, at the ports 22 and 2222.
pub const KNOWN_HOSTS: &str = include_str!("../golden/monorepo/spec/known_hosts");
/// Certificates of authorities.
pub const AUTHORITIES: &str = include_str!("../golden/own-servers/spec/git-ca.pem");

/// A compiled spec.
pub struct Compiled {
    /// Paths and bytes. A path that was written twice is in `twice`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Paths that two objects have.
    pub twice: Vec<String>,
    /// Every finding.
    pub findings: Diagnostics,
    /// The platform, built; none where the spec cannot be.
    pub plan: Option<Plan>,
    /// The summary of each tenant.
    pub summaries: Vec<Summary>,
}

/// The tree of a spec without an error.
#[track_caller]
pub fn tree(texts: &Texts) -> Compiled {
    let compiled = compile(texts);
    assert!(
        !compiled.findings.has_errors(),
        "the spec has errors:\n{}\n{:?}",
        compiled.said(),
        texts.get(PLATFORM)
    );
    compiled
}

/// A spec with one file.
pub fn only(platform: &str) -> Texts {
    [(PLATFORM.to_owned(), platform.to_owned())].into()
}

/// A spec that compiles, with these lines under `components`.
pub fn with_components(components: &str) -> Texts {
    let lines: String = components.lines().flat_map(|it| ["    ", it, "\n"]).collect();
    only(&format!(
        "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {{name: test}}\nspec:\n  \
         repository: {{url: https://git.example.com/team/platform.git}}\n  node: {{cpu: 4, memory: 8Gi}}\n  \
         domains: {{chat: chat.example.com}}\n  certificates: {{email: operations@example.com}}\n  components:\n{lines}"
    ))
}

/// Compiles texts; tenants in the order of their files' names.
pub fn compile(texts: &Texts) -> Compiled {
    let order: Vec<&String> = texts.keys().filter(|it| it.starts_with(WORKSPACES)).collect();
    compile_in_order(texts, &order)
}

/// Compiles texts, building the tenants in a given order; their summaries are still put together in
/// the order of names.
pub fn compile_in_order(texts: &Texts, tenants: &[&String]) -> Compiled {
    let sources = texts.iter().filter(|(path, _)| !path.starts_with(WORKSPACES));
    let sources = Sources {
        texts: sources
            .map(|(path, text)| (path.as_str().into(), Source::parse(path.as_str(), text.as_str())))
            .collect(),
    };
    let mut compiled = Compiled {
        files: BTreeMap::new(),
        twice: Vec::new(),
        findings: Diagnostics::new(),
        plan: None,
        summaries: Vec::new(),
    };
    let (mut own, mut of_tenants) = (Files::default(), Diagnostics::new());
    let Ok(done) = compile::all(&sources, &mut own, |plan| {
        let mut summaries = Vec::new();
        for path in tenants {
            let mut files = Files::default();
            let source = Source::parse(path.as_str(), texts[*path].as_str());
            let mut summary = compile::tenant(plan, &source, &mut files);
            of_tenants.extend(std::mem::take(&mut summary.diagnostics));
            compiled.keep(&files);
            summaries.push(summary);
        }
        summaries.sort_by(|a, b| a.file.cmp(&b.file));
        Ok::<_, Infallible>(summaries)
    });
    compiled.keep(&own);
    compiled.findings = done.loaded.diagnostics;
    compiled.findings.extend(of_tenants);
    // The specs of these tests use `example.com`; the finding about that has its own tests.
    let of_whole = done.whole.into_iter().flat_map(|it| it.found);
    compiled.findings.extend(of_whole.filter(|it| it.code != EXAMPLE_VALUE.name()));
    (compiled.plan, compiled.summaries) = (done.loaded.plan, done.summaries);
    compiled
}

impl Compiled {
    fn keep(&mut self, files: &Files) {
        for (path, bytes) in files.iter() {
            if self.files.insert(path.to_owned(), bytes.to_owned()).is_some() {
                self.twice.push(path.to_owned());
            }
        }
    }

    /// The generated tree, without what belongs to `spec/`.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        self.files
            .iter()
            .filter(|(path, _)| !path.starts_with("spec/"))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect()
    }

    /// The codes of its findings, in the order in which they were made.
    pub fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|it| it.code).collect()
    }

    /// The codes of its errors.
    pub fn errors(&self) -> Vec<&'static str> {
        self.findings.iter().filter(|it| it.severity == Severity::Error).map(|it| it.code).collect()
    }

    /// Its findings, one line each, with help and notes.
    pub fn said(&self) -> String {
        let line = |diagnostic: &Diagnostic| {
            format!(
                "{}: {} {:?} {:?}",
                diagnostic.code, diagnostic.message, diagnostic.help, diagnostic.notes
            )
        };
        self.findings.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// All objects of the tree, read by a reader that is not ours.
    pub fn objects(&self) -> Vec<Read> {
        // k3s' configuration and the values of charts are YAML but not objects.
        let plain = ["bootstrap/k3s/", "bootstrap/values/"];
        let objects = self.files.iter().filter(|(path, _)| {
            has_ending(path, "yaml") && !plain.iter().any(|it| path.starts_with(it))
        });
        objects
            .map(|(path, bytes)| Read::new(path, std::str::from_utf8(bytes).expect("UTF-8")))
            .collect()
    }
}

/// An object of the tree, as an independent reader reads it.
#[derive(Debug)]
pub struct Read {
    /// Its file.
    pub path: String,
    /// Its content.
    pub value: Value,
}

impl Read {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            value: serde_yaml::from_str(text).unwrap_or_else(|it| panic!("{path}: {it}")),
        }
    }

    /// A value by its path, `/`-separated; null if there is none.
    pub fn at(&self, path: &str) -> &Value {
        at(&self.value, path)
    }

    /// A text by its path; empty if there is none.
    pub fn text(&self, path: &str) -> &str {
        at(&self.value, path).as_str().unwrap_or_default()
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.text("kind")
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.text("metadata/name")
    }

    /// `metadata.namespace`; none for cluster-wide objects.
    pub fn namespace(&self) -> Option<&str> {
        self.at("metadata/namespace").as_str()
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.text("apiVersion").split_once('/').map_or("", |it| it.0)
    }

    /// The Application whose folder holds it; empty for Applications and projects themselves.
    pub fn application(&self) -> &str {
        self.path
            .strip_prefix("out/manifests/")
            .and_then(|it| it.split('/').next())
            .unwrap_or_default()
    }

    /// The template of its pods, if it makes any.
    pub fn pod_template(&self) -> Option<&Value> {
        let template = match self.kind() {
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => self.at("spec/template"),
            "CronJob" => self.at("spec/jobTemplate/spec/template"),
            _ => return None,
        };
        Some(template)
    }
}

/// The builder of a platform that says nothing of its cluster, and has no component yet.
pub fn empty_platform(name: &str) -> PlatformBuilder {
    let nodes = Nodes::of(None, &[]);
    PlatformBuilder::new(name, &Storage::default(), &nodes, None, Internet::default())
}

/// A value below another, by a `/`-separated path of keys; null if there is none.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('/').fold(value, |value, key| value.get(key).unwrap_or(&Value::Null))
}

/// Whether a value is this boolean.
pub fn is(value: &Value, switch: bool) -> bool {
    value.as_bool() == Some(switch)
}

/// The items of a list; none if it is not a list.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

/// A map of texts to texts.
pub fn labels(value: &Value) -> BTreeMap<String, String> {
    let pair = |(key, value): (&Value, &Value)| {
        Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))
    };
    value.as_mapping().into_iter().flatten().filter_map(pair).collect()
}

/// Whether all labels of a selector are among these labels.
pub fn selects(selector: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a file's name has this ending.
pub fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|it| it.1 == ending)
}

/// What has the form of a sealed value, of a key of 2048 bits.
pub fn sealed() -> String {
    format!("AQ{}", "A".repeat(382))
}

/// The administrator of a workspace, as a field in braces.
pub fn administrator() -> String {
    let sealed = sealed();
    format!(
        "administrator: {{email: ada@garden.test, sealed: {{suffix: x7k2p, password: {sealed}}}}}"
    )
}

/// The repository's own folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The golden cases: name, and the folder that has their `spec/`. The repository itself is one.
pub fn golden_cases() -> Vec<(String, PathBuf)> {
    let folder = repository().join("tests/golden");
    let mut cases: Vec<(String, PathBuf)> = std::fs::read_dir(&folder)
        .expect("the golden cases")
        .map(|it| it.expect("readable").path())
        .filter(|it| it.join("spec").is_dir())
        .map(|path| (path.file_name().and_then(|it| it.to_str()).expect("a name").to_owned(), path))
        .collect();
    assert!(!cases.is_empty(), "there are golden cases");
    cases.push(("darien".to_owned(), repository().to_owned()));
    cases.sort();
    cases
}

/// The texts of a folder's `spec/`, without the generated ones.
pub fn texts_of(folder: &Path) -> Texts {
    let files =
        files_below(folder, &["spec"]).into_iter().filter(|(path, _)| !has_ending(path, "json"));
    files.map(|(path, bytes)| (path, String::from_utf8(bytes).expect("UTF-8"))).collect()
}

/// Every file below some folders of a folder, by path.
pub fn files_below(folder: &Path, tops: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let walk = tops
        .iter()
        .map(|it| folder.join(it))
        .filter(|it| it.exists())
        .flat_map(walkdir::WalkDir::new);
    let files = walk.map(|it| it.expect("readable")).filter(|it| it.file_type().is_file());
    let read = |entry: walkdir::DirEntry| {
        let path = entry
            .path()
            .strip_prefix(folder)
            .expect("below")
            .to_str()
            .expect("UTF-8")
            .replace('\\', "/");
        (path, std::fs::read(entry.path()).expect("readable"))
    };
    files.map(read).collect()
}

/// What is in a folder, as a number: its files with what they hold, and its folders.
pub fn content(folder: &Path) -> u64 {
    let mut hash = DefaultHasher::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.expect("readable");
        entry.path().strip_prefix(folder).expect("below").hash(&mut hash);
        if entry.file_type().is_file() {
            std::fs::read(entry.path()).expect("readable").hash(&mut hash);
        }
    }
    hash.finish()
}
