//! The values of Alloy's chart, as far as the platform sets them.

use k8s_openapi::api::core::v1::{
    Capabilities, HostPathVolumeSource, SeccompProfile, SecurityContext, Toleration, Volume,
    VolumeMount,
};
use serde::Serialize;

use crate::{
    builder::chart::values::{ChartResources, Switch},
    components::node_agents,
    facts::{
        charts::alloy::ALLOY, logs::POSITIONS, node::SERVER_LOGS, requests::Allotment,
        versions::ALLOY_IMAGE,
    },
    platform::versions::Versions,
};

/// What differs from the chart's defaults.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    alloy: Alloy,
    /// A change of the configuration replaces the pods instead.
    config_reloader: Switch,
    controller: Controller,
    crds: Definitions,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Digested>,
    rbac: Roles,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alloy {
    config_map: ConfigMap,
    enable_reporting: bool,
    mounts: Mounts,
    resources: ChartResources,
    security_context: SecurityContext,
    storage_path: String,
}

#[derive(Serialize)]
struct ConfigMap {
    content: String,
}

#[derive(Serialize)]
struct Mounts {
    extra: [VolumeMount; 2],
    varlog: bool,
}

#[derive(Serialize)]
struct Controller {
    tolerations: [Toleration; 1],
    volumes: Volumes,
}

#[derive(Serialize)]
struct Volumes {
    extra: [Volume; 2],
}

#[derive(Serialize)]
struct Definitions {
    create: bool,
}

/// An image by digest: the chart then writes no tag.
#[derive(Serialize)]
struct Digested {
    digest: &'static str,
}

/// What it may ask the API server: which pods there are. By default it may read every Secret. The
/// chart wants both lists, and makes one role of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Roles {
    cluster_rules: [Rule; 1],
    rules: [Rule; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: [&'static str; 1],
    resources: [&'static str; 1],
    verbs: Vec<&'static str>,
}

impl Rule {
    fn pods(verbs: &[&'static str]) -> Self {
        Self { api_groups: [""], resources: ["pods"], verbs: verbs.to_vec() }
    }
}

/// A folder of the node, and where it is mounted: under its own name.
fn folder(name: &str, path: &str, is_read_only: bool) -> (Volume, VolumeMount) {
    // There is no audit log where there is no API server: an agent has an empty folder.
    let source =
        HostPathVolumeSource { path: path.to_owned(), type_: Some("DirectoryOrCreate".to_owned()) };
    let volume = Volume { name: name.to_owned(), host_path: Some(source), ..Volume::default() };
    let mount = VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: is_read_only.then_some(true),
        ..VolumeMount::default()
    };
    (volume, mount)
}

/// The values with a configuration.
pub(super) fn of(content: String, allotment: Allotment, versions: &Versions) -> Values {
    let (audit, audit_mount) = folder("server-logs", SERVER_LOGS, true);
    let (positions, positions_mount) = folder("positions", POSITIONS, false);
    Values {
        alloy: Alloy {
            config_map: ConfigMap { content },
            enable_reporting: false,
            mounts: Mounts { extra: [audit_mount, positions_mount], varlog: true },
            resources: allotment.into(),
            security_context: of_root(),
            storage_path: format!("{POSITIONS}/data"),
        },
        config_reloader: Switch::OFF,
        controller: Controller {
            tolerations: [node_agents::on_every_node()],
            volumes: Volumes { extra: [audit, positions] },
        },
        crds: Definitions { create: false },
        image: versions
            .chart_image(ALLOY.pin, ALLOY_IMAGE)
            .map(|it| Digested { digest: it.digest }),
        rbac: Roles {
            cluster_rules: [Rule::pods(&["get"])],
            rules: [Rule::pods(&["list", "watch"])],
        },
    }
}

/// Root, since the logs are root's; but without any right that root has beyond those of an owner.
fn of_root() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        run_as_user: Some(0),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..SecurityContext::default()
    }
}
