//! The part of the floor plan that makes workspaces: their definition, their operator, their API.

use super::{Foundations, Platform};
use crate::{
    builder::{
        handle::{CrdRef, NamespaceRef},
        ingress::IngressRef,
        platform::PlatformBuilder,
    },
    components::{workspace_api, workspace_crd, workspace_operator},
    crds::workspaces::WorkspaceResource,
};

impl Platform {
    /// The definition of workspaces, and the operator that makes them, where it is in the tree.
    pub(super) fn workspaces(
        &self,
        builder: &mut PlatformBuilder,
        namespace: Option<&NamespaceRef>,
        ingress: &IngressRef,
    ) -> Option<CrdRef<WorkspaceResource>> {
        let definition = self.spec.workspaces.crd.then(|| {
            let rules = workspace_crd::validation::Rules {
                taken: self.spec.reserved().collect(),
                offered: &self.spec.workspaces,
                clients: ingress.clients(),
            };
            let application = &workspace_crd::APPLICATION;
            builder.build_for_cluster(application, |scope| workspace_crd::build(scope, &rules))
        });
        if let (Some(definition), Some(namespace)) = (&definition, namespace) {
            let needs = workspace_operator::Needs {
                definition,
                workspaces: &self.spec.workspaces,
                texts: &self.texts,
                versions: &self.versions,
            };
            let application = &workspace_operator::APPLICATION;
            builder.build(application, namespace, |scope| workspace_operator::build(scope, &needs));
        }
        definition
    }

    /// The API by which people make workspaces. What is missing here although it is wanted was
    /// refused before.
    pub(super) fn workspace_api(&self, builder: &mut PlatformBuilder, foundations: &Foundations) {
        let Foundations { workspaces, operator, issuers, ingress, .. } = foundations;
        let offered = &self.spec.workspaces;
        let (true, Some(definition), Some(namespace), Some(issuers), Some(host)) =
            (offered.has_api(), workspaces, operator, issuers, &self.spec.domains.api)
        else {
            return;
        };
        let host = builder.host(host);
        let needs = workspace_api::Needs {
            definition,
            workspaces: offered,
            texts: &self.texts,
            host: &host,
            ingress,
            issuer: &issuers.public,
            versions: &self.versions,
        };
        let application = &workspace_api::APPLICATION;
        builder.build(application, namespace, |scope| workspace_api::build(scope, &needs));
    }
}
