//! The rules on built objects: what they see of an object and of its YAML is the same, they see
//! those of tenants, and each finds its planted fault.

use std::{collections::BTreeMap, sync::Arc};

use espalier::{
    builder::{may_make::MayMake, platform::PlatformBuilder, scope::Scope},
    check::{
        object::{ApplicationView, BuiltObject, ObjectView},
        read_object::ReadObject,
        rules,
        view::WholeView,
    },
    components::workspace::resource::Workspace,
    diag::diagnostic::{Diagnostics, Place},
    emit::{files::Files, platform},
    load::read,
    plan::Plan,
    platform::files::PLATFORM,
    yaml::source::Source,
};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, StatefulSet, StatefulSetSpec},
        core::v1::{
            ConfigMap, ConfigMapVolumeSource, Container, EnvVar, EnvVarSource,
            PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, ResourceQuota,
            SecretKeySelector, Volume,
        },
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::support::empty_platform;

/// The repository's own platform, with components beside its own that no spec makes.
pub struct Planted {
    plan: Plan,
}

impl Planted {
    /// Builds them.
    pub fn beside(build: impl FnOnce(&mut PlatformBuilder)) -> Self {
        let source = Source::parse(PLATFORM, include_str!("../../spec/platform.yaml"));
        let texts: BTreeMap<Arc<str>, Source> = [(PLATFORM.into(), source)].into();
        let platform = Arc::new(read::platform(&texts).0.expect("the spec is right"));
        let mut assembly = platform.build();
        let mut builder = empty_platform("planted");
        build(&mut builder);
        assembly.components.extend(builder.close().0.finish());
        Self { plan: Plan::of(assembly, PLATFORM.into()) }
    }

    /// One component, `planted`, whose objects are in the namespace `argocd`.
    pub fn one(build: impl FnOnce(&mut Scope<'_>)) -> Self {
        Self::beside(|builder| {
            let application = MayMake::in_namespace("planted", &[], &[]);
            let cluster = builder.cluster();
            builder.build(&application, &cluster.argocd, build);
        })
    }

    fn applications(&self) -> impl Iterator<Item = ApplicationView<'_>> {
        self.plan.applications().map(|planned| ApplicationView {
            plan: &self.plan,
            component: planned.component,
            secrets: self.plan.secrets(),
            project: Some((planned.project, self.plan.projects().permits(planned.project))),
            workspace: None,
        })
    }

    /// What the rules on the whole find.
    pub fn found(&self) -> Diagnostics {
        self.found_in(|_| ())
    }

    /// The same, when the files of a folder were not written.
    pub fn found_without(&self, folder: &str) -> Diagnostics {
        self.found_in(|files| files.retain(|it| !it.0.starts_with(folder)))
    }

    /// The same, when other files were written.
    pub fn found_in(&self, change: impl FnOnce(&mut Vec<(&str, &[u8])>)) -> Diagnostics {
        let (budget, mut files) = (self.plan.budget(&[]), Files::default());
        let revision = platform::write(&self.plan, &[], &budget, &mut files);
        let mut files: Vec<_> = files.iter().collect();
        change(&mut files);
        let mut found = Diagnostics::new();
        rules::whole(&WholeView::of(&self.plan, &[], &budget, &revision, &files), &mut found);
        found
    }
}

/// A Deployment with these pods.
pub fn deployment(scope: &mut Scope<'_>, spec: PodSpec) {
    let metadata = scope.meta(&scope.part("planted", "test", None));
    let template = PodTemplateSpec { metadata: None, spec: Some(spec) };
    let spec = DeploymentSpec { template, ..DeploymentSpec::default() };
    scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
}

/// Pods that read a Secret which nothing makes.
pub fn reads_a_secret() -> PodSpec {
    let reference =
        SecretKeySelector { name: "token".to_owned(), key: "value".to_owned(), optional: None };
    let from = EnvVarSource { secret_key_ref: Some(reference), ..EnvVarSource::default() };
    let variable = EnvVar { name: "TOKEN".to_owned(), value_from: Some(from), ..EnvVar::default() };
    PodSpec {
        containers: vec![Container { env: Some(vec![variable]), ..Container::default() }],
        ..PodSpec::default()
    }
}

/// An object in a namespace of one's choice.
pub fn meta(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        ..ObjectMeta::default()
    }
}

/// Many faults: references of every form, and kinds that no project permits.
fn faults(scope: &mut Scope<'_>) {
    let volume = |name: &str| Volume { name: name.to_owned(), ..Volume::default() };
    let config_map = ConfigMapVolumeSource { name: "files".to_owned(), ..Default::default() };
    let claim =
        PersistentVolumeClaimVolumeSource { claim_name: "data".to_owned(), read_only: None };
    let spec = PodSpec {
        service_account_name: Some("somebody".to_owned()),
        priority_class_name: Some("urgent".to_owned()),
        volumes: Some(vec![
            Volume { config_map: Some(config_map), ..volume("a") },
            Volume { persistent_volume_claim: Some(claim), ..volume("b") },
        ]),
        ..reads_a_secret()
    };
    deployment(scope, spec);
    scope.add(ConfigMap { metadata: meta("elsewhere", "planted"), ..ConfigMap::default() });
    let spec = StatefulSetSpec {
        service_name: Some("nobody".to_owned()),
        template: PodTemplateSpec { metadata: None, spec: Some(PodSpec::default()) },
        ..StatefulSetSpec::default()
    };
    let metadata = meta("argocd", "planted");
    scope.add(StatefulSet { metadata, spec: Some(spec), ..StatefulSet::default() });
    scope.add(ResourceQuota { metadata: meta("argocd", "planted"), ..ResourceQuota::default() });
}

