//! What Argo CD needs: the form of Applications, projects that permit what exists, waves that
//! respect the dependencies.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::Tree;
use crate::support::{Read, at, is, items, labels};

const SERVER: &str = "https://kubernetes.default.svc";

/// The sync options that may appear. Other options do harm here, or have names that are easily
/// misspelt.
const OPTIONS: [&str; 4] = [
    "FailOnSharedResource=true",
    "PruneLast=true",
    "RespectIgnoreDifferences=true",
    "ServerSideApply=true",
];

/// Repositories of charts.
const CHARTS: [&str; 4] = [
    "https://argoproj.github.io/argo-helm",
    "https://bitnami.github.io/sealed-secrets",
    "https://charts.jetstack.io",
    "https://prometheus-community.github.io/helm-charts",
];

fn annotation<'a>(object: &'a Read, key: &str) -> Option<&'a str> {
    object.at("metadata/annotations").get(key)?.as_str()
}

/// Hosts whose SSH keys the chart brings, at port 22.
const KNOWN: [&str; 5] =
    ["bitbucket.org", "github.com", "gitlab.com", "ssh.dev.azure.com", "vs-ssh.visualstudio.com"];

/// A server whose key Argo CD does not know is never fetched from. Another one's key is of no use.
pub fn knows_its_server(tree: &Tree) -> Vec<String> {
    let (Some(root), Some(argocd)) = (
        tree.find("Application", Some("argocd"), "root"),
        tree.find("Application", Some("argocd"), "argocd"),
    ) else {
        return Vec::new();
    };
    let url = root.text("spec/source/repoURL");
    let server = match url.split_once("://") {
        Some(("ssh", rest)) => rest.split('/').next().unwrap_or_default(),
        Some(_) => return Vec::new(),
        None => url.split(':').next().unwrap_or_default(),
    };
    let server = server.rsplit('@').next().unwrap_or_default();
    let (host, port) = server.split_once(':').unwrap_or((server, "22"));
    let name = if port == "22" { host.to_owned() } else { format!("[{host}]:{port}") };
    let lines = argocd.text("spec/source/helm/valuesObject/configs/ssh/extraHosts");
    let is_own = |line: &str| line.split(' ').next() == Some(name.as_str());
    let is_known = KNOWN.contains(&name.as_str()) || lines.lines().any(is_own);
    let mut found: Vec<String> =
        (!is_known).then(|| format!("{}: no key of {name}", argocd.path)).into_iter().collect();
    found.extend(lines.lines().filter(|it| !is_own(it)).map(|it| format!("{}: {it}", argocd.path)));
    found
}

/// The wave of an Application.
pub fn wave(object: &Read) -> Option<i64> {
    annotation(object, "argocd.argoproj.io/sync-wave")?.parse().ok()
}

pub fn applications(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |is_so: bool, object: &Read, what: &str| {
        if !is_so {
            found.push(format!("{}: {what}", object.path));
        }
    };
    for object in tree.of_kind("Application") {
        let is_root = object.name() == "root";
        let finalizers: Vec<&str> =
            items(object.at("metadata/finalizers")).filter_map(Value::as_str).collect();
        // Deleting the root or Argo CD itself does not delete what they made.
        let stays = is_root || object.name() == "argocd";
        let cascade: &[&str] =
            if stays { &[] } else { &["resources-finalizer.argocd.argoproj.io/foreground"] };
        must(finalizers == cascade, object, "the finalizers");
        must(object.namespace() == Some("argocd"), object, "its namespace");
        must(
            object.text("spec/destination/server") == SERVER
                && object.at("spec/destination/name").is_null(),
            object,
            "the destination",
        );
        // A workspace has one of its own, called like its Application.
        let project = object.text("spec/project");
        must(
            if object.name().starts_with("ws-") || object.name() == "workspaces" {
                project == object.name()
            } else {
                ["ai", "bootstrap", "charts", "platform"].contains(&project)
            },
            object,
            "the project",
        );
        must(wave(object).is_some() != is_root, object, "the wave");
        must(
            wave(object).is_none_or(|it| it % 10 == 0 && it >= 0),
            object,
            "the gaps between waves",
        );
        let health = annotation(object, "argocd.argoproj.io/ignore-healthcheck");
        must(health == is_root.then_some("true"), object, "its share in health");
        must(
            is(object.at("spec/syncPolicy/automated/prune"), true)
                && is(object.at("spec/syncPolicy/automated/selfHeal"), true),
            object,
            "automated sync",
        );
        must(
            object.at("spec/syncPolicy/automated/allowEmpty").is_null(),
            object,
            "an empty folder must not wipe all out",
        );
        let retry = |key: &str| object.at(&format!("spec/syncPolicy/retry/{key}"));
        must(
            is(retry("refresh"), true) && retry("limit") == if is_root { 20 } else { 3 },
            object,
            "the retry",
        );
        let options: Vec<&str> =
            items(object.at("spec/syncPolicy/syncOptions")).filter_map(Value::as_str).collect();
        must(options.iter().all(|it| OPTIONS.contains(it)), object, "the sync options");
        must(
            options.contains(&"ServerSideApply=true")
                && options.contains(&"FailOnSharedResource=true"),
            object,
            "the sync options",
        );
        must(is_root || options.contains(&"PruneLast=true"), object, "prunes last");
        must(
            object.at("spec/ignoreDifferences").is_null()
                || options.contains(&"RespectIgnoreDifferences=true"),
            object,
            "ignored differences",
        );
        from_where(object, is_root, &mut must);
    }
    let root = tree.find("Application", Some("argocd"), "root");
    if !root.is_some_and(|root| {
        root.path == "bootstrap/argocd/application-root.yaml"
            && root.text("spec/project") == "bootstrap"
    }) {
        found.push("there is no root, or not where it belongs".to_owned());
    }
    found
}

