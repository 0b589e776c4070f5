//! Databases of the platform's PostgreSQL for workspaces: who may reach what, and what a workspace
//! that comes or goes changes.

use serde_yaml::Value;

use super::{platform, workspace};
use crate::support::{Compiled, at, compile, items, sealed};

const OFFER: &str = "  workspaces: {databases: 2}\n";
/// Of a password that nobody needs to know.
const VERIFIER: &str = "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$\
                        Id1/I0V2Wep4CcydHEOhvTinjyzN/UgDehQZ6sd6R40=:\
                        hq3+bKG9Bk6DaDTcDybDIwDTggF/6cWhphN3g7lg4ig=";

fn shared(suffix: &str) -> String {
    format!(
        ", database: shared, databaseRole: {{verifier: \"{VERIFIER}\", sealed: {{suffix: {suffix}, \
         password: {}}}}}",
        sealed()
    )
}

/// The platform with these workspaces, each with its further fields.
fn made(workspaces: &[(&str, &str)]) -> Compiled {
    let mut texts = platform(OFFER);
    for (name, more) in workspaces {
        texts.insert(format!("spec/workspaces/{name}.yaml"), workspace(name, more));
    }
    let compiled = compile(&texts);
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    compiled
}

/// The one file whose path begins so, and its content.
fn only<'a>(compiled: &'a Compiled, start: &str) -> (&'a str, Value) {
    let mut all = compiled.files.iter().filter(|it| it.0.starts_with(start));
    let (path, bytes) = all.next().unwrap_or_else(|| panic!("there is no {start}"));
    assert_eq!(all.next().map(|it| it.0), None, "there are two of {start}");
    (path, serde_yaml::from_slice(bytes).expect("YAML"))
}

const JOB: &str = "out/manifests/workspace-databases/ai/job-workspace-databases-";
const LIST: &str = "out/manifests/workspace-databases/ai/configmap-workspace-databases-";
const SERVER: &str = "out/manifests/postgresql/ai/statefulset-postgresql.yaml";

/// The Job and what it reads change with the workspaces, and get other names: a Job never changes.
/// The server, whom a change would restart, does not.
#[test]
fn a_workspace_more_is_another_job_and_the_same_server() {
    let (one, two) = (
        made(&[("team-a", &shared("aaaaa"))]),
        made(&[("team-a", &shared("aaaaa")), ("team-b", &shared("bbbbb"))]),
    );
    let (none, own) = (made(&[]), made(&[("team-a", "")]));
    let names = |compiled: &Compiled| {
        let ((job, object), (list, _)) = (only(compiled, JOB), only(compiled, LIST));
        let volume = items(at(&object, "spec/template/spec/volumes"))
            .find_map(|it| at(it, "configMap/name").as_str().map(str::to_owned))
            .expect("it reads a list");
        assert!(list.ends_with(&format!("configmap-{volume}.yaml")), "{list}: {volume}");
        (job.to_owned(), list.to_owned())
    };
    assert_ne!(names(&one), names(&two));
    assert_ne!(names(&none), names(&one));
    assert_eq!(names(&none), names(&own));
    for other in [&two, &none, &own] {
        assert!(one.files[SERVER] == other.files[SERVER], "the server would be restarted");
    }
    let (_, list) = only(&two, LIST);
    let text = at(&list, "data/databases").as_str().expect("a text").to_owned();
    assert_eq!(text, format!("ws-team-a {VERIFIER}\nws-team-b {VERIFIER}\n"));
}

/// The password of the role that makes databases stays in the platform's namespace, that of a
/// workspace in the workspace's.
#[test]
fn nobody_has_anothers_password() {
    let compiled = made(&[("team-a", &shared("aaaaa"))]);
    for object in compiled.objects() {
        let text = serde_yaml::to_string(object.at("spec")).expect("a text");
        let namespace = object.namespace().unwrap_or_default();
        for (secret, home) in [("postgresql-workspaces", "ai"), ("team-a-database-", "team-a")] {
            assert!(!text.contains(secret) || namespace == home, "{}: {secret}", object.path);
        }
    }
    let (_, pod) = only(&compiled, "out/manifests/ws-team-a/team-a/deployment-");
    let server = items(at(&pod, "spec/template/spec/containers")).next().expect("one");
    let url = items(at(server, "env")).find(|it| at(it, "name") == "DATABASE_URL").expect("told");
    assert_eq!(at(url, "valueFrom/secretKeyRef/name"), "team-a-database-aaaaa");
    let (_, sealed) =
        only(&compiled, "out/manifests/ws-team-a/team-a/sealedsecret-team-a-database");
    let url = at(&sealed, "spec/template/data/url").as_str().expect("composed");
    assert!(url.starts_with("postgresql://ws-team-a:{{ .password"), "{url}");
    assert!(url.ends_with("@postgresql.ai.svc.cluster.local:5432/ws-team-a"), "{url}");
}

/// A workspace is let in by the label of its namespace, which one without such a database has not;
/// and it comes after the Job.
#[test]
fn the_label_lets_in_and_the_job_comes_first() {
    let compiled = made(&[("team-a", &shared("aaaaa")), ("team-b", "")]);
    let label = |name: &str| {
        let (_, namespace) =
            only(&compiled, &format!("out/manifests/ws-{name}/_cluster/namespace-"));
        at(&namespace, "metadata/labels").get("espalier.dev/database").cloned()
    };
    assert_eq!(label("team-a"), Some("shared".into()));
    assert_eq!(label("team-b"), None);
    let wave = |application: &str| {
        let (_, object) = only(&compiled, &format!("apps/{application}.yaml"));
        let wave = at(&object, "metadata/annotations").get("argocd.argoproj.io/sync-wave").cloned();
        wave.and_then(|it| it.as_str()?.parse::<i64>().ok()).expect("a wave")
    };
    assert!(wave("postgresql") < wave("workspace-databases"));
    assert!(wave("workspace-databases") < wave("ws-team-a"));
}

/// The server keeps connections free for as many as are offered one, and no role takes more.
#[test]
fn connections_are_kept_free() {
    let connections = |more: &str| {
        let compiled = compile(&platform(more));
        assert!(compiled.errors().is_empty(), "{}", compiled.said());
        let (_, server) = only(&compiled, SERVER);
        let server =
            items(at(&server, "spec/template/spec/containers")).next().expect("one").clone();
        items(at(&server, "args"))
            .find_map(|it| it.as_str()?.strip_prefix("max_connections=")?.parse::<u64>().ok())
            .expect("it is said")
    };
    // Four each, and two of the Job.
    assert_eq!(connections(OFFER) - connections(""), 2 * 4 + 2);
    let (_, job) = only(&made(&[]), JOB);
    let container = items(at(&job, "spec/template/spec/containers")).next().expect("one");
    let most = items(at(container, "env")).find(|it| at(it, "name") == "CONNECTIONS");
    assert_eq!(most.map(|it| at(it, "value").clone()), Some("4".into()));
}
