//! Faults of the tree as Argo CD sees it: the facts' table, by its row numbers.

use serde_yaml::Value;

use super::{GOLDEN, containers, found, never, nowhere};
use crate::support::{Read, at, compile, is, items, labels, only};

fn options(application: &Read) -> Vec<&str> {
    items(application.at("spec/syncPolicy/syncOptions")).filter_map(Value::as_str).collect()
}

fn wave(case: &str, application: &str) -> i64 {
    let (_, tree) = GOLDEN.iter().find(|it| it.0 == case).expect("the case");
    let tree = tree
        .find("Application", Some("argocd"), application)
        .unwrap_or_else(|| panic!("{application}"));
    tree.at("metadata/annotations")
        .get("argocd.argoproj.io/sync-wave")
        .and_then(Value::as_str)
        .expect("a wave")
        .parse()
        .expect("a number")
}

#[test]
fn row_01_every_application_in_project_default() {
    never("Application", |application| {
        application.text("spec/project") == "default" || application.text("spec/project").is_empty()
    });
    // And `default` itself permits nothing.
    never("AppProject", |project| {
        let none =
            project.at("spec/sourceRepos").is_null() && project.at("spec/destinations").is_null();
        project.name() == "default"
            && !(none
                && items(project.at("spec/namespaceResourceBlacklist"))
                    .any(|it| at(it, "kind") == "*"))
    });
}

/// Argo CD's own Application in every tree that has it: its values.
fn settings() -> Vec<(&'static str, &'static Value)> {
    let all: Vec<(&str, &Value)> = GOLDEN
        .iter()
        .filter_map(|(name, tree)| {
            Some((name.as_str(), tree.find("Application", Some("argocd"), "argocd")?))
        })
        .map(|(name, application)| (name, application.at("spec/source/helm/valuesObject")))
        .collect();
    assert_eq!(all.len(), GOLDEN.len() - 1, "all but the bare case");
    all
}

/// A setting of `argocd-cm` or of the parameters: its key has dots.
fn setting<'a>(values: &'a Value, map: &str, key: &str) -> &'a Value {
    at(values, &format!("configs/{map}")).get(key).unwrap_or(&Value::Null)
}

#[test]
fn row_02_waves_without_the_health_of_applications() {
    for (name, values) in settings() {
        let lua = setting(values, "cm", "resource.customizations.health.argoproj.io_Application")
            .as_str()
            .unwrap_or_default();
        assert_eq!(lua, espalier::components::argocd::HEALTH, "{name}");
        // A wave that never gets healthy has to end some time, but not while a slow line still
        // downloads images and models.
        assert_eq!(setting(values, "params", "controller.sync.timeout.seconds"), "14400", "{name}");
    }
    found("argocd: {enabled: false}", "waves-wait-for-nothing");
}

#[test]
fn row_03_a_short_reference_to_the_branch() {
    never("Application", |application| {
        application.at("spec/source/chart").is_null()
            && !application.text("spec/source/targetRevision").starts_with("refs/")
    });
}

#[test]
fn row_04_a_wave_on_the_root() {
    never("Application", |application| {
        application.name() == "root"
            && application.at("metadata/annotations").get("argocd.argoproj.io/sync-wave").is_some()
    });
}

#[test]
fn row_05_namespaces_created_by_a_sync_option() {
    nowhere("CreateNamespace");
}

#[test]
fn row_06_no_retry() {
    // Three to five retries for a child: with more, a fix waits too long behind a tag that does not
    // work.
    never("Application", |application| {
        !is(application.at("spec/syncPolicy/retry/refresh"), true)
            || application.at("spec/syncPolicy/retry/limit").as_u64().unwrap_or(0) < 3
    });
}

#[test]
fn row_07_children_without_finalizer() {
    // Deleting the root or Argo CD itself must not delete what they made.
    never("Application", |application| {
        ["root", "argocd"].contains(&application.name())
            != application.at("metadata/finalizers").is_null()
    });
}