/// The source of an Application: one folder, or one chart.
fn from_where(application: &Read, is_root: bool, must: &mut impl FnMut(bool, &Read, &str)) {
    let source = |key: &str| application.at(&format!("spec/source/{key}"));
    must(application.at("spec/sources").is_null(), application, "one source");
    if source("chart").is_null() {
        must(
            is(source("directory/recurse"), true) && source("directory/include") == "*.yaml",
            application,
            "how the folder is read",
        );
        // The root follows the branch; under `pin: tag` the others follow the tag of their content.
        let revision = source("targetRevision").as_str().unwrap_or_default();
        must(
            revision.starts_with("refs/heads/")
                || !is_root && revision.starts_with("refs/tags/tree-"),
            application,
            "a full reference",
        );
        must(source("helm").is_null(), application, "a folder and a chart at once");
    } else {
        must(
            source("path").is_null() && source("directory").is_null(),
            application,
            "a chart and a folder at once",
        );
        must(
            source("helm/valuesObject").is_mapping() && source("helm/values").is_null(),
            application,
            "typed values",
        );
        must(
            source("helm/releaseName") == application.name(),
            application,
            "the release is called like the Application",
        );
        must(
            source("repoURL").as_str().is_some_and(|it| it.starts_with("https://")),
            application,
            "the chart's repository",
        );
    }
}

/// Whether a list of group, kind (and name) of a project permits an object.
fn permits(list: &Value, object: &Read) -> bool {
    items(list).any(|permit| {
        let text = |key| at(permit, key).as_str().unwrap_or_default();
        let is_name = at(permit, "name").as_str().is_none_or(|glob| {
            let (start, end) = glob.split_once('*').unwrap_or((glob, ""));
            glob == object.name()
                || glob != start
                    && object.name().strip_prefix(start).is_some_and(|rest| rest.ends_with(end))
        });
        text("group") == object.group() && text("kind") == object.kind() && is_name
    })
}

/// Whether a project permits objects in a namespace.
fn may_go(project: &Read, namespace: &str) -> bool {
    items(project.at("spec/destinations"))
        .any(|it| at(it, "namespace") == namespace && at(it, "server") == SERVER)
}

pub fn projects(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for application in tree.of_kind("Application") {
        let name = application.text("spec/project");
        let Some(project) = tree.find("AppProject", Some("argocd"), name) else {
            found.push(format!("{}: there is no project {name}", application.path));
            continue;
        };
        // Applications that touch only the namespace of models and chat are in the project that can
        // touch nothing else. Policies may go anywhere, wherever they are today.
        let only_ai = application.text("spec/destination/namespace") == "ai"
            && application.name() != "network-policies"
            && objects_of(tree, application).iter().all(|it| it.namespace() == Some("ai"));
        if only_ai != (name == "ai") {
            found.push(format!("{}: is of {name}", application.path));
        }
        let may_go = |namespace: &str| may_go(project, namespace);
        if !may_go(application.text("spec/destination/namespace")) {
            found.push(format!("{}: {name} does not permit its destination", application.path));
        }
        if !items(project.at("spec/sourceRepos"))
            .any(|it| it == application.at("spec/source/repoURL"))
        {
            found.push(format!("{}: {name} does not permit its repository", application.path));
        }
        for object in objects_of(tree, application) {
            let list = if object.namespace().is_some() {
                "spec/namespaceResourceWhitelist"
            } else {
                "spec/clusterResourceWhitelist"
            };
            let is_denied = object.namespace().is_none()
                && permits(project.at("spec/clusterResourceBlacklist"), object);
            if is_denied
                || !permits(project.at(list), object)
                || !object.namespace().is_none_or(may_go)
            {
                found.push(format!("{}: {name} does not permit it", object.path));
            }
        }
    }
    let wants_signed = |project: &Read| !project.at("spec/signatureKeys").is_null();
    let is_signed = tree.of_kind("AppProject").any(wants_signed);
    for application in tree.of_kind("Application").filter(|_| is_signed) {
        // If one project asks for signatures, all do that take anything from Git; a chart cannot be
        // signed.
        let project = tree.find("AppProject", Some("argocd"), application.text("spec/project"));
        if project
            .is_some_and(|it| wants_signed(it) != application.at("spec/source/chart").is_null())
        {
            found.push(format!(
                "{}: is signed or not, other than its project asks",
                application.path
            ));
        }
    }
    for project in tree.of_kind("AppProject") {
        narrow(tree, project, &mut found);
    }
    found
}

