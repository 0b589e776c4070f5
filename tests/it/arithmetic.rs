//! The budget's arithmetic: the facts' own sums, the scheduler's rules against a slow reference,
//! and refusals end to end.

mod alerts;
mod charts;
mod places;
mod reference;
mod room;

use espalier::{
    budget::{
        demand::{BudgetRow, Demand, Origin, Wants},
        report::Report,
    },
    components::ollama::Ollama,
    facts::requests,
    platform::{node::Node, node_group::Nodes},
    units::{Bytes, Millicores},
};

use crate::support::{Texts, administrator, compile, repository, texts_of, with_components};

/// Pods that charts create: the pod, its containers' memory requests in MiB, CPU
/// in millicores.
const CHARTS: [(&str, &[u64], u64); 17] = [
    ("cert-manager", &[48], 10),
    ("cert-manager-webhook", &[24], 10),
    ("cert-manager-cainjector", &[48], 10),
    ("sealed-secrets", &[24], 10),
    ("argo-controller", &[320], 100),
    ("argo-repo-server", &[128], 50),
    ("argo-server", &[64], 20),
    ("argo-redis", &[24], 10),
    ("prometheus", &[400, 24], 105),
    ("alertmanager", &[32, 24], 15),
    ("grafana", &[256, 80], 60),
    ("kube-state-metrics", &[40], 10),
    ("prometheus-operator", &[64], 20),
    ("node-exporter", &[24], 10),
    ("blackbox", &[24], 10),
    ("loki", &[192], 50),
    ("alloy", &[96], 30),
];

fn row(name: &str, request: u64, cpu: u64, replicas: u32, source: Origin) -> BudgetRow {
    BudgetRow {
        application: name.into(),
        kind: "Deployment",
        namespace: "x".into(),
        name: name.into(),
        replicas,
        surge: 0,
        pod: Demand {
            request: Bytes::mib(request),
            limit: Bytes::mib(request),
            cpu: Millicores::new(cpu),
            ..Demand::default()
        },
        source,
        priority: 0,
        wants: Wants::default(),
        claims: Vec::new(),
        volumes: Bytes::default(),
    }
}

fn node(yaml: &str) -> Node {
    serde_yaml::from_str(yaml).expect("a node")
}

/// The Darien platform, with this many replicas of a model.
fn darien(model: &str, replicas: u32) -> Report {
    let node = node("{cpu: 4, memory: 8Gi}");
    let ollama =
        Ollama { models: vec![model.parse().expect("a model")], replicas, ..Ollama::default() };
    let mib = |allotment: requests::Allotment| allotment.request.get() >> 20;
    let charts = CHARTS
        .iter()
        .map(|(name, containers, cpu)| row(name, containers.iter().sum(), *cpu, 1, Origin::Chart));
    let rest = [
        row("otel-collector", 64, 20, 1, Origin::Object),
        row("coredns", 70, 100, 1, Origin::Cluster),
        row("metrics-server", 70, 100, 1, Origin::Cluster),
        row("traefik", mib(requests::TRAEFIK), 50, 1, Origin::Cluster),
        row("openwebui", mib(requests::OPEN_WEBUI), 100, 1, Origin::Object),
        row("postgresql", mib(requests::POSTGRESQL), 50, 1, Origin::Object),
        row("ollama", mib(ollama.allotment()), 500, ollama.replicas, Origin::Object),
        row("backup", 64, 50, 1, Origin::Transient),
        row("acme-solver", mib(requests::ACME_SOLVER), 10, 2, Origin::Transient),
        row("argo-redis-init", 48, 10, 1, Origin::Transient),
    ];
    let rows: Vec<BudgetRow> = charts.chain(rest).collect();
    let sum = rows.iter().collect();
    Report::of_sum(Nodes::one(node), rows, sum, Vec::new())
}

#[test]
fn the_charts_sum_to_what_the_facts_say() {
    let (memory, cpu) = CHARTS
        .iter()
        .fold((0, 0), |sum, chart| (sum.0 + chart.1.iter().sum::<u64>(), sum.1 + chart.2));
    assert_eq!((memory, cpu), (1936, 530));
}

#[test]
fn darien_as_its_readme_asks_is_refused_by_814() {
    let report = darien("llama3.2:1b", 2);
    assert_eq!(report.mem_total, Bytes::mib(7680));
    assert_eq!(report.allocatable, Bytes::mib(5504));
    assert_eq!(report.usable, Bytes::mib(5760));
    assert_eq!(report.requests, Bytes::mib(6318));
    assert!(!report.fits());
    assert_eq!(report.requests.saturating_sub(report.allocatable), Bytes::mib(814));
    assert_eq!(report.spare(), Bytes::default());
}

#[test]
fn the_repository_s_platform_in_full_fits_with_214_spare() {
    let report = darien("llama3.2:1b-instruct-q4_K_M", 2);
    assert_eq!(report.requests, Bytes::mib(5290));
    assert!(report.fits());
    assert_eq!(report.spare(), Bytes::mib(214));
}