#[test]
fn row_08_namespaces_that_can_be_pruned_without_pod_security() {
    never("Namespace", |namespace| {
        let options = namespace.at("metadata/annotations").get("argocd.argoproj.io/sync-options");
        let labels = labels(namespace.at("metadata/labels"));
        options.is_none_or(|it| it != "Prune=false,Delete=false")
            || !labels.contains_key("pod-security.kubernetes.io/enforce")
            || !labels.contains_key("pod-security.kubernetes.io/enforce-version")
            || namespace.application() != "namespaces"
                && namespace.application() != format!("ws-{}", namespace.name())
    });
    // Namespaces come right after the projects, before everything that is created in them.
    assert_eq!(wave("darien", "namespaces"), 10);
}

#[test]
fn row_09_applications_without_a_wave() {
    never("Application", |application| {
        application.name() != "root"
            && application.at("metadata/annotations").get("argocd.argoproj.io/sync-wave").is_none()
    });
}

#[test]
fn row_10_sealed_secrets_before_their_controller() {
    assert!(wave("sealed", "app-secrets") > wave("sealed", "sealed-secrets"));
    assert!(wave("sealed", "postgresql") > wave("sealed", "app-secrets"));
    assert!(wave("sealed", "openwebui") > wave("sealed", "postgresql"));
}

#[test]
fn row_11_an_issuer_before_cert_manager() {
    assert!(wave("darien", "cluster-issuer") > wave("darien", "cert-manager"));
    assert!(wave("darien", "openwebui") > wave("darien", "cluster-issuer"));
}

#[test]
fn row_12_dry_runs_skipped() {
    nowhere("SkipDryRunOnMissingResource");
}

#[test]
fn row_13_replace_beside_server_side_apply() {
    never("Application", |it| !options(it).contains(&"ServerSideApply=true"));
    nowhere("Replace=true");
    nowhere("Force=true");
}

#[test]
fn row_16_a_chart_repository_that_is_gone() {
    nowhere("bitnami-labs");
    never("Application", |application| {
        application.name() == "sealed-secrets"
            && application.text("spec/source/repoURL") != "https://bitnami.github.io/sealed-secrets"
    });
}

#[test]
fn row_17_an_image_that_is_gone() {
    nowhere("bitnami/postgresql");
    nowhere("bitnamilegacy");
}

#[test]
fn row_18_an_image_without_a_version() {
    for kind in ["Deployment", "StatefulSet"] {
        never(kind, |object| {
            containers(object).into_iter().any(|container| {
                at(container, "image")
                    .as_str()
                    .is_none_or(|it| !it.contains(':') || it.ends_with(":latest"))
            })
        });
    }
    for tag in ["latest", "main", "stable", "\"17\""] {
        let mut texts = only(espalier::load::schema::STARTER);
        texts.insert("spec/versions.yaml".to_owned(), format!("open-webui: {tag}\n"));
        assert!(compile(&texts).findings.has_errors(), "`open-webui: {tag}` is taken");
    }
}

#[test]
fn row_19_chart_values_as_text() {
    never("Application", |it| !it.at("spec/source/helm/values").is_null());
    never("Application", |application| {
        !application.at("spec/source/chart").is_null()
            && !application.at("spec/source/helm/valuesObject").is_mapping()
    });
}

#[test]
fn row_20_cert_manager_s_old_switch_for_its_kinds() {
    nowhere("installCRDs");
    never("Application", |application| {
        let crds = application.at("spec/source/helm/valuesObject/crds");
        application.name() == "cert-manager"
            && !(is(at(crds, "enabled"), true) && is(at(crds, "keep"), true))
    });
}

#[test]
fn row_21_a_redirect_to_itself_behind_the_ingress_controller() {
    for (name, values) in settings() {
        assert!(is(setting(values, "params", "server.insecure"), true), "{name}");
    }
    let (_, sealed) = GOLDEN.iter().find(|it| it.0 == "sealed").expect("the case");
    let ingress = sealed.find("Ingress", Some("argocd"), "argocd").expect("an Ingress");
    let paths = items(ingress.at("spec/rules")).flat_map(|it| items(at(it, "http/paths")));
    let ports: Vec<&Value> = paths.map(|it| at(it, "backend/service/port/name")).collect();
    assert_eq!(ports, ["http"]);
    assert!(!ingress.at("spec/tls").is_null());
}

