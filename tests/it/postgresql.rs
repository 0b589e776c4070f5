//! The script before PostgreSQL's server, with fakes for every program that it calls: killed before
//! and after each step, it recovers. `tests/real` does the same with a real server, at any moment.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    invariants::Tree,
    support::{at, content, golden_cases, items, texts_of, tree},
};

/// Every program that the script calls: it counts the calls, and at one of them ends the whole
/// group of processes, as the kernel ends a container.
const FAKE: &str = include_str!("postgresql/fake.sh");
const PROGRAMS: [&str; 8] = ["awk", "chmod", "find", "initdb", "mv", "postgres", "rm", "sync"];

/// The script of a golden tree's init container.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == "starter").expect("the case");
    let compiled = Tree::of(&tree(&texts_of(&folder)));
    let server = compiled.find("StatefulSet", Some("ai"), "postgresql").expect("a database");
    let container =
        items(at(server.pod_template().expect("pods"), "spec/initContainers")).next().expect("one");
    items(at(container, "command")).nth(4).and_then(|it| it.as_str()).expect("a script").to_owned()
});

/// A volume, and the programs of the image.
struct Volume {
    root: tempfile::TempDir,
}

/// How a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server may run.
    Started,
    /// It was killed, or ended by itself.
    Not,
}

impl Volume {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for folder in ["bin", "volume", "access"] {
            fs::create_dir(root.path().join(folder)).expect("a folder");
        }
        for program in PROGRAMS {
            let path = root.path().join("bin").join(program);
            fs::write(&path, FAKE).expect("a program");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may be run");
        }
        Self { root }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.root.path().join("volume/pgdata").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.data(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.data(name)).unwrap_or_default()
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join("volume").join(name)
    }

    /// All that a start leaves, as a number.
    fn content(&self) -> (u64, u64) {
        let root = self.root.path();
        (content(&root.join("volume")), content(&root.join("access")))
    }

    /// Starts it and kills it `when` (`before` or `after`) the call with this number.
    fn start(&self, kill: Option<(u32, &str)>, password: &str) -> End {
        let status = self.command(kill, password).status().expect("bash");
        if status.success() { End::Started } else { End::Not }
    }

    fn command(&self, kill: Option<(u32, &str)>, password: &str) -> Command {
        let _ = fs::remove_file(self.root.path().join("calls"));
        let _ = fs::remove_dir_all(self.root.path().join("count"));
        fs::create_dir(self.root.path().join("count")).expect("a folder");
        let (number, when) = kill.unwrap_or((0, "never"));
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", &*SCRIPT, "prepare", "-c", "jit=off"])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.root.path().join("bin").display()))
            .env("FAKES", self.root.path())
            .env("KILL_AT", number.to_string())
            .env("KILL", when)
            .env("ACCESS", self.root.path().join("access"))
            .env("BACKUP_PASSWORD", "of the backup")
            .env("BACKUP_USER", "backup")
            .env("EXPORTER_PASSWORD", "of the exporter")
            .env("EXPORTER_USER", "exporter")
            .env("PROBE_USER", "probe")
            .env("PGDATA", self.root.path().join("volume/pgdata"))
            .env("POSTGRES_USER", "openwebui")
            .env("POSTGRES_DB", "openwebui")
            .env("POSTGRES_PASSWORD", password)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        command
    }

    /// Asserts that the database is there, the password is the last one, other pods can connect,
    /// and nobody else can.
    #[track_caller]
    fn is_whole(&self, password: &str, what: &str) {
        assert_eq!(self.read("databases"), "openwebui\n", "{what}");
        let statements = self.read("role");
        let passwords: Vec<&str> =
            statements.lines().filter(|it| it.contains(" PASSWORD ")).collect();
        assert_eq!(
            passwords,
            [
                "    ALTER ROLE postgres PASSWORD NULL;".to_owned(),
                format!("ALTER ROLE \"openwebui\" PASSWORD E'{password}';"),
                "ALTER ROLE \"backup\" PASSWORD E'of the backup';".to_owned(),
                "ALTER ROLE \"exporter\" PASSWORD E'of the exporter';".to_owned(),
            ],
            "{what}"
        );
        assert_eq!(self.read("owner"), "of openwebui\n", "{what}");
        let access = fs::read_to_string(self.root.path().join("access/pg_hba.conf"));
        assert_eq!(
            access.expect("a file").lines().collect::<Vec<_>>(),
            [
                "local all postgres peer map=superuser",
                "host \"openwebui\" \"probe\" 127.0.0.1/32 trust",
                "host \"openwebui\" \"openwebui\" all scram-sha-256",
                "host \"openwebui\" \"backup\" all scram-sha-256",
                "host \"openwebui\" \"exporter\" all scram-sha-256",
            ],
            "{what}"
        );
        let beside: Vec<_> = fs::read_dir(self.root.path().join("volume"))
            .expect("a folder")
            .flatten()
            .map(|it| it.file_name())
            .collect();
        assert_eq!(beside, ["pgdata"], "{what}");
    }
}

