//! Planted faults: each invariant finds what breaks it, so that its silence means something.

use serde_yaml::{Mapping, Value};

use super::{ALL, Tree};
use crate::support::{golden_cases, texts_of, tree};

/// A tree that keeps every invariant.
fn sound() -> Tree {
    let mut cases = golden_cases().into_iter();
    let mut texts = texts_of(&cases.find(|it| it.0 == "sealed").expect("the sealed case").1);
    texts.insert("spec/workspaces/team-a.yaml".into(), crate::workspaces::RESTING.into());
    Tree::of(&tree(&texts))
}

/// Puts a value into an object of the sound tree: by kind and name, path (numbers are positions in
/// lists), and value as YAML; an empty value removes the field.
fn plant(tree: &mut Tree, kind: &str, name: &str, path: &str, yaml: &str) {
    // A sealed Secret's name ends in a suffix that was drawn.
    let is_named = |object: &&mut crate::support::Read| {
        object.kind() == kind
            && (object.name() == name
                || kind == "SealedSecret"
                    && object.name().rsplit_once('-').is_some_and(|it| it.0 == name))
    };
    let object = tree.objects.iter_mut().find(is_named).unwrap_or_else(|| panic!("{kind} {name}"));
    let mut at = &mut object.value;
    let (above, last) = path.rsplit_once('>').unwrap_or(("", path));
    for key in above.split('>').filter(|it| !it.is_empty()) {
        at = match key.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => at
                .as_mapping_mut()
                .expect("a map")
                .entry(key.into())
                .or_insert_with(|| Value::Mapping(Mapping::new())),
        };
    }
    match (last.parse::<usize>(), yaml) {
        (Ok(index), _) => at[index] = serde_yaml::from_str(yaml).expect("YAML"),
        (Err(_), "") => drop(
            at.as_mapping_mut()
                .expect("a map")
                .remove(last)
                .unwrap_or_else(|| panic!("{path} is not there")),
        ),
        (Err(_), _) => drop(
            at.as_mapping_mut()
                .expect("a map")
                .insert(last.into(), serde_yaml::from_str(yaml).expect("YAML")),
        ),
    }
}

