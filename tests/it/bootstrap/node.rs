//! A simulated node: a folder with a clone, a root file system, and programs that log their calls
//! and simulate k3s and its cluster.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::{
    cli::pty::{Talk, talk},
    support::files_below,
};

/// What is simulated.
const FAKES: [&str; 21] = [
    "curl",
    "df",
    "nproc",
    "ufw",
    "getent",
    "git",
    "helm",
    "hostname",
    "id",
    "kubectl",
    "modprobe",
    "nft",
    "openssl",
    "ss",
    "sysctl",
    "systemctl",
    "systemd-run",
    "timedatectl",
    "uname",
    "unshare",
    "sleep",
];
/// The programs of a plain Ubuntu that the script and the fakes may use.
const REAL: [&str; 29] = [
    "awk",
    "base64",
    "bash",
    "cat",
    "cmp",
    "cp",
    "cut",
    "dirname",
    "env",
    "grep",
    "gzip",
    "head",
    "install",
    "ln",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "seq",
    "sh",
    "sha256sum",
    "sort",
    "stat",
    "tail",
    "timeout",
    "tar",
    "touch",
    "tr",
    "kill",
];
const FAKE: &str = include_str!("fake.sh");
const SOCKET: &str = include_str!("socket.sh");

/// The key that belongs to the certificate, according to the fake openssl.
pub const KEY: &str = "KEY one\nhush-private-key\n";
/// The certificate.
pub const CERTIFICATE: &str = "CERTIFICATE one\n";

/// The node.
pub struct Node {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Done {
    /// The exit code; none if it was killed.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// All of a node that a run may change, to make nodes that are like it.
pub struct Saved {
    archive: Vec<u8>,
    /// Files name it, because the script is told where the node's file system is.
    folder: String,
}

impl Node {
    /// An empty node with a clone of this tree.
    pub fn new(tree: &BTreeMap<String, Vec<u8>>) -> Self {
        let dir = Self::bare();
        for (path, bytes) in tree {
            dir.write(&format!("clone/{path}"), bytes);
        }
        dir.write("node/etc/os-release", "ID=ubuntu\nVERSION_ID=\"24.04\"\n");
        dir.write("node/proc/meminfo", "MemTotal:        7864320 kB\nMemFree: 1 kB\n");
        // The stub of systemd-resolved, and what is behind it.
        dir.write("node/etc/resolv.conf", "nameserver 127.0.0.53\nsearch example.org\n");
        dir.write(
            "node/run/systemd/resolve/resolv.conf",
            "nameserver 192.0.2.53\nsearch example.org\n",
        );
        dir.write("node/proc/swaps", "Filename Type Size Used Priority\n");
        dir.write("node/proc/sys/fs/inotify/max_user_instances", "128\n");
        dir.write("node/proc/sys/fs/inotify/max_user_watches", "60000\n");
        dir.write("node/proc/sys/kernel/panic", "0\n");
        for folder in ["node/etc/sysctl.d", "fake/cluster", "home"] {
            fs::create_dir_all(dir.path(folder)).expect("writable");
        }
        dir.write("home/.config/espalier/starter/sealing-key.pem", KEY);
        dir
    }

    /// Programs and what they download, and nothing to do with them.
    fn bare() -> Self {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir =
            Self { folder: folder.expect("a temporary folder"), environment: BTreeMap::new() };
        dir.programs();
        dir.web();
        dir
    }

    /// Keeps all of it but the programs and what the publishers offer.
    pub fn saved(&self) -> Saved {
        let made = self.tar(&["--exclude=fake/web", "-cf", "-", "clone", "home", "node", "fake"]);
        Saved { archive: made, folder: self.folder.path().to_string_lossy().into_owned() }
    }

    /// Another node that is like the one that was saved.
    pub fn like(saved: &Saved) -> Self {
        let dir = Self::bare();
        dir.write("saved.tar", &saved.archive);
        dir.tar(&["-xpf", "saved.tar"]);
        let own = dir.folder.path().to_string_lossy().into_owned();
        for (path, bytes) in files_below(dir.folder.path(), &["home", "node", "fake"]) {
            let text = String::from_utf8_lossy(&bytes);
            if text.contains(&saved.folder) {
                fs::write(dir.path(&path), text.replace(&saved.folder, &own)).expect("writable");
            }
        }
        dir
    }

    /// Puts this node back to what it was when an earlier run of its own kept it.
    pub fn back_to(&self, archive: &str) {
        for folder in ["home", "node", "fake/cluster"] {
            fs::remove_dir_all(self.path(folder)).expect("removable");
        }
        for entry in fs::read_dir(self.path("fake")).expect("readable").flatten() {
            if entry.file_name() != "web" {
                fs::remove_file(entry.path()).expect("removable");
            }
        }
        self.tar(&["-xpf", archive]);
    }

    fn tar(&self, words: &[&str]) -> Vec<u8> {
        let done = Command::new("tar").args(words).current_dir(self.folder.path()).output();
        let done = done.expect("tar");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }

    fn programs(&self) {
        self.program("bin/fake", FAKE);
        // The user who runs the tests owns the clone, and is not root according to the fake `id`.
        self.program("bin/runuser", "#!/bin/sh\nUSED=$2\nexport USED\nshift 3\nexec \"$@\"\n");
        self.write("clone/.git/HEAD", "ref: refs/heads/main\n");
        self.program("bin/socket", SOCKET);
        for name in FAKES {
            // helm is downloaded.
            if name != "helm" {
                symlink(self.path("bin/fake"), self.path(&format!("bin/{name}")))
                    .expect("linkable");
            }
        }
        let path = std::env::var_os("PATH").expect("a PATH");
        for name in REAL {
            let found =
                std::env::split_paths(&path).map(|it| it.join(name)).find(|it| it.is_file());
            // In most places `kill` is a builtin of the shell.
            if let Some(found) = found {
                symlink(found, self.path(&format!("bin/{name}"))).expect("linkable");
            }
        }
    }

    /// What the publishers offer. The archive is made once, for all nodes.
    fn web(&self) {
        static WEB: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
        let web = WEB.get_or_init(|| {
            self.make_web();
            files_below(&self.path("fake"), &["web"])
        });
        for (path, bytes) in web {
            self.write(&format!("fake/{path}"), bytes);
        }
        self.program("bin/helm-fake", &FAKE.replace("name=${0##*/}", "name=helm"));
    }

    fn make_web(&self) {
        self.program("fake/web/k3s", "#!/bin/sh\necho 'k3s version v1.35.8+k3s1 (0123)'\n");
        // The archive has to be the same on every node, so its content finds the fake by a
        // variable.
        self.program(
            "helm/linux-amd64/helm",
            "#!/bin/sh\nexec \"$FAKE/../bin/helm-fake\" \"$@\"\n",
        );
        let tar = "helm-v4.2.1-linux-amd64.tar.gz";
        let made = Command::new("tar")
            .args(["--mtime=@0", "-czf"])
            .arg(self.path("fake/web").join(tar))
            .arg("-C")
            .arg(self.path("helm"))
            .arg("linux-amd64")
            .status();
        assert!(made.expect("tar").success());
        for (sums, file) in [
            ("sha256sum-amd64.txt", "k3s".to_owned()),
            (&*format!("{tar}.sha256sum"), tar.to_owned()),
        ] {
            let sum = Command::new("sha256sum")
                .arg(&file)
                .current_dir(self.path("fake/web"))
                .output()
                .expect("sha256sum");
            self.write(&format!("fake/web/{sums}"), sum.stdout);
        }
    }

    /// Sets a variable of the script's environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A path below the node's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and makes the folders above it.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    /// Writes a program.
    pub fn program(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("settable");
    }

    /// The content of a file; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs the script.
    pub fn run(&self, words: &[&str]) -> Done {
        self.bash("exec bash \"$0\" \"$@\"", words)
    }

    /// Runs the script, which has to succeed.
    #[track_caller]
    pub fn ok(&self, words: &[&str]) -> Done {
        let done = self.run(words);
        assert_eq!(
            done.code,
            Some(0),
            "{words:?}\n{}\n{}\n{}",
            done.out,
            done.err,
            self.read("fake/log")
        );
        done
    }

    /// Runs a line of bash where the script would run; `$0` is the script.
    pub fn bash(&self, line: &str, words: &[&str]) -> Done {
        let output = self.command(line, words).output().expect("bash runs");
        Done {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the script on a terminal; each question is answered with the same words.
    pub fn talk(&self, words: &[&str], answer: &str) -> Talk {
        let command = self.command("exec bash \"$0\" \"$@\"", words);
        talk(command, 200, &mut |_| answer.to_owned())
    }

    /// A line of bash that is ready to run, after the traces of an earlier one are gone.
    fn command(&self, line: &str, words: &[&str]) -> Command {
        for name in ["log", "count", "changes"] {
            let _ = fs::remove_file(self.path("fake").join(name));
        }
        for entry in fs::read_dir(self.path("fake")).expect("readable").flatten() {
            if entry.file_name().to_string_lossy().starts_with("turn.") {
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut command = Command::new(self.path("bin/bash"));
        let line = format!("printf %s \"$$\" >\"$FAKE/pid\"; {line}");
        command
            .args(["-c", &line])
            .arg(self.path("clone/bootstrap/bootstrap.sh"))
            .args(words)
            .stdin(Stdio::null());
        command.env_clear().current_dir(self.folder.path());
        command
            .env("PATH", self.path("bin"))
            .env("HOME", self.path("home"))
            .env("FAKE", self.path("fake"))
            .env("LANG", "C.UTF-8");
        command.env("TREE", self.path("clone")).env("ESPALIER_ROOT", self.path("node"));
        command.env("ORIGIN", "git@github.com:example/platform.git").envs(&self.environment);
        command
    }

    /// The state of node and cluster: every file that is more than a trace of the calls.
    pub fn state(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = self.folder.path().to_string_lossy().into_owned();
        let mut all = files_below(self.folder.path(), &["node", "fake/cluster"]);
        for bytes in all.values_mut() {
            // Two nodes differ in their path.
            *bytes = String::from_utf8_lossy(bytes).replace(&folder, "").into_bytes();
        }
        all
    }

    /// The Secrets of sealing keys in the cluster.
    pub fn keys(&self) -> Vec<String> {
        self.state()
            .into_keys()
            .filter(|it| it.starts_with("fake/cluster/applied.espalier-sealing-key-"))
            .collect()
    }

    /// The calls that changed something.
    pub fn changes(&self) -> Vec<String> {
        self.read("fake/changes")
            .lines()
            .map(|it| it.replace(&*self.folder.path().to_string_lossy(), ""))
            .collect()
    }
}