/// Every part of monitoring, by its key.
const MONITORING: [&str; 10] = [
    "kubePrometheusStack",
    "alertmanager",
    "nodeExporter",
    "loki",
    "alloy",
    "blackboxExporter",
    "postgresExporter",
    "otelCollector",
    "jsonExporter",
    "grafana",
];

/// The repository's own spec, which has all of monitoring, on its node: what is compiled, not the
/// facts' table above, which has a container beside Grafana and none of the small exporters.
#[test]
fn the_repository_s_platform_has_all_of_monitoring_and_fits() {
    let compiled = compile(&texts_of(repository()));
    assert_eq!(compiled.errors(), Vec::<&str>::new(), "{}", compiled.said());
    let plan = compiled.plan.as_ref().expect("it is built");
    let sections = plan.platform().spec.components.sections();
    for key in MONITORING {
        assert!(sections.iter().any(|it| it.key() == key && it.is_enabled()), "{key} is off");
    }
    let report = plan.budget(&[]);
    assert_eq!(report.requests, Bytes::mib(5194));
    assert_eq!(report.spare(), Bytes::mib(310));
    assert!(report.spare() >= Bytes::mib(128));
    assert_eq!(report.disk.needed(), Bytes::mib(71884));
    let usable = report.disk.usable.expect("the size is written").in_mib().to_string();
    assert_eq!(usable, "73728Mi");
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("it is there");
    let memory = "5194Mi of the 5504Mi that its 8 GB node can give, which leaves 310Mi";
    let disk = "71884Mi of the 73728Mi that its disk holds, which leaves 1844Mi";
    assert!(readme.contains(memory) && readme.contains(disk), "README.md has other figures");
}

#[test]
fn one_replica_of_the_larger_model_fits() {
    let report = darien("llama3.2:1b", 1);
    assert_eq!(report.requests, Bytes::mib(4621));
    assert!(report.fits());
}

/// End to end: the sums, the lines of the spec, and what would fit.
#[test]
fn three_replicas_of_the_larger_model_are_refused() {
    let texts = with_components("ollama: {replicas: 3, models: [\"llama3.2:1b\"]}");
    let compiled = compile(&texts);
    assert_eq!(compiled.errors(), ["node-memory-exceeded"], "{}", compiled.said());
    let finding =
        compiled.findings.iter().find(|it| it.code == "node-memory-exceeded").expect("it is there");
    // 3 × 1697, Open WebUI 384, PostgreSQL 192, Argo CD 536 and its hook 48, cert-manager 120,
    // sealed-secrets 24, kube-system 204, one solver 16.
    assert!(
        finding.message.contains("6615Mi")
            && finding.message.contains("5504Mi")
            && finding.message.contains("1111Mi"),
        "{finding:?}"
    );
    assert!(finding.label.as_ref().is_some_and(|it| it.contains("3 × 1697Mi")), "{finding:?}");
    assert!(
        matches!(&finding.place, espalier::diag::diagnostic::Place::Value { path, .. } if path.to_string().starts_with("spec.components.ollama")),
        "{finding:?}"
    );
    assert!(
        finding.help.iter().any(|it| it.contains("replicas: 2") && it.contains("1697Mi")),
        "{finding:?}"
    );
    assert!(
        finding.help.iter().any(|it| it.contains("llama3.2:1b-instruct-q4_K_M")),
        "{finding:?}"
    );
}

/// Each help that names a change is true: the changed spec fits.
#[test]
fn what_would_fit_fits() {
    for change in [
        "ollama: {replicas: 2, models: [\"llama3.2:1b\"]}",
        "ollama: {replicas: 3, models: [\"llama3.2:1b-instruct-q4_K_M\"]}",
    ] {
        let compiled = compile(&with_components(change));
        assert_eq!(compiled.errors(), Vec::<&str>::new(), "{change}: {}", compiled.said());
    }
}

/// Tenants count like everything else: many of them are refused on a small node and fit on a large
/// one.
#[test]
fn tenants_are_counted() {
    let mut texts: Texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    for n in 0..300 {
        texts.insert(
            format!("spec/workspaces/w{n}.yaml"),
            format!(
                "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: \
                 {{name: w{n}}}\nspec: {{workspaceName: w{n}, models: [\"gemma3:270m\"], {}}}\n",
                administrator()
            ),
        );
    }
    let compiled = compile(&texts);
    assert!(compiled.errors().contains(&"node-memory-exceeded"), "{:?}", compiled.errors());
    let plan = compiled.plan.as_ref().expect("it is built");
    let report = plan.budget(&compiled.summaries);
    // 512 for the model, 384 for Open WebUI, 16 for the solver.
    let tenants: u64 = report
        .rows
        .iter()
        .filter(|it| it.source == Origin::Tenant)
        .map(|it| it.pod.request.get() >> 20)
        .sum();
    assert_eq!(tenants, 300 * (512 + 384 + 16));

    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("{cpu: 4, memory: 8Gi}", "{cpu: 4000, memory: 1Ti, maxPods: 1000}");
    let compiled = compile(&texts);
    assert_eq!(compiled.errors(), Vec::<&str>::new(), "{}", compiled.said());
}