/// The invariant (the beginning of its name), kind, name, path, value.
const FAULTS: [(&str, &str, &str, &str, &str); 89] = [
    ("pods fill", "Deployment", "openwebui", "spec>template>spec>volumes>1>emptyDir>sizeLimit", ""),
    ("pods fill", "StatefulSet", "ollama", "spec>template>spec>volumes>0>emptyDir", "{}"),
    (
        "pods fill",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>resources>limits>ephemeral-storage",
        "1Gi",
    ),
    (
        "pods fill",
        "StatefulSet",
        "ollama",
        "spec>template>spec>initContainers>0>resources>requests>ephemeral-storage",
        "",
    ),
    (
        "pods of charts",
        "Application",
        "argocd",
        "spec>source>helm>valuesObject>repoServer>resources>limits>ephemeral-storage",
        "",
    ),
    (
        "pods of charts",
        "HelmChartConfig",
        "traefik",
        "spec>valuesContent",
        "\"resources: {limits: {memory: 1Gi}}\"",
    ),
    ("Argo CD knows", "Application", "root", "spec>source>repoURL", "git@git.example.com:a/b.git"),
    (
        "Argo CD knows",
        "Application",
        "root",
        "spec>source>repoURL",
        "ssh://git@github.com:2222/a/b.git",
    ),
    ("nothing is emitted", "Deployment", "openwebui", "metadata>creationTimestamp", "null"),
    ("nothing is emitted", "Deployment", "openwebui", "status", "{}"),
    ("nothing is emitted", "Deployment", "openwebui", "spec>paused", "false"),
    ("nothing is emitted", "Service", "ollama", "metadata>annotations", "{}"),
    (
        "quantities",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>resources>limits>memory",
        "1024Mi",
    ),
    (
        "quantities",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>resources>requests>cpu",
        "\"0.1\"",
    ),
    ("names have", "Service", "ollama", "metadata>name", "0-ollama"),
    (
        "labels are",
        "StatefulSet",
        "ollama",
        "spec>selector>matchLabels>app.kubernetes.io/version",
        "\"1\"",
    ),
    ("labels are", "StatefulSet", "ollama", "metadata>labels>app.kubernetes.io/part-of", ""),
    (
        "environment and ports",
        "StatefulSet",
        "ollama",
        "spec>template>spec>containers>0>env>0>name",
        "OLLAMA_HOST",
    ),
    (
        "containers have",
        "StatefulSet",
        "ollama",
        "spec>template>spec>initContainers>0>resources>limits",
        "",
    ),
    (
        "containers have",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>containers>0>resources>requests>cpu",
        "",
    ),
    (
        "pods keep",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>containers>0>securityContext>readOnlyRootFilesystem",
        "",
    ),
    (
        "pods keep",
        "Deployment",
        "openwebui",
        "spec>template>spec>securityContext>seccompProfile",
        "",
    ),
    ("pods keep", "Deployment", "openwebui", "spec>template>spec>hostNetwork", "true"),
    (
        "pods have an account",
        "Deployment",
        "openwebui",
        "spec>template>spec>serviceAccountName",
        "nobody",
    ),
    ("pods have an account", "ServiceAccount", "openwebui", "automountServiceAccountToken", ""),
    (
        "nothing stands in a command",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>containers>0>args>0",
        "DO $$ BEGIN END $$",
    ),
    (
        "nothing stands in a command",
        "StatefulSet",
        "ollama",
        "spec>template>spec>initContainers>0>command>4",
        "echo $(MODELS)",
    ),
    (
        "nothing stands in a command",
        "StatefulSet",
        "ollama",
        "spec>template>spec>containers>0>env>0>value",
        "a$$b",
    ),
    (
        "images",
        "StatefulSet",
        "ollama",
        "spec>template>spec>containers>0>image",
        "docker.io/ollama/ollama:latest",
    ),
    (
        "images",
        "StatefulSet",
        "ollama",
        "spec>template>spec>containers>0>image",
        "docker.io/ollama/ollama:17",
    ),
    (
        "images",
        "StatefulSet",
        "ollama",
        "spec>template>spec>containers>0>image",
        "ollama/ollama:0.32.15",
    ),
    (
        "probes",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>readinessProbe>httpGet>port",
        "80",
    ),
    ("probes", "Deployment", "openwebui", "spec>template>spec>containers>0>startupProbe", ""),
    ("StatefulSets wait", "StatefulSet", "postgresql", "spec>podManagementPolicy", "OrderedReady"),
    ("StatefulSets wait", "StatefulSet", "ollama", "spec>podManagementPolicy", ""),
    (
        "no deadline",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>containers>0>startupProbe>failureThreshold",
        "300",
    ),
    (
        "no deadline",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>containers>0>startupProbe>failureThreshold",
        "",
    ),
    (
        "no deadline",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>containers>0>startupProbe",
        "",
    ),
    ("no deadline", "StatefulSet", "postgresql", "spec>template>spec>activeDeadlineSeconds", "600"),
    ("no deadline", "Deployment", "openwebui", "spec>progressDeadlineSeconds", ""),
    ("no deadline", "Deployment", "openwebui", "spec>progressDeadlineSeconds", "900"),
    (
        "no deadline",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>env",
        "[{name: ENABLE_DB_MIGRATIONS, value: \"True\"}]",
    ),
    ("pods ask for names", "Deployment", "openwebui", "spec>template>spec>dnsConfig", ""),
    (
        "pods ask for names",
        "StatefulSet",
        "postgresql",
        "spec>template>spec>dnsConfig>options>0>value",
        "\"5\"",
    ),
    ("pods ask for names", "StatefulSet", "ollama", "spec>template>spec>dnsConfig>options", "[]"),
    (
        "pods ask for names",
        "Application",
        "argocd",
        "spec>source>helm>valuesObject>repoServer>dnsConfig",
        "",
    ),
    (
        "pods ask for names",
        "Application",
        "cert-manager",
        "spec>source>helm>valuesObject>podDnsConfig>options>0>value",
        "\"5\"",
    ),
    (
        "names of the cluster's",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>env>0>value",
        "http://ollama:11434",
    ),
    (
        "names of the cluster's",
        "Deployment",
        "openwebui",
        "spec>template>spec>containers>0>env>0>value",
        "http://a.b.ai.svc:80/x",
    ),
    (
        "names of the cluster's",
        "StatefulSet",
        "ollama",
        "spec>template>spec>containers>0>env>0>value",
        "postgresql.ai",
    ),
    (
        "names of the cluster's",
        "SealedSecret",
        "postgresql",
        "spec>template>data>url",
        "\"postgresql://a:b@postgresql.ai:5432/x\"",
    ),
    (
        "volumes",
        "Deployment",
        "openwebui",
        "spec>template>spec>volumes>0>persistentVolumeClaim>claimName",
        "other",
    ),
    ("volumes", "Deployment", "openwebui", "spec>strategy>type", "RollingUpdate"),
    ("selectors", "Service", "ollama", "spec>selector>app.kubernetes.io/name", "llama"),
    (
        "selectors",
        "PodDisruptionBudget",
        "ollama",
        "spec>selector>matchLabels>app.kubernetes.io/name",
        "llama",
    ),
    (
        "selectors",
        "NetworkPolicy",
        "allow-ollama",
        "spec>ingress>0>from>0>podSelector>matchLabels>app.kubernetes.io/name",
        "llama",
    ),
    ("Services' and Ingresses'", "Service", "ollama", "spec>ports>0>targetPort", "80"),
    (
        "Services' and Ingresses'",
        "Ingress",
        "openwebui",
        "spec>rules>0>http>paths>0>backend>service>port>name",
        "web",
    ),
    (
        "Services' and Ingresses'",
        "Ingress",
        "openwebui",
        "metadata>annotations>cert-manager.io/cluster-issuer",
        "other",
    ),
    ("Services' and Ingresses'", "Ingress", "openwebui", "spec>tls>0>hosts>0", "other.example.com"),
    (
        "Services' and Ingresses'",
        "Ingress",
        "openwebui",
        "metadata>annotations>traefik.ingress.kubernetes.io/router.entrypoints",
        "web",
    ),
    // Certified, and a workspace's: only one under development has no certificate.
    (
        "Services' and Ingresses'",
        "Ingress",
        "openwebui",
        "metadata",
        "{name: openwebui, namespace: ai, labels: {aichatworkspace: team}, annotations: \
         {traefik.ingress.kubernetes.io/router.entrypoints: web}}",
    ),
    ("a StatefulSet's", "StatefulSet", "ollama", "spec>serviceName", "other"),
    ("Secrets' keys", "SealedSecret", "postgresql", "spec>encryptedData>password", ""),
    ("Secrets' keys", "SealedSecret", "postgresql", "spec>template>data>url", ""),
    ("objects' namespaces", "Service", "ollama", "metadata>namespace", "elsewhere"),
    ("no object belongs", "Service", "ollama", "metadata>name", "openwebui"),
    ("Applications have", "Application", "ollama", "metadata>finalizers", ""),
    (
        "Applications have",
        "Application",
        "root",
        "metadata>finalizers",
        "[resources-finalizer.argocd.argoproj.io]",
    ),
    (
        "Applications have",
        "Application",
        "ollama",
        "spec>syncPolicy>syncOptions",
        "[ServerSideApply=true, Replace=true]",
    ),
    ("Applications have", "Application", "ollama", "spec>source>targetRevision", "main"),
    ("projects permit", "Application", "ollama", "spec>project", "bootstrap"),
    ("projects permit", "AppProject", "ai", "spec>signatureKeys", "[{keyID: 5FD22E658BCAD9A3}]"),
    (
        "projects permit",
        "AppProject",
        "platform",
        "spec>signatureKeys",
        "[{keyID: 5FD22E658BCAD9A3}]",
    ),
    (
        "priorities are",
        "Deployment",
        "openwebui",
        "spec>template>spec>priorityClassName",
        "nothing",
    ),
    ("priorities are", "PriorityClass", "espalier-database", "preemptionPolicy", ""),
    ("priorities are", "PriorityClass", "espalier-database", "globalDefault", "true"),
    ("priorities are", "PriorityClass", "espalier-database", "value", "0"),
    ("projects permit", "AppProject", "platform", "spec>destinations>0>namespace", "other"),
    ("projects permit", "AppProject", "platform", "spec>clusterResourceWhitelist>0>name", ""),
    ("projects permit", "AppProject", "platform", "spec>clusterResourceWhitelist>0>name", "\"*\""),
    ("projects permit", "AppProject", "ws-team-a", "spec>destinations>0>namespace", "other"),
    ("projects permit", "AppProject", "ws-team-a", "metadata>finalizers", ""),
    ("projects permit", "AppProject", "default", "spec>namespaceResourceBlacklist", ""),
    (
        "waves respect",
        "Application",
        "app-secrets",
        "metadata>annotations>argocd.argoproj.io/sync-wave",
        "\"10\"",
    ),
    (
        "waves respect",
        "Application",
        "openwebui",
        "metadata>annotations>argocd.argoproj.io/sync-wave",
        "\"30\"",
    ),
    (
        "waves respect",
        "Application",
        "argocd",
        "metadata>annotations>argocd.argoproj.io/sync-wave",
        "\"20\"",
    ),
    (
        "Applications have",
        "Application",
        "argocd",
        "metadata>finalizers",
        "[resources-finalizer.argocd.argoproj.io/foreground]",
    ),
    ("Applications' folders", "Application", "ollama", "spec>source>path", "out/manifests/other"),
];

