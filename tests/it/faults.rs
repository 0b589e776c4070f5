//! A render that fails or is killed at any change leaves every file old or new and complete,
//! `check` names the rest, and the next render repairs the tree.

mod disk;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use espalier::cli::{
    disk::{Disk, RealDisk},
    drift::{Change, Comparison},
    moved::Consent,
    render::{self, Rendered},
    session::Session,
    sources::{Input, Work},
    tree::Tree,
};

use crate::{
    cli::workspace_dir::{self, WorkspaceDir},
    support::content,
};
use disk::{Fault, FaultyDisk};

/// A file that is not ours, beside our folders: inside of them it would stop a render before its
/// first change.
const FOREIGN: &str = "notes/mine.txt";

fn render(disk: &dyn Disk, root: &Path) -> anyhow::Result<Rendered> {
    // Sources are read from the real disk: the faults concern writing.
    let work = Work::read(&RealDisk, root, Input::Root)?;
    let threads = std::num::NonZero::new(1);
    render::tree(Session { disk, work: &work, threads }, Consent::default(), &|it| it, None)
}

/// Renders what `before` makes of a starter spec, then, with every fault at every change, what
/// `after` makes of it.
fn every_fault(before: impl Fn(&WorkspaceDir), after: impl Fn(&WorkspaceDir)) {
    let dir = WorkspaceDir::starter();
    before(&dir);
    let (root, old) = (dir.root(), dir.tree());
    after(&dir);
    let spec = dir.files();
    assert!(render(&RealDisk, &root).expect("it renders").is_written);
    let new = dir.tree();
    assert_ne!(old, new, "there is something to do");

    // What was left once is checked and healed once: many faults leave the same.
    let mut seen = BTreeSet::new();
    for fault in [Fault::Refused, Fault::KilledBefore, Fault::KilledWithin] {
        for at in 1.. {
            let dir = WorkspaceDir::empty();
            for (name, bytes) in spec.iter().filter(|it| it.0.starts_with("spec/")).chain(&old) {
                dir.write(name, bytes);
            }
            let disk = FaultyDisk::new(fault, at);
            let done = render(&disk, &dir.root());
            if !disk.has_failed() {
                assert!(at > 3, "there were changes");
                assert!(done.expect("no fault, no failure").is_written);
                break;
            }
            if !seen.insert(content(&dir.root())) {
                continue;
            }
            let what = format!("{fault:?} at change {at}");
            let left = dir.tree();
            whole(&left, &old, &new, &what);
            named(&dir.root(), &left, &new, &what);
            let healed =
                render(&RealDisk, &dir.root()).unwrap_or_else(|it| panic!("{what}: {it:#}"));
            assert!(healed.is_written, "{what}");
            assert!(dir.tree() == new, "{what}: {}", differences(&dir.tree(), &new));
            assert!(!dir.path(".espalier/stage").exists(), "{what}");
            assert_eq!(empty_folders(&dir.root()), BTreeSet::new(), "{what}");
        }
    }
    assert!(seen.len() > 4, "faults leave {} states", seen.len());
}

/// Every file is the old or the new one; files that both trees have are there.
fn whole(
    left: &BTreeMap<String, Vec<u8>>,
    old: &BTreeMap<String, Vec<u8>>,
    new: &BTreeMap<String, Vec<u8>>,
    what: &str,
) {
    for (name, bytes) in left {
        assert!(
            old.get(name) == Some(bytes) || new.get(name) == Some(bytes),
            "{what}: {name} is neither old nor new"
        );
    }
    for name in old.keys().filter(|it| new.contains_key(*it)) {
        assert!(left.contains_key(name), "{what}: {name} is gone");
    }
}

/// `check` names exactly what differs.
fn named(
    root: &Path,
    left: &BTreeMap<String, Vec<u8>>,
    new: &BTreeMap<String, Vec<u8>>,
    what: &str,
) {
    let work = Work::read(&RealDisk, root, Input::Root).expect("it reads");
    let tree = Tree::open(&RealDisk, root).expect("it lists");
    let compared = Comparison::make(Session { disk: &RealDisk, work: &work, threads: None }, &tree)
        .expect("it compares");
    let told: BTreeSet<(Change, &str)> = compared
        .all()
        .filter(|it| it.change != Change::Empty)
        .map(|it| (it.change, &*it.path))
        .collect();
    let mut meant = BTreeSet::new();
    for (name, bytes) in new {
        match left.get(name) {
            None => drop(meant.insert((Change::Missing, &**name))),
            Some(was) if was != bytes => drop(meant.insert((Change::Changed, &**name))),
            Some(_) => {}
        }
    }
    meant.extend(left.keys().filter(|it| !new.contains_key(*it)).map(|it| (Change::Stray, &**it)));
    assert_eq!(told, meant, "{what}");
}

fn differences(left: &BTreeMap<String, Vec<u8>>, new: &BTreeMap<String, Vec<u8>>) -> String {
    let names: BTreeSet<&String> = left.keys().chain(new.keys()).collect();
    format!(
        "{:?}",
        names.into_iter().filter(|it| left.get(*it) != new.get(*it)).collect::<Vec<_>>()
    )
}

fn empty_folders(root: &Path) -> BTreeSet<String> {
    let tops =
        ["apps", "bootstrap", "out"].into_iter().map(|it| root.join(it)).filter(|it| it.exists());
    let folders = tops
        .flat_map(|it| walkdir::WalkDir::new(it).into_iter().flatten())
        .filter(|it| it.file_type().is_dir());
    folders
        .filter(|entry| {
            fs::read_dir(entry.path()).is_ok_and(|mut entries| entries.next().is_none())
        })
        .map(|it| it.path().display().to_string())
        .collect()
}

fn rendered_with_tenants(dir: &WorkspaceDir) {
    dir.tenant("team-a");
    dir.tenant("team-b");
    assert!(render(&RealDisk, &dir.root()).expect("it renders").is_written);
    dir.write(FOREIGN, "remember\n");
}

#[test]
fn a_first_render() {
    every_fault(|_| (), |dir| dir.tenant("team-a"));
}

#[test]
fn a_changed_spec() {
    every_fault(rendered_with_tenants, workspace_dir::change_a_component);
}

#[test]
fn a_new_tenant_beside_a_removed_one() {
    every_fault(rendered_with_tenants, |dir| {
        dir.remove("spec/workspaces/team-a.yaml");
        dir.tenant("team-c");
    });
}

#[test]
fn a_removed_component() {
    every_fault(rendered_with_tenants, workspace_dir::remove_a_component);
}

#[test]
fn a_stale_stage_is_no_harm() {
    let dir = WorkspaceDir::starter();
    dir.write(".espalier/stage/apps/half.yaml", "half a fi");
    dir.write(".espalier/stage/out/manifests/x/y/z.yaml", "");
    assert!(render(&RealDisk, &dir.root()).expect("it renders").is_written);
    assert!(!dir.path("apps/half.yaml").exists() && !dir.path("out/manifests/x").exists());
    assert!(!dir.path(".espalier/stage").exists());
}
