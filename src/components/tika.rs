//! Apache Tika, which takes the text out of documents that people upload. Whatever is in them is
//! read here, by a process that can reach nothing.

use k8s_openapi::api::core::v1::PodSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    disk,
    pod::{self, Patience},
};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module},
        handle::PortRef,
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    components::namespaces,
    facts::{
        documents::TIKA_SCRATCH,
        requests::{self, Allotment},
        versions,
    },
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "tika",
    &[namespaces::AI],
    &[kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::DEPLOYMENT],
);

const PORT: u16 = 9998;
/// The image's user.
const USER: i64 = 35002;

/// The heap of the process that reads; what it takes besides, and the process that watches it, need
/// as much again. With the serial collector there is no thread and no table for each core. A
/// process that has run out of memory ends and is made again, within seconds; the file that was too
/// much fails.
const JAVA: &str = "-XX:+ExitOnOutOfMemoryError -XX:+UseSerialGC -XX:MaxRAMPercentage=37.5";

/// Apache Tika, which reads documents for Open WebUI.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tika {
    /// Requests and limits of the server: `resources` of its container. Absent: the tested figures,
    /// which `espalier show budget` lists. Documents may fill three eighths of the memory limit
    /// (`MaxRAMPercentage`).
    pub resources: Resources,
}

/// What Tika offers.
pub struct Offers {
    /// The server.
    pub port: PortRef,
    /// The number of its interface: the version's first.
    pub interface: String,
}

impl Tika {
    /// What the container is promised.
    pub fn allotment(&self) -> Allotment {
        self.resources.over(requests::TIKA)
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, versions: &Versions) -> Offers {
        let version = versions.of(versions::TIKA);
        let part = scope.part("tika", "document-reader", Some(version));
        // It calls nobody and resolves no name.
        let port = scope.service(&part, "http", PORT);
        pod::account(scope, &part);
        // The image's own command: one process watches another, which it ends and makes again when
        // a file takes longer than two minutes. Open WebUI waits for an answer without an end.
        let mut server = pod::container("tika", versions.image(versions::TIKA));
        server.env = pod::environment(vec![pod::env("JAVA_TOOL_OPTIONS", JAVA)]);
        server.ports = pod::ports("http", PORT);
        server.resources = Some(requirements(self.allotment()));
        server.volume_mounts = Some(vec![pod::mount("tmp", "/tmp")]);
        server.startup_probe = pod::http_probe("/", PORT, Patience { period: 5, failures: 60 });
        server.readiness_probe = pod::http_probe("/", PORT, Patience { period: 5, failures: 3 });
        // Longer than a process takes that is made again.
        server.liveness_probe = pod::http_probe("/", PORT, Patience { period: 10, failures: 18 });
        let spec = PodSpec {
            containers: vec![server],
            termination_grace_period_seconds: Some(30),
            volumes: Some(vec![disk::scratch("tmp", TIKA_SCRATCH)]),
            ..PodSpec::default()
        };
        // A file that nobody reads while the pod is replaced is uploaded again.
        let template = pod::template(scope, &part, USER, spec);
        pod::single(scope, &part, template);
        scope.contribute(Contribution::Probe {
            target: port.clone(),
            module: Module::Http,
            path: "/",
        });
        let me = scope.pods(&part);
        scope.contribute(Logs::text(&me));
        let interface = version.split('.').next().unwrap_or(version).to_owned();
        Offers { port, interface }
    }
}