/// Kills every start at each of its calls, before and after it, and looks at what the next start
/// makes of it, once for each state that is left.
fn killed_everywhere(prepare: impl Fn(&Volume), look: impl Fn(&Volume, &str)) {
    let mut seen = BTreeSet::new();
    for when in ["before", "after"] {
        for number in 1.. {
            let volume = Volume::new();
            prepare(&volume);
            let end = volume.start(Some((number, when)), "old");
            if end == End::Started {
                assert!(number > 4, "a start has more calls than {number}");
                break;
            }
            if seen.insert(volume.content()) {
                let what = format!("killed {when} call {number}");
                assert_eq!(volume.start(None, "new"), End::Started, "{what}");
                look(&volume, &what);
            }
        }
    }
    assert!(seen.len() > 2, "kills leave {} states", seen.len());
}

/// What `initdb` leaves, without any number from 16384, and one more file.
fn as_initdb_leaves_it(volume: &Volume, more: &str) {
    volume.write("PG_VERSION", "17\n");
    volume.write("pg_hba.conf", "local all all trust\n");
    volume.write("base/1/1259", "");
    volume.write("base/1/16383_fsm", "");
    volume.write("pg_tblspc/.keep", "");
    volume.write(more, "somebody's");
}

#[test]
fn a_first_start_that_is_killed_anywhere_recovers() {
    killed_everywhere(|_| (), |volume, what| volume.is_whole("new", what));
}

#[test]
fn what_an_earlier_version_left_half_made_is_made_anew() {
    for left in ["base/5/13394.1", "base/16384/2619_vm"] {
        killed_everywhere(
            |it| as_initdb_leaves_it(it, left),
            |volume, what| volume.is_whole("new", &format!("{left}: {what}")),
        );
    }
    // Killed even earlier.
    killed_everywhere(|it| it.write("PG_VERSION", ""), |volume, what| volume.is_whole("new", what));
}

#[test]
fn what_holds_a_table_is_kept_whatever_else_is_missing() {
    for table in [
        "base/16384/16385",
        "base/5/16384_fsm",
        "base/16384/20001.1",
        "pg_tblspc/16390",
        "base/5/100000",
    ] {
        killed_everywhere(
            |dir| {
                as_initdb_leaves_it(dir, table);
                dir.write("databases", "openwebui\n");
            },
            |volume, what| {
                assert_eq!(volume.read(table), "somebody's", "{table}: {what}");
                assert_eq!(volume.read("databases"), "openwebui\n", "{table}: {what}");
                assert!(volume.read("role").contains("E'new'"), "{table}: {what}");
                assert!(volume.data("initialised").exists(), "{table}: {what}");
            },
        );
    }
}

/// The marker counts: a user who has dropped all tables, or restores a backup, loses nothing else.
#[test]
fn a_database_without_tables_is_made_once() {
    let volume = Volume::new();
    assert_eq!(volume.start(None, "old"), End::Started);
    volume.write("postgresql.auto.conf", "work_mem = '3MB'\n");
    assert_eq!(volume.start(None, "new"), End::Started);
    volume.is_whole("new", "the second start");
    assert_eq!(volume.read("postgresql.auto.conf"), "work_mem = '3MB'\n");
}

/// A volume that cannot be read does not count as empty.
#[test]
fn what_cannot_be_looked_at_is_not_removed() {
    let volume = Volume::new();
    as_initdb_leaves_it(&volume, "base/16384/16385");
    fs::write(volume.root.path().join("bin/find"), "#!/bin/sh\nexit 1\n").expect("a program");
    assert_eq!(volume.start(None, "new"), End::Not);
    assert_eq!(volume.read("base/16384/16385"), "somebody's");
}