#[test]
fn each_planted_fault_is_found() {
    for (invariant, kind, name, path, yaml) in FAULTS {
        let mut tree = sound();
        plant(&mut tree, kind, name, path, yaml);
        let (_, judge) = ALL
            .iter()
            .find(|it| it.0.starts_with(invariant))
            .unwrap_or_else(|| panic!("no invariant is called {invariant}…"));
        assert!(
            !judge(&tree).is_empty(),
            "{invariant}…: {kind} {name} {path} = {yaml} is not found"
        );
    }
}

#[test]
fn faults_of_files_are_found() {
    let plant = |path: &str, bytes: &str| {
        let mut tree = sound();
        tree.files.insert(path.to_owned(), bytes.as_bytes().to_vec());
        tree.broken()
    };
    let header = "# Generated by espalier from spec/: x\n";
    let found = |path: &str, text: &str, invariant: &str| {
        let broken = plant(path, text);
        assert!(broken.contains(invariant), "{path}: {broken}");
    };
    found(
        "out/manifests/Ollama/ai/service-ollama.yaml",
        &format!("{header}a: 1\n"),
        "paths are injective",
    );
    for name in [
        "con/a.yaml",
        "AUX.yaml",
        "lpt1.x.yaml",
        "-a.yaml",
        "a:b.yaml",
        ".Git/a.yaml",
        "a./b.yaml",
        "a b.yaml",
    ] {
        found(
            &format!("out/manifests/ollama/{name}"),
            &format!("{header}a: 1\n"),
            "something else elsewhere",
        );
    }
    found("apps/x.yaml", "a: 1\n", "has no header");
    found("apps/x.yaml", &format!("{header}a: 1"), "newline");
    found("apps/x.yaml", &format!("{header}a: '+argocd:skip-file-rendering'\n"), "dropped");
    found("out/manifests/ollama/ai/helmChart.yaml", &format!("{header}a: 1\n"), "something else");
    found(
        "out/manifests/ollama/ai/dashboard.json",
        "{\"generated\":\"Generated by espalier from spec/\"}\n",
        "something else",
    );
}

#[test]
fn every_invariant_has_a_planted_fault() {
    let elsewhere = ["paths are", "files begin", "Argo CD reads", "another reader's"];
    for (invariant, _) in ALL {
        let is_planted =
            FAULTS.iter().map(|it| it.0).chain(elsewhere).any(|it| invariant.starts_with(it));
        assert!(is_planted, "no planted fault for: {invariant}");
    }
}
