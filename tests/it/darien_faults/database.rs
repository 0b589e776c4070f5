//! Faults of the database.

use serde_yaml::Value;

use super::{GOLDEN, each_of, env, found, never};
use crate::support::{Read, at, golden_cases, items, texts_of};

fn texts<'a>(container: &'a Value, key: &str) -> Vec<&'a str> {
    items(at(container, key)).filter_map(Value::as_str).collect()
}

fn setting(container: &Value, name: &str) -> Option<u64> {
    let text = texts(container, "args")
        .into_iter()
        .find_map(|it| it.strip_prefix(name)?.strip_prefix('='))?;
    text.trim_end_matches("MB").parse().ok()
}

#[test]
fn data_where_the_file_system_has_its_own_folder() {
    // `lost+found` at a volume's top makes initdb fail.
    for (object, container) in each_of("StatefulSet", "postgresql") {
        let data = env(container, "PGDATA").and_then(Value::as_str).unwrap_or_default();
        let mounts: Vec<&Value> =
            items(at(container, "volumeMounts")).map(|it| at(it, "mountPath")).collect();
        assert!(
            mounts
                .iter()
                .filter_map(|it| it.as_str())
                .any(|it| data.starts_with(&format!("{it}/"))),
            "{}: {data}",
            object.path
        );
    }
}

#[test]
fn probes_that_succeed_while_there_is_no_database() {
    // By TCP: a server that initialises the volume listens on its socket only, and `pg_isready`
    // succeeds without the database.
    for (object, container) in each_of("StatefulSet", "postgresql") {
        let command = texts(container, "readinessProbe/exec/command");
        let asks = ["psql", "-X", "-h", "127.0.0.1", "-U", "probe", "-d", "openwebui", "-Atqc"];
        assert_eq!(command, [&asks[..], &["select 1"]].concat(), "{}", object.path);
    }
}

#[test]
fn a_server_that_recovers_and_is_ended_for_it() {
    for (object, container) in each_of("StatefulSet", "postgresql") {
        for probe in ["startupProbe", "livenessProbe"] {
            let command = texts(container, &format!("{probe}/exec/command")).join(" ");
            assert!(
                command.contains("pg_isready -q -h 127.0.0.1")
                    && command.ends_with("|| [ $? -eq 1 ]"),
                "{}: {probe}: {command}",
                object.path
            );
        }
        // One that says nothing at all.
        let number =
            |key: &str| at(container, &format!("startupProbe/{key}")).as_u64().expect("a number");
        assert!(number("periodSeconds") * number("failureThreshold") >= 3600, "{}", object.path);
        // What a new pod has to recover comes first, and no probe asks meanwhile.
        let [prepare] = init(object)[..] else { panic!("{}", object.path) };
        assert_eq!(at(prepare, "args"), at(container, "args"), "{}", object.path);
    }
}

fn init(object: &Read) -> Vec<&Value> {
    items(at(object.pod_template().expect("pods"), "spec/initContainers")).collect()
}

/// The client's role was the superuser: whoever took the chat over ran programs at the database.
#[test]
fn a_client_that_is_the_superuser() {
    for (object, container) in each_of("StatefulSet", "postgresql") {
        let [prepare] = init(object)[..] else { panic!("{}", object.path) };
        let script = texts(prepare, "command").join("\n");
        assert!(
            script.contains("--username=postgres")
                && script.contains("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"),
            "{}",
            object.path
        );
        for line in script.lines().filter(|it| it.contains("local all") || it.contains("host ")) {
            assert!(
                line.contains("local all postgres peer") || !line.contains(" all all "),
                "{line}"
            );
        }
        // The server knows no password, and the roles are those that clients sign in as.
        assert!(!format!("{:?}", at(container, "env")).contains("secretKeyRef"), "{}", object.path);
        let role = |name: &str| env(prepare, name).and_then(Value::as_str).expect("a role");
        let roles = ["POSTGRES_USER", "BACKUP_USER", "EXPORTER_USER", "PROBE_USER"].map(role);
        assert_eq!(roles, ["openwebui", "backup", "exporter", "probe"], "{}", object.path);
    }
}

