//! The builder of a platform while its floor plan runs, and of a tenant, which is built alone.

use std::sync::Arc;

use super::{
    chart::Values,
    cluster::Cluster,
    component::BuiltComponent,
    contribution::{Contributed, Contributions},
    handle::{AppId, HostRef, NamespaceRef, Running},
    internet::Internet,
    may_make::MayMake,
    meta::Naming,
    scope::{Closed, Scope},
};
use crate::{
    names::Host,
    platform::{ingress::Ingress, node_group::Nodes, storage::Storage},
};

/// The platform while its floor plan runs.
pub struct PlatformBuilder {
    naming: Naming,
    cluster: Arc<Cluster>,
    built: Vec<BuiltComponent>,
}

impl PlatformBuilder {
    /// A builder without components, for the platform of that name on a cluster with that storage
    /// and those nodes, with k3s' ingress controller or the one that is there already, and with that
    /// way to the internet.
    pub fn new(
        platform: &str,
        storage: &Storage,
        nodes: &Nodes,
        ingress: Option<&Ingress>,
        internet: Internet,
    ) -> Self {
        Self {
            naming: Naming::Platform(platform.into()),
            cluster: Arc::new(Cluster::new(storage, nodes, ingress, internet)),
            built: Vec::new(),
        }
    }

    /// What the cluster offers: the top of every floor plan.
    pub fn cluster(&self) -> Arc<Cluster> {
        self.cluster.clone()
    }

