//! An ingress controller that is there already, in place of k3s' Traefik.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::resources::Resources;
use crate::{
    facts::{
        kubernetes::{HTTP_PORT, HTTPS_PORT},
        limits::{CHAT, LARGEST_UPLOAD, UPLOAD_PATHS},
        requests::{self, Allotment},
    },
    names::{DnsLabel, IngressClassName, LabelKey, LabelValue},
};

/// An ingress controller that somebody else installs and that serves the public hosts in place of
/// k3s' Traefik. With it, `traefik` must be off, and k3s does not install Traefik.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ingress {
    /// Name of the controller's `IngressClass`: `spec.ingressClassName` of every Ingress, also of
    /// those through which Let's Encrypt checks a host.
    #[schemars(example = &"nginx")]
    pub class: IngressClassName,
    /// Namespace of the controller's pods: network policies let them reach the pods behind the
    /// public hosts. It cannot be one of the platform's own namespaces.
    #[schemars(example = &"nginx-ingress")]
    pub namespace: DnsLabel,
    /// Labels that select the controller's pods in network policies (`podSelector`). Absent: all
    /// pods of `namespace`. No label selects pods in the host's network (`hostNetwork: true`), so
    /// policies would refuse them.
    #[serde(default)]
    #[schemars(extend("examples" = [{"app.kubernetes.io/name": "nginx-ingress"}]))]
    pub pod_labels: BTreeMap<LabelKey, LabelValue>,
    /// TCP port on which the controller's pods take plain HTTP, which may differ from that of its
    /// Service: the NetworkPolicy opens it to cert-manager, which asks for the answer to a
    /// challenge before Let's Encrypt does.
    #[serde(default = "http")]
    #[schemars(example = 8080)]
    pub http_port: u16,
    /// TCP port on which the controller's pods take HTTPS: the NetworkPolicy opens it to
    /// cert-manager as well, since a controller may redirect the question.
    #[serde(default = "https")]
    #[schemars(example = 8443)]
    pub https_port: u16,
    /// Annotations of every Ingress (`metadata.annotations`), which the controller reads: for
    /// example the largest body, requests a second, or how long an answer may take. The tree bounds
    /// nothing at a controller of your own: `out/README.md` lists what it has to. Absent: only
    /// those that cert-manager needs, which are written in any case, and which these cannot
    /// replace.
    #[serde(default)]
    #[schemars(extend(
        "examples" = [{"nginx.org/client-max-body-size": "100m"}]
    ))]
    pub annotations: BTreeMap<LabelKey, String>,
    /// Requests and limits that the controller's pod has, which the budget counts, for one pod:
    /// write the sum where there are several. Nothing of the tree sets them. Absent: what such a
    /// controller usually takes, which `espalier show budget` lists.
    #[serde(default)]
    pub resources: Resources,
}

impl Ingress {
    /// What its pod is promised, as the budget counts it.
    pub fn allotment(&self) -> Allotment {
        self.resources.over(requests::INGRESS)
    }

    /// What its owner has to provide, in a sentence.
    pub fn provided_outside(&self) -> String {
        let paths: Vec<String> = UPLOAD_PATHS.iter().map(|it| format!("`{it}`")).collect();
        format!(
            "An ingress controller of the class `{}` in the namespace `{}`, which serves the \
             public hosts on the ports 80 and 443, redirects plain HTTP to HTTPS, and writes its \
             address into the status of each Ingress: Argo CD waits for that. `bootstrap.sh` \
             installs k3s without Traefik, and no certificate is issued before the controller is \
             there. Nothing of the tree bounds what comes in there, and servers read a body before \
             they know who sends it, so the controller must, by its own settings or by \
             `ingress.annotations`: TLS 1.2 or later; bodies of at most {} at a time, or {} on the \
             paths {}; {} requests a second from one address, and {} requests at once, of which \
             {} with a body. With Traefik on k3s the tree does all this itself.",
            self.class,
            self.namespace,
            CHAT.rest.size.with_unit(),
            LARGEST_UPLOAD.with_unit(),
            paths.join(", "),
            CHAT.rate.average,
            CHAT.sockets.all + CHAT.pages.all,
            CHAT.calls.all,
        )
    }
}

fn http() -> u16 {
    HTTP_PORT
}

fn https() -> u16 {
    HTTPS_PORT
}