/// A backup reads, and only a restore may write.
#[test]
fn a_backup_that_may_change_what_it_saves() {
    let (_, tree) = GOLDEN.iter().find(|it| it.0 == "backup").expect("the case");
    let backup = tree.find("CronJob", Some("ai"), "backup").expect("a backup");
    let pod = at(backup.pod_template().expect("pods"), "spec");
    let dump = items(at(pod, "initContainers")).next().expect("a dump");
    assert_eq!(env(dump, "PGUSER"), Some(&"backup".into()));
    let password = env(dump, "PGPASSWORD").expect("a password");
    assert_eq!(at(password, "name"), "postgresql-backup");
    // Only what encrypts has the key, and it never sees the database.
    let upload = items(at(pod, "containers")).next().expect("an upload");
    assert_eq!(env(upload, "RCLONE_CONFIG_ENCRYPTED_TYPE"), Some(&"crypt".into()));
    assert!(env(upload, "ENCRYPTION_KEY").is_some() && env(upload, "PGPASSWORD").is_none());
    assert!(env(dump, "ENCRYPTION_KEY").is_none());
}

#[test]
fn a_clean_end_that_rests_on_the_image() {
    for (object, container) in each_of("StatefulSet", "postgresql") {
        let hook = texts(container, "lifecycle/preStop/exec/command");
        let script = "(sleep 1; exec pg_ctl stop --mode=fast --no-wait) >/dev/null 2>&1 &";
        assert_eq!(hook, ["sh", "-c", script], "{}: it outlives its hook", object.path);
        assert!(
            env(container, "PGDATA").is_some_and(Value::is_string),
            "{}: pg_ctl finds its server by it",
            object.path
        );
    }
}

#[test]
fn a_database_that_is_evicted_before_an_idle_model() {
    for (object, _) in each_of("StatefulSet", "postgresql") {
        assert_eq!(
            at(object.pod_template().expect("pods"), "spec/priorityClassName"),
            "espalier-database",
            "{}",
            object.path
        );
    }
    for (name, tree) in GOLDEN.iter() {
        let class = tree.find("PriorityClass", None, "espalier-database").expect("a class");
        assert!(class.at("value").as_i64().is_some_and(|it| it > 0), "{name}");
    }
}

#[test]
fn a_rotated_password_that_the_database_does_not_know() {
    for (object, server) in each_of("StatefulSet", "postgresql") {
        let [container] = init(object)[..] else { panic!("{}", object.path) };
        let script = texts(container, "command").join("\n");
        assert!(
            script.contains("ALTER ROLE")
                && script.contains("postgres --single")
                && texts(server, "command") == ["postgres"],
            "{}",
            object.path
        );
        // The password is in no argument, where a list of processes would show it.
        assert!(
            script.contains("printf") && !texts(container, "args").join(" ").contains("PASSWORD"),
            "{}",
            object.path
        );
    }
}

/// Connections of the workspaces with a database of a golden platform's PostgreSQL.
fn of_workspaces(name: &str) -> u64 {
    let cases = golden_cases();
    let (_, folder) = cases.iter().find(|it| it.0 == name).expect("a golden case");
    let spec: Value = serde_yaml::from_str(&texts_of(folder)["spec/platform.yaml"]).expect("YAML");
    let databases = at(&spec, "spec/workspaces/databases").as_u64();
    databases.map_or(0, |databases| databases * 4 + 2)
}

#[test]
fn fewer_connections_than_the_clients_open() {
    for (name, tree) in GOLDEN.iter() {
        let (Some(sql), Some(chat)) = (
            tree.find("StatefulSet", Some("ai"), "postgresql"),
            tree.find("Deployment", Some("ai"), "openwebui"),
        ) else {
            continue;
        };
        let number = |text: &str| {
            env(super::containers(chat)[0], text)
                .and_then(Value::as_str)
                .and_then(|it| it.parse::<u64>().ok())
                .expect("a number")
        };
        // Two engines for each pod, each with its pool; one connection for a backup, two for
        // probes, one that PostgreSQL reserves for its superuser, and two of an exporter. Four for
        // each workspace that may have a database here, and two of the Job that makes them.
        let exporter = tree.find("Deployment", Some("ai"), "postgres-exporter").map_or(0, |_| 2);
        let pods = chat.at("spec/replicas").as_u64().expect("a number");
        let pools =
            pods * 2 * (number("DATABASE_POOL_SIZE") + number("DATABASE_POOL_MAX_OVERFLOW"));
        assert_eq!(
            setting(super::containers(sql)[0], "max_connections"),
            Some(pools + 1 + 2 + 1 + exporter + of_workspaces(name)),
            "{name}"
        );
        let reserved = setting(super::containers(sql)[0], "superuser_reserved_connections");
        assert_eq!(reserved, Some(1), "{name}");
    }
}

