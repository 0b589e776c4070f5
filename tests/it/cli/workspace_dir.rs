//! A temporary folder to run the built program in.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

/// A folder that is removed after the test.
pub struct WorkspaceDir {
    folder: TempDir,
}

/// The result of a run.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl WorkspaceDir {
    /// An empty folder.
    pub fn empty() -> Self {
        // In memory if there is such a folder: the tests of faults write some ten thousand files.
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.or_else(|_| tempfile::tempdir()).expect("a temporary folder") }
    }

    /// The starter spec on a machine with room for tenants, not rendered yet.
    pub fn starter() -> Self {
        let dir = Self::empty();
        dir.ok(&["init", "--name", "starter"]);
        edit(&dir, "    memory: 8Gi", "    maxPods: 1000\n    memory: 64Ti");
        edit(&dir, "cpu: 4 ", "cpu: 4000 ");
        dir
    }

    /// The starter spec and its tree.
    pub fn rendered() -> Self {
        let dir = Self::starter();
        dir.ok(&["render"]);
        dir
    }

    /// The path of the folder, without links in it.
    pub fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it is there")
    }

    /// The program, in this folder, without the variables of the caller that could matter.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_espalier"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in
            ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"]
        {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Done {
        self.command(words).output().expect("it runs").into()
    }

    pub fn run_with_stdin(&self, words: &[&str], stdin: &[u8]) -> Done {
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        // A program that refuses early does not read all of its input.
        let _ = child.stdin.take().expect("piped").write_all(stdin);
        child.wait_with_output().expect("it ends").into()
    }

    /// Runs the program, which has to succeed.
    #[track_caller]
    pub fn ok(&self, words: &[&str]) -> Done {
        let done = self.run(words);
        assert_eq!(done.code, 0, "espalier {words:?}: {done:?}");
        done
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|it| panic!("{name}: {it}"))
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    pub fn append(&self, name: &str, text: &str) {
        let old = self.read(name);
        self.write(name, old + text);
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap_or_else(|it| panic!("{name}: {it}"));
    }

    /// Every file of the tree (and of the spec), by path.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(self.folder.path())
    }

    /// The generated files, by path.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        tree(self.folder.path())
    }

    /// Sets the time of every generated file back, so that a write is noticed; returns that time.
    pub fn age(&self) -> SystemTime {
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for name in self.tree().keys() {
            fs::File::options()
                .write(true)
                .open(self.path(name))
                .expect("writable")
                .set_modified(then)
                .expect("settable");
        }
        then
    }

    /// The generated files that were written since [`Self::age`].
    pub fn younger_than(&self, then: SystemTime) -> Vec<String> {
        let modified = |name: &String| {
            fs::metadata(self.path(name)).and_then(|it| it.modified()).expect("it is there")
        };
        self.tree().into_keys().filter(|it| modified(it) != then).collect()
    }

    /// Any generated manifest: the first of `out/manifests/`.
    pub fn manifest(&self) -> String {
        self.tree()
            .into_keys()
            .find(|it| it.starts_with("out/manifests/"))
            .expect("there are manifests")
    }

    /// Writes a tenant's file.
    pub fn tenant(&self, name: &str) {
        self.write(&format!("spec/workspaces/{name}.yaml"), workspace(name));
    }

    /// Sets `repository.path` in the spec of a folder to that folder, unless it is set.
    pub fn says_path(&self, folder: &str) {
        let name = format!("{folder}/spec/platform.yaml");
        let spec = self.read(&name);
        if !spec.contains("    path: ") {
            assert!(
                spec.contains("  repository:\n"),
                "the starter has a block of its own for the repository"
            );
            self.write(
                &name,
                spec.replace("  repository:\n", &format!("  repository:\n    path: {folder}\n")),
            );
        }
    }

    pub fn git(&self, words: &[&str]) -> String {
        let identity = [
            "-c",
            "user.name=test",
            "-c",
            "user.email=test@example.com",
            "-c",
            "commit.gpgsign=false",
        ];
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(self.folder.path())
            .args(identity)
            .args(words)
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE");
        let output = git.output().expect("git runs");
        assert!(
            output.status.success(),
            "git {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Files of the program's own, in which a tree may differ from another.
const OWN: [&str; 2] = [".espalier/lock", ".espalier/index"];

/// Every file below a folder, by path relative to it, except those of Git, the lock and the index.
pub fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|it| it.expect("readable"))
        .filter(|it| it.file_type().is_file());
    let named = all.map(|entry| {
        let name = entry
            .path()
            .strip_prefix(root)
            .expect("below the root")
            .to_string_lossy()
            .replace('\\', "/");
        (name, fs::read(entry.path()).expect("readable"))
    });
    named.filter(|it| !it.0.starts_with(".git/") && !OWN.contains(&&*it.0)).collect()
}

/// The generated files below a root, by path.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let ours = |text: &str| {
        ["apps/", "bootstrap/", "out/"].iter().any(|top| text.starts_with(top))
            || (text.starts_with("spec/") && text.ends_with(".schema.json"))
    };
    files(root).into_iter().filter(|it| ours(&it.0)).collect()
}

/// The smallest tenant.
pub fn workspace(name: &str) -> String {
    format!(
        "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata:\n  name: {name}\nspec:\n  workspaceName: {name}\n  models: [\"llama3.2:1b\"]\n  {}\n",
        crate::support::administrator()
    )
}

/// An edit of the starter spec that changes some files.
pub fn change_a_component(dir: &WorkspaceDir) {
    edit(dir, "context: 4096", "context: 2048");
}

/// An edit of the starter spec that removes some files.
pub fn remove_a_component(dir: &WorkspaceDir) {
    edit(dir, "    postgresql:\n      storage: 5Gi\n", "    postgresql:\n      enabled: false\n");
}

fn edit(dir: &WorkspaceDir, from: &str, to: &str) {
    let spec = dir.read("spec/platform.yaml");
    assert!(spec.contains(from), "the starter spec has `{from}`");
    dir.write("spec/platform.yaml", spec.replacen(from, to, 1));
}