#[test]
fn row_22_an_argo_cd_that_is_not_in_git() {
    for (name, values) in settings() {
        for pod in ["controller", "repoServer", "server", "redis", "redisSecretInit"] {
            assert!(
                at(values, &format!("{pod}/resources/limits/memory")).is_string(),
                "{name}: {pod}"
            );
        }
        // Go's limit is four fifths of the kernel's, in whole MiB.
        for pod in ["controller", "repoServer", "server"] {
            let mib = |text: &str| -> u64 {
                let (number, unit) = text.split_at(
                    text.find(|character: char| character.is_alphabetic()).expect("a unit"),
                );
                number.parse::<u64>().expect("a number") * if unit == "Gi" { 1024 } else { 1 }
            };
            let limit = mib(at(values, &format!("{pod}/resources/limits/memory"))
                .as_str()
                .expect("a limit"));
            let told = items(at(values, &format!("{pod}/env")))
                .find(|it| at(it, "name") == "GOMEMLIMIT")
                .expect("it is told");
            assert_eq!(
                mib(at(told, "value").as_str().expect("a text")),
                limit * 4 / 5,
                "{name}: {pod}"
            );
        }
        assert!(is(setting(values, "cm", "admin.enabled"), true), "{name}: nobody could sign in");
        assert_eq!(
            setting(values, "cm", "application.resourceTrackingMethod"),
            "annotation",
            "{name}"
        );
        assert_eq!(setting(values, "params", "controller.diff.server.side"), "true", "{name}");
        assert!(
            is(at(values, "crds/keep"), true),
            "{name}: without its CRDs every Application is gone"
        );
        // Policies only add up, and the chart's own policies permit everybody.
        assert!(is(at(values, "global/networkPolicy/create"), false), "{name}");
        for tool in ["kustomize.enable", "jsonnet.enable"] {
            assert_eq!(setting(values, "cm", tool), "false", "{name}");
        }
        assert!(
            setting(values, "cm", "helm.enable").is_null(),
            "{name}: charts are rendered by Argo CD"
        );
        // The exclusions are YAML in a text: lists of kinds, with Events among them.
        let exclusions = setting(values, "cm", "resource.exclusions").as_str().expect("a text");
        let exclusions: Value = serde_yaml::from_str(exclusions).expect("YAML");
        let kinds: Vec<&str> = items(&exclusions)
            .flat_map(|it| items(at(it, "kinds")))
            .filter_map(Value::as_str)
            .collect();
        assert!(
            ["Event", "Endpoints", "EndpointSlice", "Lease"].iter().all(|it| kinds.contains(it)),
            "{name}: {kinds:?}"
        );
    }
    // It needs server-side apply: one of its kinds is too large for client-side apply.
    never("Application", |application| {
        application.name() == "argocd" && !options(application).contains(&"ServerSideApply=true")
    });
}

/// With a default deny, Argo CD must reach what it needs from the first moment, or it could never
/// sync a fix.
#[test]
fn an_argo_cd_that_cuts_itself_off() {
    for (name, tree) in
        GOLDEN.iter().filter(|it| it.1.find("Application", Some("argocd"), "argocd").is_some())
    {
        let policies: Vec<&Read> =
            tree.of_kind("NetworkPolicy").filter(|it| it.namespace() == Some("argocd")).collect();
        // One Application applies all of them, sorted by name: the deny comes last.
        assert!(policies.iter().all(|it| it.application() == "network-policies"), "{name}");
        let last = policies.iter().map(|it| it.name()).max();
        assert_eq!(last, Some("default-deny"), "{name}");
        assert!(wave(name, "argocd") > wave(name, "network-policies"), "{name}");
        for pods in
            ["application-controller", "redis", "redis-secret-init", "repo-server", "server"]
        {
            assert!(
                policies.iter().any(|it| it.name() == format!("allow-argocd-{pods}")),
                "{name}: {pods}"
            );
        }
    }
    let bare = &GOLDEN.iter().find(|it| it.0 == "bare").expect("the case").1;
    assert_eq!(bare.of_kind("NetworkPolicy").count(), 0, "whose Argo CD it is, nobody knows");
}