/// A project permits what its Applications need, and no more.
fn narrow(tree: &Tree, project: &Read, found: &mut Vec<String>) {
    // Each project: the repositories of its own charts and no others.
    let group =
        || tree.of_kind("Application").filter(|it| it.text("spec/project") == project.name());
    let has_charts = group().any(|it| !it.at("spec/source/chart").is_null());
    let foreign = items(project.at("spec/sourceRepos"))
        .filter_map(Value::as_str)
        .any(|it| CHARTS.contains(&it));
    if foreign && !has_charts && project.name() != "platform" {
        found.push(format!("{}: permits charts, and has none", project.path));
    }
    let named =
        |list: &str, key: &str, wild: &str| items(project.at(list)).any(|it| at(it, key) == wild);
    let is_wide = ["group", "kind"].iter().any(|key| {
        named("spec/namespaceResourceWhitelist", key, "*")
            || named("spec/clusterResourceWhitelist", key, "*")
    });
    // Cluster-wide objects are permitted by name: a role of any name could give anybody every
    // permission.
    let any = items(project.at("spec/clusterResourceWhitelist"))
        .filter(|it| matches!(at(it, "name").as_str(), None | Some("*" | "")));
    found.extend(any.map(|any| {
        let kind = at(any, "kind").as_str().unwrap_or_default();
        format!("{}: permits any {kind}", project.path)
    }));
    if is_wide
        || named("spec/destinations", "namespace", "*")
        || items(project.at("spec/sourceRepos")).any(|it| it == "*")
    {
        found.push(format!("{}: permits all", project.path));
    }
    // That of a workspace lies beside its Application, is there before it, and goes after it.
    let Some(workspace) = project.name().strip_prefix("ws-") else {
        return of_kinds(project, found);
    };
    let places: Vec<&Value> =
        items(project.at("spec/destinations")).map(|it| at(it, "namespace")).collect();
    let application = tree.find("Application", Some("argocd"), project.name());
    let finalizers: Vec<&Value> = items(project.at("metadata/finalizers")).collect();
    if places != [workspace]
        || !project.path.starts_with("apps/")
        || finalizers != ["resources-finalizer.argocd.argoproj.io"]
        || application.is_none_or(|it| wave(it) <= wave(project))
    {
        found.push(format!("{}: is not its workspace's alone, or goes before it", project.path));
    }
    of_kinds(project, found);
}

/// An empty list of namespaced kinds permits all of them: "none" must be explicit.
fn of_kinds(project: &Read, found: &mut Vec<String>) {
    let named =
        |list: &str, key: &str, wild: &str| items(project.at(list)).any(|it| at(it, key) == wild);
    if project.at("spec/namespaceResourceWhitelist").is_null()
        && !named("spec/namespaceResourceBlacklist", "kind", "*")
    {
        found.push(format!("{}: permits every namespaced kind", project.path));
    }
}

/// The objects that an Application creates.
pub fn objects_of<'a>(tree: &'a Tree, application: &Read) -> Vec<&'a Read> {
    let Some(path) = application.at("spec/source/path").as_str() else { return Vec::new() };
    tree.objects
        .iter()
        .filter(|object| {
            object.path.rsplit_once('/').is_some_and(|(folder, _)| ends_with_folder(folder, path))
        })
        .collect()
}

/// Whether a file's folder is (below) the end of an Application's path; the repository may have
/// other folders above it.
fn ends_with_folder(folder: &str, path: &str) -> bool {
    let local = ["apps", "bootstrap/argocd"]
        .into_iter()
        .find(|it| path == *it || path.ends_with(&format!("/{it}")));
    let local = local.or_else(|| path.find("out/manifests/").map(|at| &path[at..])).unwrap_or(path);
    folder == local || folder.starts_with(&format!("{local}/"))
}