/// If a node declares its `memTotal`, that figure is used.
#[test]
fn mem_total_is_believed() {
    let node = node("{cpu: 4, memory: 8Gi, memTotal: 7800Mi}");
    assert_eq!(node.allocatable(), Bytes::mib(7800 - 384 - 1536 - 256));
    assert_eq!(
        self::node("{cpu: 4, memory: 8Gi, memTotal: 1000Mi}").allocatable(),
        Bytes::default()
    );
}

/// With a GPU the container holds no cache and no buffers; its request is the file of the weights
/// and the servers. The GPU must hold the rest, and a driver context for each model on each GPU.
#[test]
fn with_a_gpu_the_model_is_elsewhere() {
    let ollama = |gpu: &str, more: &str| -> Ollama {
        serde_yaml::from_str(&format!("{{models: [\"llama3.2:1b\"], gpu: {gpu}{more}}}"))
            .expect("an Ollama")
    };
    let one = ollama("{memory: 24Gi}", "");
    let ceil = |parts: u64| Bytes::new((parts * 105).div_ceil(100)).ceil_mib();
    let (weights, mib) = (1_321_082_688, 1 << 20);
    assert_eq!(one.needs_memory(), ceil(160 * mib));
    assert_eq!(
        (one.allotment().request, one.allotment().limit),
        (ceil(weights + 160 * mib), ceil(weights + 160 * mib))
    );
    // 128Mi of cache at 4096 tokens, 512 × (4 × (3 × 8192 + 4 × 2048) + 2 × 4096) bytes of buffers,
    // one context of 457Mi.
    let on_it = weights + 128 * mib + 512 * (4 * (3 * 8192 + 4 * 2048) + 2 * 4096);
    assert_eq!(one.needs_vram(), Some(ceil(on_it + 457 * mib)));
    assert_eq!(
        ollama("{count: 2, memory: 24Gi}", "").needs_vram(),
        Some(ceil(on_it + 2 * 457 * mib))
    );
    // A figure in `resources` is used as it is, down to what cannot be reclaimed.
    let less = ollama("{memory: 24Gi}", ", resources: {memory: {request: 256Mi}}");
    assert_eq!(
        (less.allotment().request, less.allotment().limit),
        (Bytes::mib(256), one.allotment().limit)
    );
}

/// GPUs are counted like memory: replicas times what each requests; the pull requests none.
#[test]
fn gpus_are_counted() {
    let mut texts = with_components(
        "ollama: {replicas: 2, models: [\"llama3.2:1b\"], gpu: {count: 2, memory: 8Gi}}",
    );
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("memory: 8Gi}\n  domains", "memory: 32Gi, gpus: 3}\n  domains");
    assert_eq!(compile(&texts).errors(), ["node-gpus-exceeded"]);
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("gpus: 3", "gpus: 4");
    let compiled = compile(&texts);
    assert_eq!(compiled.errors(), Vec::<&str>::new(), "{}", compiled.said());
    let report = compiled.plan.as_ref().expect("it is built").budget(&[]);
    assert_eq!((report.gpus, report.allocatable_gpus, report.fits()), (4, 4, true));
}

/// Pods that charts and cert-manager create are counted as they create them, and in the right
/// place.
#[test]
fn pods_that_others_make_are_counted_where_they_run() {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let text = texts.get_mut("spec/platform.yaml").expect("the spec");
    *text = text.replace(
        "{chat: chat.example.com}",
        "{chat: chat.example.com, argocd: argocd.example.com}",
    );
    let compiled = compile(&texts);
    let report = compiled.plan.as_ref().expect("it is built").budget(&[]);
    let rows = |name: &str| {
        let found = report.rows.iter().filter(|it| &*it.name == name);
        found
            .map(|it| (&*it.application, &*it.namespace, it.replicas, it.surge))
            .collect::<Vec<_>>()
    };
    // A solver pod runs in the namespace of its Certificate, which is that of the Ingress.
    assert_eq!(
        rows("acme-solver"),
        [("argocd-ingress", "argocd", 1, 0), ("openwebui", "ai", 1, 0)]
    );
    // The chart sets no strategy for this Deployment, and takes that of the others from its values.
    assert_eq!(rows("argocd-redis"), [("argocd", "argocd", 1, 1)]);
    assert_eq!(rows("argocd-server"), [("argocd", "argocd", 1, 0)]);
    assert_eq!(rows("argocd-applicationset-controller"), [("argocd", "argocd", 0, 0)]);
    let limited = report
        .rows
        .iter()
        .find(|it| &*it.name == "argocd-applicationset-controller")
        .expect("it is declared");
    assert_eq!(limited.pod, requests::ARGO_APPLICATION_SET.into());
    // k3s' own pods are critical; of the platform's pods, only the database has a priority.
    let priority =
        |name: &str| report.rows.iter().find(|it| &*it.name == name).map(|it| it.priority);
    assert_eq!(
        [priority("coredns"), priority("postgresql"), priority("ollama")],
        [Some(2_000_000_000), Some(1000), Some(0)]
    );
}