/// Argo CD on a Kubernetes that it is not tested on; another patch of a minor version that it is
/// tested on is only untested.
#[test]
fn a_pair_that_nobody_tested() {
    let said = |versions: &str, components: &str| {
        let mut texts = crate::support::with_components(components);
        texts.insert("spec/versions.yaml".to_owned(), versions.to_owned());
        let codes = compile(&texts).codes().into_iter().map(str::to_owned).collect::<Vec<_>>();
        codes
            .into_iter()
            .filter(|it| it == "unsupported-pair" || it == "untested-version")
            .collect::<Vec<_>>()
    };
    let small = "ollama: {models: [\"gemma3:270m\"]}";
    assert_eq!(said("k3s: v1.36.4+k3s1\n", small), ["unsupported-pair"]);
    assert_eq!(said("k3s: v1.31.14+k3s1\n", small), ["unsupported-pair"]);
    assert_eq!(said("k3s: v1.34.2+k3s1\n", small), ["untested-version"]);
    assert_eq!(said("k3s: v1.35.8+k3s1\nargo-cd: 10.1.1\n", small), Vec::<String>::new());
    // A patch of the same chart line brings the same Argo CD; which one another line brings is not
    // known.
    assert_eq!(
        said("k3s: v1.36.4+k3s1\nargo-cd: 10.1.3\n", small),
        ["unsupported-pair", "untested-version"]
    );
    assert_eq!(
        said("k3s: v1.36.4+k3s1\nargo-cd: 11.0.0\n", small),
        ["untested-version", "untested-version"]
    );
    // 10.9 brings Argo CD 3.5, which supports 1.36, and no longer 1.32.
    assert_eq!(
        said("k3s: v1.36.4+k3s1\nargo-cd: 10.9.6\n", small),
        ["untested-version", "untested-version"]
    );
    assert!(
        said("k3s: v1.32.9+k3s1\nargo-cd: 10.9.6\n", small)
            .contains(&"unsupported-pair".to_owned())
    );
    // An Argo CD that somebody else manages may be any version.
    assert_eq!(
        said("k3s: v1.36.4+k3s1\n", &format!("argocd: {{enabled: false}}\n{small}")),
        ["untested-version"]
    );
}

/// The script asks whether the repository can be read, and passes the credential before Argo CD
/// needs it, and never as an argument.
#[test]
fn row_23_a_repository_that_argo_cd_cannot_read() {
    for (name, tree) in GOLDEN.iter() {
        let script = script(tree);
        let up = script.split_once("\nup() {").expect("the verb").1;
        let at = |step: &str| up.find(step).unwrap_or_else(|| panic!("{name}: {step}"));
        assert!(at("repository_credential") < at("argocd_objects"), "{name}");
        assert!(
            script.contains("argocd.argoproj.io/secret-type: repository")
                || script.contains("argocd.argoproj.io/secret-type=repository"),
            "{name}"
        );
        assert!(
            script.contains("ls-remote"),
            "{name}: nobody looks whether a credential is needed"
        );
    }
}

/// The order is in a program, not in prose, and what it applies before Argo CD is what Argo CD
/// finds.
#[test]
fn row_24_a_root_that_is_applied_by_hand() {
    for (name, tree) in GOLDEN.iter() {
        let script = script(tree);
        let up = script.split_once("\nup() {").expect("the verb").1;
        let steps = [
            "preflight",
            "k3s_binary",
            "namespaces",
            "sealing_key",
            "argocd_objects",
            "wait_for_applications",
        ];
        let places: Vec<usize> =
            steps.iter().map(|it| up.find(it).unwrap_or_else(|| panic!("{name}: {it}"))).collect();
        assert!(places.is_sorted(), "{name}: {places:?}");
        assert!(script.contains("bootstrap/argocd/application-root.yaml"), "{name}");
    }
}

