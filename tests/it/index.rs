//! The index of a root: with it, a render says and does what it would without, whatever anybody has
//! done to any file; and of which nothing has changed reads no generated file.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    thread,
    time::Duration,
};

use espalier::{
    cli::{
        disk::{Disk as _, RealDisk},
        index::{Index, Made},
        stamp::Seen,
    },
    diag::diagnostic::Diagnostics,
    load::schema,
};

use crate::cli::workspace_dir::{Done, WorkspaceDir};

/// Longer than files have to be left alone before an index vouches for them.
const A_WHILE: Duration = Duration::from_millis(60);

const INPUTS: [&str; 4] = [
    "spec/platform.yaml",
    "spec/notes.md",
    "spec/workspaces/team-a.yaml",
    "spec/secrets/openwebui-admin.yaml",
];
const OUTPUTS: [&str; 5] = [
    "apps/ollama.yaml",
    "bootstrap/bootstrap.sh",
    "out/README.md",
    "out/manifests/ollama/ai/service-ollama.yaml",
    "out/manifests/ollama/_cluster/namespace-ai.yaml",
];

/// A root in which every kind of file is once, its files older than a while.
fn small() -> WorkspaceDir {
    let dir = WorkspaceDir::empty();
    let all = INPUTS.into_iter().chain(OUTPUTS).chain(schema::PATHS);
    all.for_each(|it| dir.write(it, format!("{it}: some text\n")));
    fs::create_dir(dir.path(".espalier")).expect("writable");
    dir
}

fn outputs() -> impl Iterator<Item = &'static str> {
    OUTPUTS.into_iter().chain(schema::PATHS)
}

/// Writes the index as a render does that has found every file unchanged.
fn keep(root: &Path) {
    let index = Index::open(&RealDisk, root).expect("this system has stamps");
    let seen = Seen::default();
    for path in outputs() {
        seen.unchanged(path, RealDisk.stamp(&root.join(path)).expect("readable"));
    }
    let made = Made::of(&Diagnostics::new()).all(9, "inputs", "budget", Vec::new());
    index.settle(&seen);
    index.keep(&seen, made);
}

fn is_believed(root: &Path) -> bool {
    Index::open(&RealDisk, root).is_some_and(|it| it.unchanged().is_some())
}

/// What somebody may do to one file, the worst that a stamp could miss first.
type Change = (&'static str, fn(&Path));

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

/// Other text of the same length.
fn other(path: &Path) -> String {
    text_of(path).replace("some", "same")
}

fn set_back(path: &Path, like: &fs::Metadata) {
    let file = fs::File::options().write(true).open(path).expect("writable");
    file.set_modified(like.modified().expect("a time")).expect("settable");
}

const CHANGES: [Change; 12] = [
    ("the same size and time", |path| {
        let before = fs::metadata(path).expect("there");
        fs::write(path, other(path)).expect("writable");
        set_back(path, &before);
    }),
    ("another file of the same size and time in its place", |path| {
        let (before, new) = (fs::metadata(path).expect("there"), path.with_extension("new"));
        fs::write(&new, other(path)).expect("writable");
        set_back(&new, &before);
        fs::rename(&new, path).expect("movable");
    }),
    ("a file that was moved in from elsewhere, older than the index", |path| {
        let elsewhere = path.ancestors().find(|it| it.join("spec").is_dir()).expect("the root");
        fs::rename(elsewhere.join("elsewhere"), path).expect("movable");
    }),
    ("one byte", |path| fs::write(path, text_of(path) + "#").expect("writable")),
    ("no bytes", |path| fs::write(path, "").expect("writable")),
    ("written again, with the same bytes", |path| {
        fs::write(path, text_of(path)).expect("writable");
    }),
    ("a mode", |path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o711)).expect("settable");
    }),
    ("gone", |path| fs::remove_file(path).expect("removable")),
    ("another name", |path| fs::rename(path, path.with_extension("old")).expect("movable")),
    ("a link to its bytes", |path| {
        let at = path.with_extension("bytes");
        fs::rename(path, &at).expect("movable");
        symlink(&at, path).expect("links work");
    }),
    ("a folder", |path| {
        fs::remove_file(path).expect("removable");
        fs::create_dir(path).expect("writable");
    }),
    ("a neighbour", |path| fs::write(path.with_extension("more"), "").expect("writable")),
];