pub fn waves(tree: &Tree) -> Vec<String> {
    let wave_of = |name: &str| tree.find("Application", Some("argocd"), name).and_then(wave);
    let owner = |kind: &str, namespace: Option<&str>, name: &str| {
        tree.find(kind, namespace, name).map(Read::application)
    };
    let mut found = Vec::new();
    for object in tree.objects.iter().filter(|it| it.path.starts_with("out/")) {
        let mut needs: BTreeSet<&str> = BTreeSet::from(["bootstrap"]);
        if let Some(namespace) = object.namespace() {
            needs.extend(owner("Namespace", None, namespace));
        }
        match object.kind() {
            "SealedSecret" => drop(needs.insert("sealed-secrets")),
            "ClusterIssuer" => drop(needs.insert("cert-manager")),
            "Ingress" => {
                let issuer =
                    annotation(object, "cert-manager.io/cluster-issuer").unwrap_or_default();
                needs.extend(owner("ClusterIssuer", None, issuer));
            }
            _ => {}
        }
        if let Some(template) = object.pod_template() {
            // A pod that waits for a Secret is not healthy; nothing of the platform starts before
            // its namespace has its policies.
            let env = items(at(template, "spec/containers")).flat_map(|it| items(at(it, "env")));
            let secrets = env.filter_map(|it| at(it, "valueFrom/secretKeyRef/name").as_str());
            needs
                .extend(secrets.filter_map(|name| owner("SealedSecret", object.namespace(), name)));
            needs.extend(owner("NetworkPolicy", object.namespace(), "default-deny"));
            let pod = labels(at(template, "metadata/labels"));
            if pod.get("app.kubernetes.io/name").is_some_and(|it| it == "openwebui") {
                needs.extend(owner("StatefulSet", object.namespace(), "postgresql"));
            }
        }
        for name in needs.into_iter().filter(|name| *name != object.application()) {
            let waves = (wave_of(object.application()), wave_of(name));
            let is_later = matches!(waves, (Some(own), Some(other)) if own > other);
            if !is_later {
                found.push(format!("{}: is not later than {name}", object.path));
            }
        }
    }
    // A chart's pods too start in a namespace that exists and has its policies: all at once, or
    // Argo CD's own deny would cut it off.
    for object in tree.of_kind("Application").filter(|it| !it.at("spec/source/chart").is_null()) {
        let namespace = object.text("spec/destination/namespace");
        let needs = owner("Namespace", None, namespace).into_iter().chain(owner(
            "NetworkPolicy",
            Some(namespace),
            "default-deny",
        ));
        for name in needs {
            if wave(object) <= wave_of(name) {
                found.push(format!("{}: is not later than {name}", object.path));
            }
        }
    }
    for object in tree.of_kind("NetworkPolicy").filter(|it| it.name() == "default-deny") {
        let others =
            tree.of_kind("NetworkPolicy").filter(|other| other.namespace() == object.namespace());
        for other in others.filter(|other| other.application() != object.application()) {
            found.push(format!("{}: the deny is in {}", other.path, object.application()));
        }
    }
    for object in tree
        .of_kind("Application")
        .filter(|it| it.path.starts_with("apps/") && it.name() != "bootstrap")
    {
        if wave(object) <= wave_of("bootstrap") {
            found.push(format!("{}: its project is made later", object.path));
        }
    }
    found
}

pub fn folders(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let mut owned = BTreeSet::new();
    for object in tree.of_kind("Application") {
        let objects = objects_of(tree, object);
        if object.at("spec/source/chart").is_null() && objects.is_empty() {
            found.push(format!(
                "{}: its folder is empty, and an empty folder removes all",
                object.path
            ));
        }
        owned.extend(objects.into_iter().map(|it| &it.path));
        let place = if object.name() == "root" {
            "bootstrap/argocd/application-root.yaml".to_owned()
        } else {
            format!("apps/{}.yaml", object.name())
        };
        if object.path != place {
            found.push(format!("{}: belongs to {place}", object.path));
        }
    }
    // Jobs that people apply are in a folder that no Application reads.
    let is_by_hand = |object: &Read| {
        object.kind() == "Job" && object.path == format!("bootstrap/job-{}.yaml", object.name())
    };
    let others = tree.objects.iter().filter(|it| !owned.contains(&it.path) && !is_by_hand(it));
    found.extend(others.map(|it| format!("{}: no Application brings it", it.path)));
    found
}