/// The user has the key before there is a cluster; all keys of a credential are sealed together; a
/// URL is escaped where it is opened.
#[test]
fn row_25_sealed_values_that_die_with_the_node() {
    for (name, tree) in GOLDEN.iter() {
        let script = script(tree);
        let up = script.split_once("\nup() {").expect("the verb").1;
        assert!(
            up.find("sealing_key") < up.find("chart \"$it\""),
            "{name}: the controller would make a key of its own"
        );
        // The exporter's role has no URL.
        let has_url = |name: &str| name.starts_with("postgresql") && !name.contains("-exporter-");
        for object in tree.of_kind("SealedSecret").filter(|it| has_url(it.name())) {
            let url = object.text("spec/template/data/url");
            assert!(url.contains("urlquery"), "{name}: {}", object.path);
        }
    }
    // An incomplete credential is never emitted:
    // `darien_faults::charts::a_secret_sealed_anew_without_one_of_its_keys`.
}

fn script(tree: &crate::invariants::Tree) -> String {
    String::from_utf8(tree.files["bootstrap/bootstrap.sh"].clone()).expect("UTF-8")
}

#[test]
fn row_26_a_root_that_applies_any_file_and_kind() {
    never("Application", |application| {
        application.name() == "root"
            && application.text("spec/source/directory/include") != "*.yaml"
    });
    never("Application", |it| it.name() == "root" && it.text("spec/project") != "bootstrap");
    never("AppProject", |project| {
        let kinds: Vec<&str> = items(project.at("spec/namespaceResourceWhitelist"))
            .filter_map(|it| at(it, "kind").as_str())
            .collect();
        project.name() == "bootstrap"
            && (kinds != ["AppProject", "Application"]
                || !project.at("spec/clusterResourceWhitelist").is_null())
    });
}

#[test]
fn row_27_data_that_a_prune_removes() {
    for kind in ["Namespace", "PersistentVolumeClaim"] {
        never(kind, |object| {
            let annotation = |key: &str| {
                object
                    .at("metadata/annotations")
                    .get(format!("argocd.argoproj.io/{key}"))
                    .and_then(Value::as_str)
            };
            annotation("sync-options") != Some("Prune=false,Delete=false")
                || annotation("compare-options") != Some("IgnoreExtraneous")
        });
    }
}

#[test]
fn row_28_charts_of_any_version_from_anywhere() {
    let exact = |text: &str| {
        text.trim_start_matches('v').split('.').filter(|it| it.parse::<u32>().is_ok()).count() == 3
    };
    never("Application", |application| {
        !application.at("spec/source/chart").is_null()
            && !exact(application.text("spec/source/targetRevision"))
    });
    never("AppProject", |project| items(project.at("spec/sourceRepos")).any(|it| it == "*"));
}

#[test]
fn an_issuer_by_the_legacy_class_straight_at_the_production_server() {
    never("ClusterIssuer", |issuer| {
        items(issuer.at("spec/acme/solvers")).any(|solver| {
            let class = at(solver, "http01/ingress/ingressClassName").as_str();
            let is_dns = !at(solver, "dns01").is_null();
            (!is_dns && !["traefik", "nginx"].map(Some).contains(&class))
                || !at(solver, "http01/ingress/class").is_null()
        })
    });
    let (_, starter) = GOLDEN.iter().find(|it| it.0 == "starter").expect("the case");
    // The default issuer is staging.
    assert!(starter.find("ClusterIssuer", None, "letsencrypt-staging").is_some());
}

#[test]
fn a_switched_off_component_that_another_needs() {
    found("certManager: {enabled: false}", "component-needed");
    found("sealedSecrets: {enabled: false}", "component-needed");
    found("ollama: {enabled: false}", "component-needed");
}