/// Whatever is done to whichever file, the index is no longer believed; where nothing is done, it
/// is. Without the second half the first would hold of an index that nobody reads.
#[test]
fn any_change_of_any_file_is_seen() {
    let files: Vec<&str> = INPUTS.into_iter().chain(outputs()).collect();
    let mut cases: Vec<(WorkspaceDir, &str, Change)> = Vec::new();
    for change in CHANGES {
        for file in &files {
            let dir = small();
            dir.write("elsewhere", format!("{file}: same text\n"));
            cases.push((dir, file, change));
        }
    }
    let untouched = small();
    thread::sleep(A_WHILE);
    for dir in cases.iter().map(|it| &it.0).chain([&untouched]) {
        keep(&dir.root());
    }
    assert!(is_believed(&untouched.root()));
    for (dir, file, (what, change)) in &cases {
        assert!(is_believed(&dir.root()), "{file}, {what}: before");
        change(&dir.path(file));
        // Schemas are generated, and no input: a neighbour of one is an input all the same.
        assert!(!is_believed(&dir.root()), "{file}, {what}");
    }
    assert!(is_believed(&untouched.root()), "and asking changes nothing");
}

/// An empty folder in any folder that is read or written is no less a change than a file.
#[test]
fn an_empty_folder_is_seen() {
    for top in ["spec", "spec/workspaces", "apps", "bootstrap", "out", "out/manifests/ollama"] {
        let dir = small();
        thread::sleep(A_WHILE);
        keep(&dir.root());
        assert!(is_believed(&dir.root()));
        fs::create_dir(dir.path(top).join("new")).expect("writable");
        assert!(!is_believed(&dir.root()), "{top}");
    }
}

/// A file that was changed so shortly before that the file system's clock may not have ticked since
/// is never vouched for, so what happens to it within that tick cannot be missed.
#[test]
fn what_has_just_changed_is_not_vouched_for() {
    for young in INPUTS.into_iter().chain(outputs()) {
        let dir = small();
        thread::sleep(A_WHILE);
        fs::write(dir.path(young), other(&dir.path(young))).expect("writable");
        keep(&dir.root());
        let is_kept = is_believed(&dir.root());
        assert!(!is_kept, "{young}");
    }
    let dir = small();
    keep(&dir.root());
    assert!(!is_believed(&dir.root()), "all of them");
}

/// A change that follows the index at once is seen, many times over.
#[test]
fn what_changes_right_after_is_seen() {
    let dir = small();
    for round in 0..40 {
        thread::sleep(A_WHILE);
        keep(&dir.root());
        assert!(is_believed(&dir.root()), "{round}");
        let path = dir.path(OUTPUTS[round % OUTPUTS.len()]);
        fs::write(&path, format!("{}{}", &text_of(&path)[1..], round % 10)).expect("writable");
        assert!(!is_believed(&dir.root()), "{round}");
    }
}

/// What is deleted, changed or added while a render runs is not in its index.
#[test]
fn what_changes_meanwhile_is_not_vouched_for() {
    let during: [fn(&WorkspaceDir); 4] = [
        |dir| dir.remove(INPUTS[2]),
        |dir| dir.write("spec/workspaces/team-b.yaml", "new\n"),
        |dir| dir.write(INPUTS[0], "other\n"),
        |dir| fs::create_dir(dir.path("spec/more")).expect("writable"),
    ];
    for (at, change) in during.into_iter().enumerate() {
        let dir = small();
        thread::sleep(A_WHILE);
        let root = dir.root();
        let index = Index::open(&RealDisk, &root).expect("this system has stamps");
        let seen = Seen::default();
        for path in outputs() {
            seen.unchanged(path, RealDisk.stamp(&root.join(path)).expect("readable"));
        }
        change(&dir);
        index.keep(&seen, Made::of(&Diagnostics::new()));
        assert!(!dir.path(".espalier/index").exists(), "{at}");
    }
}

/// The file of the index and what it says, of a tree that a render has found unchanged.
fn settled(dir: &WorkspaceDir) -> (u64, Done) {
    use std::os::unix::fs::MetadataExt as _;
    thread::sleep(A_WHILE);
    let done = dir.ok(&["render"]);
    let index = fs::metadata(dir.path(".espalier/index"));
    (index.map_or(0, |it| it.ino()), done)
}