/// Names that a person may give a folder beside it, one of them the script's own.
#[test]
fn a_folder_beside_it_is_not_removed_with_a_table_in_it() {
    for name in ["pgdata.new", "pgdata.old", ".initdb-unfinished"] {
        let volume = Volume::new();
        let table = volume.beside(name).join("base/5/16385");
        fs::create_dir_all(table.parent().expect("a folder")).expect("a folder");
        fs::write(&table, "somebody's").expect("a file");
        let end = volume.start(None, "new");
        assert_eq!(end, if name.starts_with('.') { End::Not } else { End::Started }, "{name}");
        assert_eq!(fs::read_to_string(&table).unwrap_or_default(), "somebody's", "{name}");
    }
}

#[test]
fn a_folder_that_is_a_link_is_looked_into() {
    let elsewhere = |volume: &Volume, link: &str| {
        let target = volume.root.path().join("elsewhere");
        let link = volume.beside(link);
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink(&target, link).expect("a link");
        target
    };
    // The whole folder, or the part with the tables.
    for (link, table) in [("pgdata", "base/5/16385"), ("pgdata/base", "5/16385")] {
        let volume = Volume::new();
        let target = elsewhere(&volume, link);
        let file = target.join(table);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, "somebody's").expect("a file");
        volume.write("PG_VERSION", "17\n");
        assert_eq!(volume.start(None, "new"), End::Started, "{link}");
        assert_eq!(fs::read_to_string(&file).unwrap_or_default(), "somebody's", "{link}");
        assert!(
            volume.beside(link).is_symlink() && volume.read("role").contains("E'new'"),
            "{link}"
        );
    }
    // A link to nothing, or nothing at all: its disk may not be mounted.
    for is_there in [false, true] {
        let volume = Volume::new();
        let target = elsewhere(&volume, "pgdata");
        if is_there {
            fs::create_dir(target).expect("a folder");
        }
        assert_eq!(volume.start(None, "new"), End::Not);
        assert!(volume.beside("pgdata").is_symlink());
    }
}

/// Characters that a statement cannot hold are escaped, and keep their meaning.
#[test]
fn a_password_is_what_it_is() {
    for (password, escaped) in [
        ("a;\n\nDROP TABLE x;\n\n", "a;\\n\\nDROP TABLE x;\\n\\n"),
        ("it's \\n \\' &", "it''s \\\\n \\\\'' &"),
        ("\n", "\\n"),
    ] {
        let volume = Volume::new();
        assert_eq!(volume.start(None, password), End::Started, "{password:?}");
        volume.is_whole(escaped, password);
    }
}

/// A signal ends the script during any of its steps.
#[test]
fn a_pod_that_goes_while_it_starts_does_not_wait() {
    for program in ["initdb", "postgres", "sync"] {
        let volume = Volume::new();
        let path = volume.root.path().join("bin").join(program);
        fs::write(
            &path,
            "#!/bin/bash\n[ \"$1\" != --help ] || exit 0\nprintf $$ >\"$FAKES/begun.new\"\n/bin/mv \"$FAKES/begun.new\" \
             \"$FAKES/begun\"\nexec /bin/sleep 60\n",
        )
        .expect("a program");
        let mut child = volume.command(None, "new").spawn().expect("bash");
        let begun = Instant::now();
        while !volume.root.path().join("begun").exists() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{program} is never called");
            std::thread::sleep(Duration::from_millis(10));
        }
        let told = Instant::now();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(143), "{program}");
        assert!(told.elapsed() < Duration::from_secs(20), "{program}");
        // The step was ended too.
        let step = fs::read_to_string(volume.root.path().join("begun")).expect("a number");
        let runs = || {
            fs::read_to_string(format!("/proc/{step}/stat")).is_ok_and(|it| !it.contains(") Z "))
        };
        while runs() {
            assert!(told.elapsed() < Duration::from_secs(30), "{program} goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn nothing_is_written_before_the_name_is_on_the_disk() {
    let volume = Volume::new();
    assert_eq!(volume.start(None, "old"), End::Started);
    let calls = fs::read_to_string(volume.root.path().join("calls")).expect("calls");
    let order: Vec<&str> =
        calls.lines().filter(|it| ["initdb", "postgres", "sync", "mv"].contains(it)).collect();
    // It is asked what it can; makes; gets a role and a database; has its name; gets its roles.
    let making = ["initdb", "initdb", "postgres", "postgres"];
    assert_eq!(order, [&making[..], &["sync", "mv", "sync", "postgres", "postgres"]].concat());
    assert!(Path::new(&volume.data("initialised")).exists());
}
