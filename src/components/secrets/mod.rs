//! The sealed-secrets controller, and the Application that holds the sealed copies.

mod pods;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::section::{PodResources, Section};
use crate::{
    builder::{
        chart::Chart, credential::CredentialStore, handle::CrdRef, kinds, may_make::MayMake,
        scope::Scope, script::ScriptFact,
    },
    components::namespaces,
    crds::sealed_secrets::SealedSecret,
    facts::{
        charts::sealed_secrets::SEALED_SECRETS,
        kubernetes::SYSTEM_NAMESPACE,
        requests,
        versions::{self, Pin, SEALED_SECRETS_IMAGE},
    },
    platform::{
        images::Tagged,
        resources::Resources,
        sealed::{SealedStore, SealingCertificate},
        versions::Versions,
    },
};
use values::{ContainerSecurity, PodSecurity, SeccompProfile, Values};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake =
    MayMake::chart("sealed-secrets", &[SYSTEM_NAMESPACE], &SEALED_SECRETS);
/// What the Application of the sealed copies may ever make.
pub const COPIES_APPLICATION: MayMake = MayMake::in_namespace(
    "app-secrets",
    &[namespaces::AI],
    &[kinds::namespaced_custom::<SealedSecret>()],
);

/// The sealed-secrets controller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SealedSecrets {
    /// Whether the sealed-secrets controller is installed. With `false` nothing that needs a
    /// credential can run: Open WebUI, PostgreSQL, Redis, Grafana and `backup` must be off, and
    /// `argocd.admin` must be `initial`.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Requests and limits of the controller: `resources` in the values of its chart. Absent: the
    /// tested figures, which `espalier show budget` lists.
    pub resources: Resources,
}

impl Default for SealedSecrets {
    fn default() -> Self {
        Self { enabled: true, resources: Resources::default() }
    }
}

/// The name that `kubeseal` looks for by default.
const CONTROLLER: &str = "sealed-secrets-controller";

/// The controller draws no key of its own: one that is nowhere but in the cluster is lost with it,
/// and the certificate that values are sealed with (`spec/sealing.pem`) would be an older key's,
/// without anybody being told.
const NEVER: &str = "0";

impl SealedSecrets {
    /// Builds the controller. It lives in `kube-system`, where `kubeseal` looks for it.
    /// `sealing` is the certificate that values are sealed with, where there is one.
    pub fn build(
        &self,
        scope: &mut Scope<'_>,
        versions: &Versions,
        sealing: Option<&SealingCertificate>,
    ) -> CrdRef<SealedSecret> {
        let allotment = self.resources.over(requests::SEALED_SECRETS);
        let values = Values {
            container_security_context: ContainerSecurity { allow_privilege_escalation: false },
            fullname_override: CONTROLLER,
            image: versions.chart_image(SEALED_SECRETS.pin, SEALED_SECRETS_IMAGE).map(Tagged::from),
            keyrenewperiod: NEVER,
            pod_security_context: PodSecurity {
                seccomp_profile: SeccompProfile { r#type: "RuntimeDefault" },
            },
            resources: allotment.into(),
        };
        let version = versions.of(SEALED_SECRETS.pin);
        let made = pods::declared(CONTROLLER, allotment);
        let [pods] = scope.chart(Chart::new(&SEALED_SECRETS, version, values), made);
        scope.script(ScriptFact::BeforeArgoCd);
        pods::flows(scope, &pods);
        if let Some(certificate) = sealing {
            scope.contribute(pods::sealing_ends(certificate));
        }
        scope.crd()
    }
}

/// Declared early and filled late: the plan adds the sealed copies when everything has been built.
pub fn credential_store(
    scope: &mut Scope<'_>,
    sealing: &CrdRef<SealedSecret>,
    sealed: &SealedStore,
) -> Option<CredentialStore> {
    scope.wait_for(sealing);
    scope.credential_store(sealed.secrets())
}

impl Section for SealedSecrets {
    fn key(&self) -> &'static str {
        "sealedSecrets"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::SEALED_SECRETS)]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::SEALED_SECRETS]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, COPIES_APPLICATION]
    }
}