/// Whether a render reads no more than stamps: else it writes the index anew.
fn is_quick(dir: &WorkspaceDir) -> bool {
    let (before, first) = settled(dir);
    let (after, then) = settled(dir);
    assert_eq!((first.out, first.err), (then.out, then.err), "it says the same");
    before == after && before != 0
}

#[test]
fn with_nothing_changed_stamps_are_enough() {
    let dir = WorkspaceDir::rendered();
    dir.tenant("team-a");
    dir.ok(&["render"]);
    settled(&dir);
    let then = dir.age();
    settled(&dir);
    assert!(is_quick(&dir));
    assert_eq!(dir.younger_than(then), Vec::<String>::new());
    let said = settled(&dir).1.err;
    assert!(said.contains("unchanged") && said.contains("credential-not-sealed"), "{said}");
    let denied = dir.run(&["render", "--deny", "warnings"]);
    assert!(denied.code == 1 && denied.err.contains("nothing was written"), "{denied:?}");
    for format in ["short", "json"] {
        let quick = dir.run(&["render", "--format", format]);
        fs::remove_file(dir.path(".espalier/index")).expect("there");
        let slow = dir.run(&["render", "--format", format]);
        assert_eq!((quick.out, quick.err), (slow.out, slow.err), "{format}");
    }
}

/// `check` reads every file, whatever the index says.
#[test]
fn check_never_asks_it() {
    let dir = WorkspaceDir::rendered();
    settled(&dir);
    assert!(is_quick(&dir));
    let (manifest, index) = (dir.manifest(), dir.path(".espalier/index"));
    let known = fs::read(&index).expect("readable");
    dir.append(&manifest, "# mine\n");
    assert_eq!(dir.run(&["check"]).code, 1);
    assert_eq!(fs::read(&index).expect("readable"), known, "and leaves it alone");
    dir.ok(&["render"]);
    fs::remove_dir_all(dir.path(".espalier")).expect("removable");
    dir.ok(&["check"]);
    assert!(!dir.path(".espalier").exists(), "it makes none");
}

/// What an index says is worth nothing in another folder, to another program, or damaged; it is
/// replaced without a word.
#[test]
fn a_foreign_or_damaged_index_is_ignored() {
    let dir = WorkspaceDir::rendered();
    settled(&dir);
    assert!(is_quick(&dir));
    let path = dir.path(".espalier/index");
    let good = fs::read(&path).expect("readable");
    let said = settled(&dir).1.err;
    let (head, body) = good.split_at(good.len() / 2);
    let damaged: Vec<Vec<u8>> = vec![
        Vec::new(),
        head.to_vec(),
        [head, b"\xff", body].concat(),
        good.iter().map(|it| if *it == b'7' { b'8' } else { *it }).collect(),
        String::from_utf8_lossy(&good).replace("Mi of ", "Gi of ").into_bytes(),
        b"{}".to_vec(),
        vec![b'['; 100_000],
        vec![0; 20 << 20],
    ];
    for (at, bytes) in damaged.iter().enumerate() {
        fs::write(&path, bytes).expect("writable");
        assert_eq!(settled(&dir).1.err, said, "{at}");
        assert!(is_quick(&dir), "{at}: and there is a good one again");
    }
    let other = WorkspaceDir::empty();
    for (name, bytes) in &dir.files() {
        other.write(name, bytes);
    }
    other.write(".espalier/index", fs::read(&path).expect("readable"));
    other.write("out/README.md", "");
    assert!(other.ok(&["render"]).err.contains("1 changed"));
    assert_eq!(other.tree(), dir.tree());
}

/// Where no index can be written or no time be told, a render works as it does without.
#[test]
fn without_an_index_all_works() {
    for taken in [".espalier/index", ".espalier/now", ".espalier/index.espalier-new"] {
        let dir = WorkspaceDir::rendered();
        let _ = fs::remove_file(dir.path(".espalier/index"));
        dir.write(&format!("{taken}/in-the-way"), "");
        for _ in 0..2 {
            let done = settled(&dir).1;
            assert!(done.err.contains("unchanged"), "{taken}: {done:?}");
        }
        dir.append(&dir.manifest(), "# mine\n");
        assert!(dir.ok(&["render"]).err.contains("1 changed"), "{taken}");
        assert!(dir.path(taken).is_dir(), "{taken}: somebody else's");
    }
}

