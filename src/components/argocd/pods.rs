//! What Argo CD's chart makes, and what its pods speak to.

use crate::{
    builder::{
        chart::{pods::ChartPod, values::Strategy},
        contribution::{Logs, Scrape},
        handle::Pods,
        internet::Https,
        scope::Scope,
    },
    facts::{
        charts::argo_cd::port,
        requests::{self, Allotment},
    },
    platform::repository::{Proof, Repository},
};

/// Controller, repo-server, server, cache, the controller of `ApplicationSet`s, the hook that makes
/// the cache's password. The allotments are those of the first four.
pub(super) fn declared(allotments: [Allotment; 4], strategy: Strategy) -> [ChartPod; 6] {
    let [controller, repo_server, server, redis] = allotments;
    // The chart's strategy reaches neither its redis nor what is no Deployment.
    [
        ChartPod::stateful_set("argocd-application-controller", controller),
        ChartPod::deployment("argocd-repo-server", repo_server)
            .init(requests::ARGO_COPYUTIL)
            .replaced(strategy),
        ChartPod::deployment("argocd-server", server).replaced(strategy),
        ChartPod::deployment("argocd-redis", redis),
        // Its Deployment is there with no pods.
        ChartPod::deployment("argocd-applicationset-controller", requests::ARGO_APPLICATION_SET)
            .replaced(strategy)
            .replicas(0),
        ChartPod::job("argocd-redis-secret-init", requests::ARGO_REDIS_INIT),
    ]
}

/// What its pods speak to. With the default deny of their namespace, what is missing here cuts Argo
/// CD off from what would mend it.
pub(super) fn flows(
    scope: &mut Scope<'_>,
    made: &[Pods; 6],
    repository: &Repository,
    https: &Https,
) {
    let [controller, repo_server, server, redis, _, redis_init] = made;
    for pods in [controller, server, redis_init] {
        scope.calls_api_server(pods);
    }
    for pods in [controller, repo_server, server, redis_init] {
        scope.resolves_names(pods);
    }
    for pods in [controller, server] {
        scope.calls(pods, repo_server, port::REPO_SERVER);
    }
    for pods in [controller, repo_server, server] {
        scope.calls(pods, redis, port::REDIS);
    }
    // Charts come by HTTPS from anywhere, Git by whatever its URL says from wherever its server is.
    scope.calls_https(repo_server, https);
    match repository.proof() {
        Proof::Certificate => scope.calls_https_of(repo_server, https, &repository.server()),
        // A proxy is for HTTPS.
        Proof::HostKey | Proof::Nothing => scope.calls_outside(repo_server, &repository.server()),
    }
    for pods in [controller, repo_server, server, redis] {
        scope.contribute(Logs::text(pods));
    }
    let metrics = [
        (controller, "argocd-application-controller-metrics", port::CONTROLLER_METRICS),
        (repo_server, "argocd-repo-server-metrics", port::REPO_SERVER_METRICS),
        (server, "argocd-server-metrics", port::SERVER_METRICS),
    ];
    for (pods, service, number) in metrics {
        let port = scope.chart_port(pods, service, number, number);
        scope.contribute(Scrape::of(port));
    }
}