    /// Builds one Application, which has declared what it may ever make. What it needs are handles,
    /// so it can only use what was built before.
    pub fn build<O>(
        &mut self,
        application: &MayMake,
        namespace: &NamespaceRef,
        build: impl FnOnce(&mut Scope<'_>) -> O,
    ) -> O {
        build_into(&mut self.built, (&self.naming, &self.cluster), application, namespace, build)
    }

    /// Builds an Application whose objects all belong to the cluster. Argo CD asks for a
    /// destination all the same: it is the first namespace that the Application declares, and
    /// nothing is put there.
    ///
    /// # Panics
    /// When an object is in a namespace: a component is built for the cluster that should not be.
    pub fn build_for_cluster<O>(
        &mut self,
        application: &MayMake,
        build: impl FnOnce(&mut Scope<'_>) -> O,
    ) -> O {
        let destination = NamespaceRef::of_cluster(application.namespaces[0]);
        let offers = self.build(application, &destination, build);
        let built = self.built.last().expect("it was built in the line above");
        assert!(
            built.objects.iter().all(|it| it.namespace().is_none()),
            "`{}` is built for the cluster, and makes an object in a namespace",
            built.name
        );
        offers
    }

    /// A public host of the spec; `host-taken` holds that no two are the same.
    pub fn host(&mut self, host: &Host) -> HostRef {
        HostRef { host: host.clone() }
    }

    /// No component that contributes can be built after this: the scopes of a [`ClosedBuilder`]
    /// have no way to.
    pub fn close(mut self) -> (ClosedBuilder, Contributions) {
        let contributed = self.built.iter_mut().flat_map(|built| {
            let by = built.name.clone();
            let all = std::mem::take(&mut built.contributed);
            all.into_iter().map(move |what| Contributed { by: by.clone(), what })
        });
        let contributed = contributed.collect();
        let Self { naming, cluster, built } = self;
        (ClosedBuilder { naming, cluster, built }, Contributions(contributed))
    }
}

/// The builder after the last contribution.
pub struct ClosedBuilder {
    naming: Naming,
    cluster: Arc<Cluster>,
    built: Vec<BuiltComponent>,
}

impl ClosedBuilder {
    /// Builds one Application that reads what the others have contributed.
    pub fn collect<O>(
        &mut self,
        application: &MayMake,
        namespace: &NamespaceRef,
        contributions: &Contributions,
        build: impl FnOnce(&mut Scope<'_, Closed>, &Contributions) -> O,
    ) -> O {
        let origin = (&self.naming, &*self.cluster);
        build_into(&mut self.built, origin, application, namespace, |scope| {
            build(scope, contributions)
        })
    }

    /// Gives the chart of a component values that depend on what others have contributed: what it
    /// uses and what it contributes itself was said when it was built.
    ///
    /// # Panics
    /// When the component has no chart.
    pub fn complete(&mut self, component: Running, values: impl Values + 'static) {
        let built = component.owner.and_then(|it| self.built.get_mut(it.index()));
        let chart = built.and_then(|it| it.chart.as_mut()).expect("a chart makes it");
        chart.values = Arc::new(values);
    }

    /// All components, in build order, which is a topological order.
    pub fn finish(self) -> Vec<BuiltComponent> {
        self.built
    }
}

/// Builds one Application behind those that are built.
fn build_into<S, O>(
    all: &mut Vec<BuiltComponent>,
    (naming, cluster): (&Naming, &Cluster),
    application: &MayMake,
    namespace: &NamespaceRef,
    build: impl FnOnce(&mut Scope<'_, S>) -> O,
) -> O {
    let id = AppId(u16::try_from(all.len()).expect("a floor plan has no 65,536 lines"));
    let mut scope =
        Scope::new(Some(id), (naming.clone(), cluster), application.application, namespace);
    let offers = build(&mut scope);
    let mut built = scope.done();
    // Whatever waits for nothing else waits for the first Application, which makes the projects.
    if built.after.is_empty() && id.0 > 0 {
        built.after.insert(AppId(0));
    }
    all.push(built);
    offers
}

/// Builds one tenant by itself, in a namespace of its own, with the public hosts that it has.
/// What it contributes stays with it: ten thousand tenants are told to monitoring by a label, not
/// one by one.
pub fn tenant<O>(
    workspace: &str,
    cluster: &Cluster,
    hosts: &[Host],
    build: impl FnOnce(&mut Scope<'_>, &[HostRef]) -> O,
) -> (O, BuiltComponent) {
    let namespace = NamespaceRef { owner: None, name: workspace.into() };
    let naming = Naming::Tenant(Arc::from(workspace));
    let mut scope = Scope::new(None, (naming, cluster), workspace, &namespace);
    let hosts: Vec<HostRef> = hosts.iter().map(|it| HostRef { host: it.clone() }).collect();
    let offers = build(&mut scope, &hosts);
    (offers, scope.done())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::PlatformBuilder;
    use crate::{
        builder::internet::Internet,
        builder::{
            contribution::{Contribution, Logs, Scrape, Tls},
            dashboard::Dashboard,
            handle::Peer,
            may_make::MayMake,
        },
        platform::{node_group::Nodes, storage::Storage},
        units::Seconds,
    };

    const WEB: MayMake = MayMake::in_namespace("web", &["argocd"], &[]);
    const CONFIG: MayMake = MayMake::in_namespace("monitoring-config", &["argocd"], &[]);

    fn builder() -> PlatformBuilder {
        PlatformBuilder::new(
            "test",
            &Storage::default(),
            &Nodes::of(None, &[]),
            None,
            Internet::default(),
        )
    }

    /// What a component says to monitoring reaches whoever is built last, which can use the handles
    /// in it: a flow and no order, so what is scraped may start later.
    #[test]
    fn contributions_are_read_by_what_is_built_last() {
        let mut builder = builder();
        let cluster = builder.cluster();
        builder.build(&WEB, &cluster.argocd, |scope| {
            let part = scope.part("web", "server", None);
            let port = scope.service(&part, "https", 8443);
            let pods = scope.pods(&part);
            let minute = Seconds::new(60);
            scope.contribute(Scrape::of(port).at("/stats").every(minute).by(Tls::SelfSigned));
            scope.contribute(Logs { labels: &["level"], ..Logs::json(&pods) });
            scope.dashboard(|namespace| {
                assert_eq!(namespace, "argocd");
                Dashboard {
                    name: "web",
                    title: "Web",
                    description: "Does it answer?",
                    variables: Vec::new(),
                    home: Vec::new(),
                    rows: Vec::new(),
                }
            });
        });
        let (mut builder, contributions) = builder.close();
        builder.collect(&CONFIG, &cluster.argocd, &contributions, |scope, contributions| {
            let part = scope.part("monitor", "monitoring", None);
            let me = scope.pods(&part);
            let mut targets = Vec::new();
            for scrape in contributions.scrapes() {
                scope.flow(&me, &scrape.port);
                let pods = scrape.port.pods().expect("it is in the cluster").selector().labels();
                let interval = scrape.interval.expect("it says how often");
                targets.push(format!("{} every {interval} of {pods:?}", scrape.url()));
            }
            let data = [("targets".to_owned(), targets.join("\n"))].into();
            let metadata = scope.meta(&part);
            scope.add(ConfigMap { metadata, data: Some(data), ..ConfigMap::default() });
        });
        assert_eq!(contributions.iter().count(), 3);
        assert!(contributions.all().all(|it| &*it.by == "web"));
        let [web, config] = &builder.finish()[..] else { panic!("two Applications") };
        let data = config.objects[0].get::<ConfigMap>().and_then(|it| it.data.clone());
        assert_eq!(
            data.expect("it has data")["targets"],
            "https://web.argocd.svc.cluster.local:8443/stats every 1m of \
             {\"app.kubernetes.io/instance\": \"web\", \"app.kubernetes.io/name\": \"web\"}"
        );
        let flow = config.flows.iter().next().expect("it may ask");
        assert!(matches!(&flow.to, Peer::Pods(pods) if pods.title() == "argocd/web"), "{flow:?}");
        assert_eq!(flow.port, 8443);
        assert!(web.contributed.is_empty(), "they were taken out of the platform's components");
    }

    /// A tenant is planned by itself: whoever does that has what it contributes.
    #[test]
    fn a_tenant_keeps_what_it_contributes() {
        let cluster = builder().cluster();
        let host = "team.example.com".parse().expect("a host");
        let ((), built) = super::tenant("team", &cluster, &[host], |scope, _| {
            let part = scope.part("web", "server", None);
            let port = scope.service(&part, "http", 8080);
            scope.contribute(Scrape::of(port));
            scope.alert(|_| unreachable!("those of all workloads see a tenant's too"));
            scope.dashboard(|_| unreachable!("that of all workspaces shows a tenant's too"));
        });
        let [Contribution::Scrape(scrape)] = &built.contributed[..] else { panic!("one") };
        assert_eq!(scrape.url(), "http://team-web.team.svc.cluster.local:8080/metrics");
    }

    #[test]
    #[should_panic(expected = "makes an object in a namespace")]
    fn what_is_built_for_the_cluster_is_in_no_namespace() {
        builder().build_for_cluster(&WEB, |scope| {
            let part = scope.part("web", "server", None);
            scope.service(&part, "http", 8080);
        });
    }
}