/// The index is about the root's own spec: one from elsewhere neither asks it nor writes it.
#[test]
fn a_spec_from_elsewhere_has_no_index() {
    let dir = WorkspaceDir::rendered();
    settled(&dir);
    assert!(is_quick(&dir));
    let spec = dir.read("spec/platform.yaml").replace("replicas: 1", "replicas: 2");
    dir.write("other.yaml", &spec);
    let before = dir.tree();
    assert!(dir.ok(&["render", "--spec", "other.yaml"]).err.contains("changed"));
    assert_ne!(dir.tree(), before);
    dir.ok(&["render"]);
    assert_eq!(dir.tree(), before, "the root's own again");
}

/// In a repository, what Git has is asked each time: it changes without a file of the tree.
#[test]
fn what_git_has_is_asked_each_time() {
    let dir = WorkspaceDir::starter();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    dir.says_path(".");
    dir.tenant("team-a");
    dir.tenant("team-b");
    dir.ok(&["render"]);
    settled(&dir);
    assert!(is_quick(&dir));
    for pattern in ["*.json", "apps/ws-team-a.yaml", "apps/ws-team-b.yaml", "/out/"] {
        dir.write(".git/info/exclude", format!("{pattern}\n"));
        let quick = settled(&dir).1.err;
        assert!(quick.contains("file-ignored"), "{pattern}: {quick}");
        fs::remove_file(dir.path(".espalier/index")).expect("it is there still");
        assert_eq!(settled(&dir).1.err, quick, "{pattern}");
        assert!(is_quick(&dir), "{pattern}");
    }
}

/// With an index and without one, the same commands after the same changes end alike: in what they
/// print, in their exit code, and in every byte of the tree.
#[test]
fn a_render_with_an_index_is_one_without() {
    type Step<'a> = (&'a str, Box<dyn Fn(&WorkspaceDir) + 'a>);
    let (with, without) = (WorkspaceDir::rendered(), WorkspaceDir::rendered());
    let manifest = with.manifest();
    let steps: Vec<Step<'_>> = vec![
        ("nothing", Box::new(|_| ())),
        ("a tenant", Box::new(|dir| dir.tenant("team-a"))),
        ("another", Box::new(|dir| dir.tenant("team-b"))),
        ("a generated file", Box::new(|dir| dir.append(&manifest, "# mine\n"))),
        ("no schema", Box::new(|dir| dir.remove("spec/platform.schema.json"))),
        ("a note", Box::new(|dir| dir.write("spec/workspaces/notes.txt", "remember\n"))),
        ("no note", Box::new(|dir| dir.remove("spec/workspaces/notes.txt"))),
        ("a stranger", Box::new(|dir| dir.write("out/mine.txt", "mine\n"))),
        ("none", Box::new(|dir| dir.remove("out/mine.txt"))),
        ("an empty folder", Box::new(|dir| fs::create_dir(dir.path("out/new")).expect("new"))),
        ("an error", Box::new(|dir| dir.append("spec/workspaces/team-b.yaml", "wrong: 1\n"))),
        ("no tenant", Box::new(|dir| dir.remove("spec/workspaces/team-b.yaml"))),
        ("a comment", Box::new(|dir| dir.append("spec/platform.yaml", "# comment\n"))),
        ("a stage", Box::new(|dir| dir.write(".espalier/stage/out/x.yaml", "half\n"))),
        ("no tree", Box::new(|dir| fs::remove_dir_all(dir.path("out")).expect("there"))),
    ];
    let mut quick = 0;
    for (what, step) in steps {
        for pause in [false, true, true] {
            if pause {
                thread::sleep(A_WHILE);
            } else {
                step(&with);
                step(&without);
            }
            let index = || fs::read(with.path(".espalier/index")).ok();
            let (before, words) = (index(), ["render", "--allow-deletions"]);
            let one = with.run(&words);
            let _ = fs::remove_file(without.path(".espalier/index"));
            let other = without.run(&words);
            assert_eq!(
                (one.code, one.out, one.err),
                (other.code, other.out, other.err),
                "{what}, after a while: {pause}"
            );
            assert_eq!(with.files(), without.files(), "{what}");
            quick += usize::from(before.is_some() && before == index());
        }
    }
    assert!(quick >= 10, "the index was used: {quick}");
}