fn messages(found: &Diagnostics) -> Vec<String> {
    found.iter().map(|it| format!("{}: {}", it.code, it.message)).collect()
}

#[test]
fn an_object_and_its_yaml_are_the_same_to_the_rules() {
    let planted = Planted::one(faults);
    let (mut seen, mut workloads) = (Vec::new(), 0);
    for of in planted.applications() {
        for object in &of.component.objects {
            let mut text = Vec::new();
            object.emit(&mut text);
            let read = ReadObject::of(Source::from_bytes("object.yaml", text));
            let built = BuiltObject { object, of: &of };
            assert_eq!(read.key(), built.key());
            for path in [&["metadata", "labels", "*"][..], &["spec", "*"], &["data", "*"]] {
                assert_eq!(read.all(path), built.all(path), "{} {path:?}", built.key());
            }
            let (of_read, of_built) = (read.workload(), built.workload());
            assert_eq!(of_read.as_ref().map(|it| it.spec), of_built.as_ref().map(|it| it.spec));
            workloads += usize::from(of_read.is_some());
            let found = |object: &dyn ObjectView| {
                let mut found = Diagnostics::new();
                rules::object(object, &of, &mut found);
                messages(&found)
            };
            assert_eq!(found(&read), found(&built));
            seen.extend(found(&read));
        }
    }
    assert!(workloads > 3, "{workloads}");
    let expected = [
        "not-permitted-by-project: the project `platform` does not permit ConfigMap \
         `elsewhere/planted`",
        "not-permitted-by-project: the project `platform` does not permit ResourceQuota \
         `argocd/planted`",
        "reference-unresolved: ConfigMap `elsewhere/planted` refers to the Namespace `elsewhere`, \
         which nothing makes",
        "reference-unresolved: Deployment `argocd/planted` refers to the PersistentVolumeClaim \
         `data`, which nothing makes",
        "reference-unresolved: Deployment `argocd/planted` refers to the PriorityClass `urgent`, \
         which nothing makes",
        "reference-unresolved: Deployment `argocd/planted` refers to the key `value` of the \
         Secret `token`, which nothing makes",
    ];
    seen.sort_unstable();
    assert_eq!(seen, expected);
}

const WORKSPACE: &str = "\
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata: {name: team-a}
spec: {workspaceName: team-a, models: [\"llama3.2:1b\"]}
";

#[test]
fn the_objects_of_a_tenant_are_seen() {
    let planted = Planted::beside(|_| ());
    let file: Arc<str> = "spec/workspaces/team-a.yaml".into();
    let workspace: Workspace =
        Source::parse(Arc::clone(&file), WORKSPACE).read().0.expect("it is right");
    let mut tenant = planted.plan.tenant(&workspace).expect("there is an issuer");
    let found = |tenant: &_| {
        let mut found = Diagnostics::new();
        rules::built(&planted.plan, tenant, &file, &mut found);
        found
    };
    assert!(found(&tenant).is_empty(), "{:?}", found(&tenant));
    tenant.component.objects.retain(|it| it.kind != "ServiceAccount");
    let found = found(&tenant);
    assert!(!found.is_empty());
    for finding in &found {
        assert_eq!(finding.code, "reference-unresolved");
        assert!(finding.message.contains("the ServiceAccount `"), "{}", finding.message);
        assert!(matches!(&finding.place, Place::Value { file: its, .. } if *its == file));
        assert!(
            finding.notes.iter().any(|it| it.starts_with("it was made at src/")),
            "{finding:?}"
        );
    }
}

/// A finding about a generated object points at the section of the spec that it comes from.
#[test]
fn findings_about_objects_say_where_they_come_from() {
    let planted = Planted::beside(|_| ());
    let found = planted.found_without("out/manifests/ollama/");
    let found: Vec<_> = found.iter().filter(|it| it.code == "folder-not-read").collect();
    let [finding] = &*found else { panic!("{found:?}") };
    let Place::Value { path, .. } = &finding.place else { panic!("{finding:?}") };
    assert_eq!(path.to_string(), "spec.components.ollama");
    // An Ingress of the own platform, as the rules see it, follows from a host of the spec.
    let of = planted.applications().find(|it| &*it.component.name == "openwebui");
    let of = of.expect("it is there");
    let ingress = of.component.objects.iter().find(|it| it.kind == "Ingress");
    let ingress = BuiltObject { object: ingress.expect("it is there"), of: &of };
    let Some((Place::Value { path, .. }, _)) = ingress.related() else { panic!("no host") };
    assert_eq!(path.to_string(), "spec.domains.chat");
}
