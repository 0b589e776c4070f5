//! `workspace delete`: removes the file, once the cluster has been told what becomes of the data.
//!
//! Argo CD protects a namespace and its volumes, and a protected object that leaves Git stays. To
//! delete the data takes two commits: the first takes the protection away, the second removes the
//! workspace.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use anyhow::{bail, ensure};
use serde_json::Value;

use super::{
    args::{Data, Delete},
    change::{Applied, Change},
    edit::{self, Edit},
    site::Site,
};
use crate::{
    cli::{
        console::Console, disk::Disk, drift, git::Git, git_disk::GitDisk, outcome::Outcome,
        seal::terminal, tree::Tree,
    },
    compile,
    components::{
        namespaces::{AI, WORKSPACE_OPERATOR},
        postgresql::databases::name_of,
    },
    plan::applications,
    yaml::source::Source,
};

/// The longest answer.
const LONGEST: usize = 128;

/// Runs the verb.
///
/// # Errors
/// When there is no such workspace, nobody confirms, or a file cannot be read or written.
pub fn run(site: &Site<'_>, args: &Delete, console: &mut Console) -> anyhow::Result<Outcome> {
    let Delete { name, data, yes } = args;
    let source = site.find(name)?;
    let said = match source.value.pointer("/spec/onDelete").and_then(Value::as_str) {
        Some("Delete") => Data::Delete,
        _ => Data::Retain,
    };
    let wanted = data.unwrap_or(said);
    let released = released(site, name, &source)?;
    // A workspace that no commit has is nowhere in the cluster.
    let is_settled = released.is_none_or(|it| it == (wanted == Data::Delete));
    if wanted != said && !is_settled {
        return first(site, name, wanted, console);
    }
    if !is_settled {
        bail!(
            "{} says `onDelete: {}`, and the last commit does not: run `espalier render`, commit \
             and push first, and wait until Argo CD has synced `{}`",
            source.file,
            word(wanted),
            application(site, name)?
        );
    }
    let has_shared = source.value.pointer("/spec/database").is_some_and(|it| it == "shared");
    if !yes {
        confirm(name, wanted, has_shared)?;
    }
    let change = Change {
        file: source.file.clone(),
        old: Some(source),
        text: None,
        is_strict: false,
        subject: format!("Delete workspace {name}"),
    };
    let (applied, outcome) = change.apply(site, console)?;
    if let Some(applied) = applied {
        let render = match (wanted, released) {
            (Data::Delete, Some(_)) => "espalier render --allow-deletions",
            _ => "espalier render",
        };
        console.say_whole(&change.next(site, &applied, render));
        if released.is_some() {
            console.say_whole(&afterwards(name, wanted));
            if has_shared {
                console.say_whole(&database_afterwards(name));
            }
        }
    }
    Ok(outcome)
}

/// As the resource writes it.
const fn word(data: Data) -> &'static str {
    match data {
        Data::Retain => "Retain",
        Data::Delete => "Delete",
    }
}

/// The first of the two steps: the next commit says what becomes of the data.
fn first(
    site: &Site<'_>,
    name: &str,
    wanted: Data,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let source = site.find(name)?;
    let edit = Edit::set(&["onDelete"], word(wanted));
    let change = Change {
        file: source.file.clone(),
        text: Some(edit::changed(&source, &[edit])?),
        old: Some(source),
        is_strict: false,
        subject: match wanted {
            Data::Delete => format!("Release the data of workspace {name}"),
            Data::Retain => format!("Protect the data of workspace {name}"),
        },
    };
    let (applied, outcome) = change.apply(site, console)?;
    if let Some(Applied { .. }) = &applied {
        let lines =
            applied.map_or_else(String::new, |it| change.next(site, &it, "espalier render"));
        console.say_whole(&format!(
            "\nthis is the first of two steps: nothing is deleted yet\n{lines}\nonce Argo CD has \
             synced the Application, `onDelete` holds in the cluster:\n  kubectl --namespace argocd \
             get application {0}\n  espalier workspace delete {name}\n",
            self::application(site, name)?
        ));
    }
    Ok(outcome)
}

/// The Application that has the workspace, or its resource.
fn application(site: &Site<'_>, name: &str) -> anyhow::Result<Arc<str>> {
    let plan = compile::platform(&site.work()?.sources).plan;
    Ok(plan.map_or_else(|| applications::tenant_name(name), |it| it.application_with(name)))
}

/// Whether the committed tree lets Argo CD, or the operator, delete the workspace's namespace; none
/// where it has no such workspace. Without Git, the tree on the disk is what there is.
fn released(site: &Site<'_>, name: &str, source: &Source) -> anyhow::Result<Option<bool>> {
    let folder = applications::folder(&applications::tenant_name(name));
    let path = format!("{folder}/_cluster/namespace-{name}.yaml");
    let resource = source.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or(name);
    let folder = applications::folder(applications::WORKSPACES);
    let resource = format!("{folder}/{WORKSPACE_OPERATOR}/aichatworkspace-{resource}.yaml");
    let committed =
        if Git::is_around(site.root) { GitDisk::open(site.root, "HEAD").ok() } else { None };
    let disk: &dyn Disk = committed.as_ref().map_or(site.disk, |it| it);
    let text = |path: &str| match disk.look(&site.root.join(path))? {
        Some(_) => drift::text(&Tree::open(disk, site.root)?, path).map(Some),
        None => Ok(None),
    };
    if let Some(text) = text(&resource)? {
        let value = Source::parse(&*resource, text).value;
        return Ok(Some(value.pointer("/spec/onDelete").is_some_and(|it| it == "Delete")));
    }
    Ok(text(&path)?.map(|it| !it.contains("Prune=false")))
}

/// Asks for the name of the workspace.
fn confirm(name: &str, data: Data, has_shared: bool) -> anyhow::Result<()> {
    ensure!(
        io::stdin().is_terminal() && io::stderr().is_terminal(),
        "nobody can confirm this here: `--yes` deletes `{name}` without asking"
    );
    let what = match data {
        Data::Retain => "its namespace and its volumes stay in the cluster",
        Data::Delete if has_shared => {
            "its namespace and its volumes are deleted for good, and its database stays"
        }
        Data::Delete => "its namespace, its volumes and all chats are deleted for good",
    };
    let question = format!("{name}: {what}; type the name to delete the workspace: ");
    let answer = terminal::shown(&question, LONGEST)?;
    ensure!(&**answer == name.as_bytes(), "that is another name; nothing was deleted");
    Ok(())
}

/// What there is to do on the cluster once Argo CD has synced.
fn afterwards(name: &str, data: Data) -> String {
    match data {
        Data::Retain => format!(
            "\nthe data stays; on the cluster:\n  kubectl --namespace {name} get pvc    # what is \
             kept\n  kubectl delete namespace {name}    # deletes it, once nobody needs it\n"
        ),
        Data::Delete => format!(
            "\nthe data goes; on the cluster, this ends when it is gone:\n  kubectl wait \
             --for=delete namespace/{name} --timeout=10m\n"
        ),
    }
}

/// What becomes of a database in the platform's PostgreSQL: no Application can delete it.
fn database_afterwards(name: &str) -> String {
    let database = name_of(name);
    format!(
        "\nits database stays in PostgreSQL, and nobody signs in to it any more; once nobody needs \
         it:\n  kubectl --namespace {AI} exec postgresql-0 -- psql -U postgres -c 'DROP DATABASE \
         \"{database}\"' -c 'DROP ROLE \"{database}\"'\n"
    )
}
