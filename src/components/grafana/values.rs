//! The values of Grafana's chart, as far as the platform sets them.

use serde::Serialize;

use crate::{
    builder::chart::values::{ChartResources, Lookup, Strategy, Switch},
    facts::charts::grafana::{ADMINISTRATOR, DASHBOARDS, FOLDER, LOOKS_EVERY},
    platform::images::Hash,
};

/// The chart's values, only what differs from its defaults.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) admin: Admin,
    /// Nothing in the pod asks the API server.
    pub(super) automount_service_account_token: bool,
    pub(super) dashboard_providers: Providers,
    pub(super) datasources: Datasources,
    pub(super) deployment_strategy: Strategy,
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    /// Services are found by name, so no variable needs to name each of the namespace.
    pub(super) enable_service_links: bool,
    pub(super) env: Variables,
    pub(super) extra_configmap_mounts: [Mount; 1],
    #[serde(rename = "grafana.ini")]
    pub(super) ini: Ini,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Hash>,
    /// A role could read every Secret of the cluster, for containers that are not there.
    pub(super) rbac: Roles,
    pub(super) resources: ChartResources,
    pub(super) service: Service,
}

/// Whose password is sealed. Without a Secret of ours the chart makes up a password at each render,
/// which Argo CD would apply for ever.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Admin {
    pub(super) existing_secret: String,
    pub(super) password_key: &'static str,
}

#[derive(Serialize)]
pub(super) struct Variables {
    #[serde(rename = "GF_SECURITY_ADMIN_USER")]
    administrator: &'static str,
}

impl Default for Variables {
    fn default() -> Self {
        Self { administrator: ADMINISTRATOR }
    }
}

#[derive(Serialize)]
pub(super) struct Roles {
    pub(super) create: bool,
}

/// The port's name is what an Ingress of ours calls it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    pub(super) port_name: &'static str,
}

/// The ConfigMap of dashboards as a folder. As files of a folder they follow the ConfigMap within a
/// minute; optional, because it is made after Grafana.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mount {
    config_map: &'static str,
    mount_path: &'static str,
    name: &'static str,
    optional: bool,
    read_only: bool,
}

impl Default for Mount {
    fn default() -> Self {
        Self {
            config_map: DASHBOARDS,
            mount_path: FOLDER,
            name: "dashboards",
            optional: true,
            read_only: true,
        }
    }
}

#[derive(Default, Serialize)]
pub(super) struct Providers {
    #[serde(rename = "dashboardproviders.yaml")]
    file: ProvidersFile,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProvidersFile {
    api_version: u32,
    providers: [Provider; 1],
}

impl Default for ProvidersFile {
    fn default() -> Self {
        Self { api_version: 1, providers: [Provider::default()] }
    }
}

/// What is in the folder is what Grafana shows, whatever somebody changes in its pages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    allow_ui_updates: bool,
    disable_deletion: bool,
    name: &'static str,
    options: Folder,
    r#type: &'static str,
    update_interval_seconds: u32,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            allow_ui_updates: false,
            disable_deletion: true,
            name: "platform",
            options: Folder { path: FOLDER },
            r#type: "file",
            update_interval_seconds: LOOKS_EVERY,
        }
    }
}

#[derive(Serialize)]
struct Folder {
    path: &'static str,
}

#[derive(Serialize)]
pub(super) struct Datasources {
    #[serde(rename = "datasources.yaml")]
    pub(super) file: DatasourcesFile,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DatasourcesFile {
    pub(super) api_version: u32,
    pub(super) datasources: Vec<Datasource>,
}

/// A server that panels read: Grafana asks it, and not the browser.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Datasource {
    pub(super) access: &'static str,
    pub(super) editable: bool,
    pub(super) is_default: bool,
    pub(super) json_data: Details,
    pub(super) name: &'static str,
    pub(super) r#type: &'static str,
    pub(super) uid: &'static str,
    pub(super) url: String,
}

/// What is said to one kind of datasource alone.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Details {
    Prometheus {
        http_method: &'static str,
        /// How often Prometheus asks: no rate is over less than four times of it.
        time_interval: &'static str,
    },
    Loki {
        max_lines: u32,
    },
    Alertmanager {
        implementation: &'static str,
    },
}

/// Grafana's own settings, by section.
#[derive(Serialize)]
pub(super) struct Ini {
    pub(super) analytics: Analytics,
    #[serde(rename = "auth.anonymous")]
    pub(super) anonymous: Anonymous,
    #[serde(rename = "auth.basic")]
    pub(super) basic: Switch,
    pub(super) dashboards: Dashboards,
    pub(super) live: Live,
    pub(super) news: News,
    pub(super) plugins: Plugins,
    pub(super) security: Security,
    pub(super) server: Server,
    pub(super) snapshots: Snapshots,
    pub(super) users: Users,
}

/// Nothing is asked of the internet, where no policy lets the pod.
#[derive(Default, Serialize)]
pub(super) struct Analytics {
    check_for_plugin_updates: bool,
    check_for_updates: bool,
    reporting_enabled: bool,
}

/// Who has not signed in.
#[derive(Serialize)]
pub(super) struct Anonymous {
    pub(super) enabled: bool,
    pub(super) hide_version: bool,
    pub(super) org_role: &'static str,
}

#[derive(Serialize)]
pub(super) struct Dashboards {
    pub(super) default_home_dashboard_path: String,
    pub(super) min_refresh_interval: &'static str,
}

/// WebSockets, through which Grafana would tell of changes that nobody makes.
#[derive(Serialize)]
pub(super) struct Live {
    pub(super) max_connections: u32,
}

#[derive(Serialize)]
pub(super) struct News {
    pub(super) news_feed_enabled: bool,
}

/// Those of the image. Version 13 would look for newer ones in the background, and can lose what it
/// replaces (grafana#132528).
#[derive(Serialize)]
pub(super) struct Plugins {
    pub(super) plugin_admin_enabled: bool,
    pub(super) preinstall_auto_update: bool,
    pub(super) preinstall_disabled: bool,
}

#[derive(Serialize)]
pub(super) struct Security {
    pub(super) cookie_secure: bool,
    pub(super) disable_gravatar: bool,
}

#[derive(Serialize)]
pub(super) struct Server {
    /// Compressed answers leak memory in 13.2.0 (grafana#123017).
    pub(super) enable_gzip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root_url: Option<String>,
}

/// Copies of dashboards on somebody else's server.
#[derive(Serialize)]
pub(super) struct Snapshots {
    pub(super) enabled: bool,
    pub(super) external_enabled: bool,
}

#[derive(Serialize)]
pub(super) struct Users {
    pub(super) allow_sign_up: bool,
}
