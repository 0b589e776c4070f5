//! What the driver is compared with: a program that does the least that makes this tree, and one
//! that only writes its bytes.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use espalier::{
    builder::{meta::Naming, object},
    compile,
    components::{
        floor_plan::Assembly,
        workspace::{may_make::MAY_MAKE, resource::Workspace},
    },
    emit::{files::Files, layout},
    load::{Sources, read},
    names::DnsLabel,
    plan::{
        applications, policies,
        projects::{self, Permits},
        quota::Need,
    },
    platform::files::PLATFORM,
    platform::repository::Repository,
    yaml::{emit, source::Source},
};

use crate::support::measure::{Took, stat};

/// The wave of each tenant of the generated spec follows from the plan, which `lean` does not make.
const WAVE: u32 = 50;

/// Reads every tenant, builds it and writes its objects, one after the other: the same files by the
/// same components and the same emitter, but no plan, no budget, no rules, no comparison, no second
/// thread and no way to undo a write.
pub fn lean(root: &Path, out: &Path) {
    let texts: BTreeMap<Arc<str>, Source> = [(PLATFORM.into(), source(root, PLATFORM))].into();
    let platform = read::platform(&texts).0.expect("the generated spec is right");
    let (repository, name) = (platform.spec.repository.clone(), platform.name.clone());
    let assembly = Arc::new(platform).build();
    let mut files = Files::default();
    for file in tenants(root) {
        let workspace =
            source(root, &file).read::<Workspace>().0.expect("the generated tenant is right");
        files.clear();
        build(&workspace, &assembly, &repository, &name, &mut files);
        for (path, bytes) in files.iter() {
            write(&out.join(path), bytes);
        }
    }
}

fn build(
    workspace: &Workspace,
    assembly: &Assembly,
    repository: &Repository,
    platform: &DnsLabel,
    files: &mut Files,
) {
    let built = workspace.build(assembly).expect("the platform has an issuer");
    let application: Arc<str> = format!("ws-{}", built.name).into();
    let folder = applications::folder(&application);
    built.objects.iter().for_each(|it| layout::object(files, &folder, it));
    let bounds = Need::of(&built).objects(&built.name, &workspace.spec.quota);
    for bound in &bounds {
        layout::object(files, &folder, bound);
    }
    let naming = Naming::Tenant(built.name.clone());
    for policy in policies::of_namespace(&built.namespace, &built.name, &naming, built.flows.iter())
    {
        let mut path = format!("{folder}/");
        let name = policy.metadata.name.as_deref().unwrap_or_default();
        object::path(&mut path, "networking.k8s.io", "NetworkPolicy", Some(&built.namespace), name);
        files.add_yaml(&path, |out| emit::document(out, &policy));
    }
    let permits = Permits::of_tenant(&MAY_MAKE, &built.name, &repository.url);
    let project = projects::of_tenant(repository, &permits, &built.name, (platform, WAVE));
    files.add_yaml(&applications::project_file(&built.name), |out| {
        emit::type_meta(out, "argoproj.io/v1alpha1", "AppProject");
        emit::document(out, &project);
    });
    let follows = applications::Follows { repository, revision: &repository.revision(), platform };
    let its = applications::of_tenant(&built.name, WAVE, &follows);
    files.add_yaml(&applications::file(&application), |out| {
        emit::type_meta(out, "argoproj.io/v1alpha1", "Application");
        emit::document(out, &its);
    });
}

/// Makes every byte of the tree first, then writes it several times, reads it and compares, and
/// reports the number of files and what both took: user, system and wall seconds.
pub fn raw(root: &Path, out: &Path, times: u32) {
    let sources = Sources { texts: [(PLATFORM.into(), source(root, PLATFORM))].into() };
    let plan = compile::platform(&sources).plan.expect("the generated spec is right");
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut keep = |files: &Files| {
        all.extend(files.iter().map(|(path, bytes)| (path.to_owned(), bytes.to_owned())));
    };
    let mut summaries = Vec::new();
    for file in tenants(root) {
        let mut files = Files::default();
        summaries.push(compile::tenant(&plan, &source(root, &file), &mut files));
        keep(&files);
    }
    let mut files = Files::default();
    let _ = compile::whole(&plan, &summaries, &mut files);
    keep(&files);
    for (path, _) in &mut all {
        *path = out.join(&*path).to_string_lossy().into_owned();
    }
    let (mut wrote, mut read) = (Took::default(), Took::default());
    for _ in 0..times {
        let _ = fs::remove_dir_all(out);
        wrote =
            wrote.plus(own(|| all.iter().for_each(|(path, bytes)| write(Path::new(path), bytes))));
        let mut buffer = Vec::new();
        read = read.plus(own(|| {
            for (path, bytes) in &all {
                buffer.clear();
                let mut file = fs::File::open(path).expect("written");
                file.read_to_end(&mut buffer).expect("readable");
                assert!(buffer == *bytes, "{path}");
            }
        }));
    }
    let [Took { user, sys, wall }, Took { user: u, sys: s, wall: w }] = [wrote, read];
    eprintln!("{} {user} {sys} {wall} {u} {s} {w}", all.len());
}

/// What this process takes for something.
fn own(what: impl FnOnce()) -> Took {
    let (before, start) = (stat(OWN), Instant::now());
    what();
    let (after, wall) = (stat(OWN), start.elapsed().as_secs_f64());
    Took { user: after.0 - before.0, sys: after.1 - before.1, wall }
}

/// Where `/proc/self/stat` has the CPU of the process itself.
const OWN: usize = 11;

fn source(root: &Path, name: &str) -> Source {
    Source::from_bytes(name, fs::read(root.join(name)).expect("readable"))
}

fn tenants(root: &Path) -> Vec<String> {
    let folder = "spec/workspaces";
    let names = fs::read_dir(root.join(folder))
        .expect("tenants")
        .map(|it| it.expect("readable").file_name());
    let mut all: Vec<String> =
        names.map(|it| format!("{folder}/{}", it.to_string_lossy())).collect();
    all.sort_unstable();
    all
}

/// A folder is made when a write finds it missing.
fn write(path: &Path, bytes: &[u8]) {
    match fs::write(path, bytes) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
            fs::write(path, bytes).expect("writable");
        }
        done => done.expect("writable"),
    }
}

/// The number of files of one tree, each of which must be in the other with the same bytes.
///
/// # Panics
/// When one differs: then the two programs do not do the same work.
pub fn same_files(of: &Path, other: &Path) -> usize {
    let mut folders: Vec<PathBuf> = vec![of.to_owned()];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let place = path.strip_prefix(of).expect("below");
            assert!(
                fs::read(&path).ok() == fs::read(other.join(place)).ok(),
                "{} differs",
                place.display()
            );
            count += 1;
        }
    }
    count
}