#[test]
fn buffers_that_do_not_fit_the_limit() {
    for (object, container) in each_of("StatefulSet", "postgresql") {
        let limit = at(container, "resources/limits/memory")
            .as_str()
            .expect("a limit")
            .parse::<espalier::units::Bytes>()
            .expect("an amount")
            .get()
            >> 20;
        let number = |name: &str| setting(container, name).unwrap_or_else(|| panic!("{name}"));
        // Every backend sorts at the same time, and every autovacuum worker works.
        let worst = number("shared_buffers")
            + number("max_connections") * (number("work_mem") + 6)
            + 3 * number("maintenance_work_mem");
        assert!(worst <= limit, "{}: {worst} of {limit} MiB", object.path);
        assert!(number("effective_cache_size") <= limit, "{}", object.path);
    }
    found(
        "postgresql: {resources: {memory: {limit: 200Mi}}}\nopenWebui: {connectionPool: {size: 20, \
         overflow: 20}}",
        "postgresql-limit-too-low",
    );
}

#[test]
fn shared_memory_of_64_mib_on_the_disk() {
    for (object, container) in each_of("StatefulSet", "postgresql") {
        let name = items(at(container, "volumeMounts"))
            .find(|it| at(it, "mountPath") == "/dev/shm")
            .map(|it| at(it, "name"));
        let volumes = items(at(object.pod_template().expect("pods"), "spec/volumes"));
        let medium = volumes
            .into_iter()
            .find(|it| Some(at(it, "name")) == name)
            .map(|it| at(it, "emptyDir/medium"));
        assert_eq!(medium, Some(&"Memory".into()), "{}", object.path);
    }
}

#[test]
fn a_claim_whose_first_pod_comes_later() {
    // local-path binds a claim when its first pod is placed: in an earlier wave, Argo CD would wait
    // for it in vain.
    never("PersistentVolumeClaim", |claim| {
        let mut users = GOLDEN
            .iter()
            .flat_map(|(_, tree)| &tree.objects)
            .filter(|user| user.namespace() == claim.namespace());
        !users.any(|user| {
            user.application() == claim.application()
                && user.pod_template().is_some_and(|pod| mounts(pod, claim.name()))
        })
    });
}

fn mounts(pod: &Value, claim: &str) -> bool {
    items(at(pod, "spec/volumes")).any(|it| at(it, "persistentVolumeClaim/claimName") == claim)
}

#[test]
fn another_user_than_the_image_s() {
    for (object, _) in each_of("StatefulSet", "postgresql") {
        let security = |key: &str| {
            at(object.pod_template().expect("pods"), &format!("spec/securityContext/{key}"))
                .as_u64()
        };
        assert_eq!(
            [security("runAsUser"), security("runAsGroup"), security("fsGroup")],
            [Some(999); 3],
            "{}",
            object.path
        );
    }
}

#[test]
fn a_node_that_never_evicts() {
    // k3s sets no memory threshold: the tree has the arguments that make the budget true.
    for (name, tree) in GOLDEN.iter() {
        let page = String::from_utf8_lossy(&tree.files["out/README.md"]);
        assert!(
            page.contains("eviction-hard=memory.available<256Mi")
                && page.contains("kube-reserved="),
            "{name}"
        );
        // Nor a node that accepts no pod for five minutes afterwards.
        let groups = page.matches("eviction-hard=").count();
        assert_eq!(
            page.matches("eviction-pressure-transition-period=30s").count(),
            groups,
            "{name}"
        );
    }
}
