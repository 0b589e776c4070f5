//! What compiling costs an object (built and planned, emitted, judged), and what one platform costs
//! from its text to its tree.

#![expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^52")]

mod support;

use std::{collections::BTreeMap, env, fs, hint::black_box, process::ExitCode, sync::Arc};

use espalier::{
    budget::{
        demand::{self, Total},
        report::Report,
    },
    builder::{meta::Naming, scope::BuiltComponent},
    check::{
        models, rules,
        view::{SpecView, TenantView, WholeView},
        workspaces,
    },
    components::{
        floor_plan::{Assembly, Platform},
        workspace::Workspace,
    },
    crds::argocd::Application,
    diag::{diagnostic::Diagnostics, path::FieldPath},
    load::read,
    names::Host,
    plan::{
        applications,
        copies::{self, RequiredSecret},
        policies, projects,
        waves::Waves,
    },
    platform::files::PLATFORM,
    yaml::{emit, source::Source},
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use support::{
    Scratch,
    measure::{Best, child, repeat},
    spec,
    table::Table,
};

/// The repository's own platform.
const OWN: &str = include_str!("../spec/platform.yaml");
/// Tenants that are built to be measured.
const TENANTS: usize = 500;
/// CPU seconds that a round takes at least, and rounds, of which the least is told.
const ROUND: (f64, u32) = (0.2, 7);

fn main() -> ExitCode {
    if env::var(support::ROLE).is_ok() {
        return support::play_driver();
    }
    let mut table = Table::default();
    objects(&mut table);
    one_platform(&mut table);
    table.print("Compiling");
    ExitCode::SUCCESS
}

/// A tenant: what it was read from, and what it came to.
struct Tenant {
    workspace: Workspace,
    file: Arc<str>,
    text: String,
    built: BuiltComponent,
    policies: Vec<NetworkPolicy>,
    application: Application,
    host: Host,
    sum: Total,
}

fn objects(table: &mut Table) {
    let platform = platform(&spec::platform(spec::ROOMY));
    let assembly = Arc::clone(&platform).build();
    let (waves, copies) = (Waves::of(&assembly.components), copies::needed(&assembly.components));
    let tenants: Vec<Tenant> = (0..TENANTS).map(|it| Tenant::new(it, &assembly)).collect();
    let of_tenants: usize = tenants.iter().map(Tenant::objects).sum();

    let own = Arc::clone(&platform);
    let of_platform: usize = assembly.components.iter().map(|it| it.objects.len() + 1).sum();
    let build = micros(of_platform, || {
        let assembly = Arc::clone(&own).build();
        black_box((
            Waves::of(&assembly.components),
            copies::needed(&assembly.components),
            rows(&assembly),
        ));
    });
    table.goal("build + plan, an object of a platform", build, "µs", 2.0);
    let build = micros(of_tenants, || {
        for tenant in &tenants {
            black_box(tenant.build_and_plan(&assembly, &waves));
        }
    });
    table.goal("build + plan, an object of a tenant", build, "µs", 2.0);

    let mut out = Vec::new();
    let emitted = micros(of_tenants, || {
        for tenant in &tenants {
            out.clear();
            tenant.emit(&mut out);
        }
    });
    table.goal("emit, an object (aim 1.5)", emitted, "µs", 3.0);
    table.figure("  its size", out.len() as f64 / tenants[0].objects() as f64, "bytes");

    let file: Arc<str> = PLATFORM.into();
    let judged = micros(of_tenants + of_platform, || {
        drop(black_box(judge(&platform, &file, &assembly, &copies, &tenants)));
    });
    table.goal("all rules and the budget, an object", judged, "µs", 2.5);

    let read = micros(TENANTS, || tenants.iter().for_each(|it| drop(black_box(it.read()))));
    table.figure("reading a tenant's file, with spans, typed", read, "µs");
}

impl Tenant {
    fn new(index: usize, assembly: &Assembly) -> Self {
        let (file, text) = (Arc::from(spec::path(index)), spec::tenant(index, spec::MODELS));
        let workspace: Workspace = Source::parse(Arc::clone(&file), text.as_str())
            .read()
            .0
            .expect("the generated tenant is right");
        let built = workspace.build(assembly).expect("the platform has an issuer");
        let (policies, application) = (policies(&built), application(&built, assembly, 0));
        let (host, sum) =
            (workspace.host(assembly).expect("its name is short"), demand::of_tenant(&built));
        Self { workspace, file, text, built, policies, application, host, sum }
    }

    fn read(&self) -> Option<Workspace> {
        Source::parse(Arc::clone(&self.file), self.text.as_str()).read().0
    }

    /// Its own, its policies, its Application.
    fn objects(&self) -> usize {
        self.built.objects.len() + self.policies.len() + 1
    }

    fn build_and_plan(&self, assembly: &Assembly, waves: &Waves) -> impl Sized {
        let built = self.workspace.build(assembly);
        built.map(|built| {
            let (policies, sum) = (policies(&built), demand::of_tenant(&built));
            let wave = waves.wave_after(built.after.iter().copied());
            let application = application(&built, assembly, wave);
            (built, policies, sum, application)
        })
    }

    fn emit(&self, out: &mut Vec<u8>) {
        self.built.objects.iter().for_each(|it| it.emit(out));
        self.policies.iter().for_each(|it| emit::document(out, it));
        emit::type_meta(out, "argoproj.io/v1alpha1", "Application");
        emit::document(out, &self.application);
    }
}

fn policies(built: &BuiltComponent) -> Vec<NetworkPolicy> {
    policies::of_namespace(
        &built.namespace,
        &built.name,
        &Naming::Tenant(built.name.clone()),
        built.flows.iter(),
    )
}

fn application(built: &BuiltComponent, assembly: &Assembly, wave: u32) -> Application {
    let (repository, name) = (&assembly.platform.spec.repository, &assembly.platform.name);
    let follows =
        applications::Follows { repository, revision: &repository.revision(), platform: name };
    applications::of_component(
        built,
        wave,
        projects::TENANTS,
        &applications::folder(&built.name),
        &follows,
    )
}

fn rows(assembly: &Assembly) -> Vec<demand::Row> {
    assembly.components.iter().flat_map(demand::rows).collect()
}

/// Every rule, on the platform and all tenants.
fn judge(
    platform: &Platform,
    file: &Arc<str>,
    assembly: &Assembly,
    copies: &[RequiredSecret],
    tenants: &[Tenant],
) -> Diagnostics {
    let mut found = Diagnostics::new();
    rules::spec(&SpecView { platform, file }, &mut found);
    let models = FieldPath::root().key("spec").key("models");
    for tenant in tenants {
        workspaces::name(&tenant.workspace, &tenant.file, &mut found);
        workspaces::served(&tenant.workspace, assembly, &tenant.file, &mut found);
        models::listed(&tenant.workspace.ollama(), &tenant.file, &models, &mut found);
        black_box(demand::of_tenant(&tenant.built));
    }
    let rows = rows(assembly);
    let mut all: Total = rows.iter().collect();
    for tenant in tenants {
        all.extend(&tenant.sum);
    }
    let budget = Report::of_sum(platform.spec.all_nodes(), rows, all, Vec::new());
    let views = tenants.iter().map(|tenant| TenantView {
        file: &tenant.file,
        name: Some(&tenant.built.name),
        host: Some(&tenant.host),
        sum: &tenant.sum,
    });
    let tenants: Vec<TenantView<'_>> = views.collect();
    rules::whole(
        &WholeView {
            spec: SpecView { platform, file },
            assembly,
            tenants: &tenants,
            budget: &budget,
            copies,
        },
        &mut found,
    );
    assert!(!found.has_errors(), "the generated spec is right");
    found
}

fn platform(text: &str) -> Arc<Platform> {
    let texts: BTreeMap<Arc<str>, Source> =
        [(PLATFORM.into(), Source::parse(PLATFORM, text))].into();
    Arc::new(read::platform(&texts).0.expect("the spec is right"))
}

/// CPU microseconds that one of so many things takes; this thread only does these.
fn micros(things: usize, mut all: impl FnMut()) -> f64 {
    let (least, rounds) = ROUND;
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let (mut times, before) = (0.0, thread_cpu());
        let took = loop {
            all();
            times += 1.0;
            let took = thread_cpu() - before;
            if took >= least {
                break took;
            }
        };
        best = best.min(took / times);
    }
    best * 1e6 / things as f64
}

/// CPU seconds of this thread, from the scheduler's own count.
fn thread_cpu() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|it| it.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// The repository's own platform, each run a process of its own.
fn one_platform(table: &mut Table) {
    let scratch = Scratch::new();
    let root = scratch.join("one");
    fs::create_dir_all(root.join("spec")).expect("writable");
    fs::write(root.join("spec/platform.yaml"), OWN).expect("writable");
    let [mut first, mut again, mut check] = [Best::default(); 3];
    for _ in 0..5 {
        repeat(&mut first, 20, |_| {
            for folder in ["apps", "bootstrap", "out", ".espalier"] {
                let _ = fs::remove_dir_all(root.join(folder));
            }
            child(&mut support::driver(&root, "render"))
        });
        repeat(&mut again, 20, |_| child(&mut support::driver(&root, "render")));
        repeat(&mut check, 20, |_| child(&mut support::driver(&root, "check")));
    }
    table.goal("one platform, first render, CPU", first.took().cpu() * 1e3, "ms", 10.0);
    table.goal(
        "one platform, render with nothing changed, CPU",
        again.took().cpu() * 1e3,
        "ms",
        10.0,
    );
    table.goal("one platform, peak memory", first.peak.max(check.peak), "MiB", 20.0);
    table.goal("one platform, check, wall", check.took().wall * 1e3, "ms", 100.0);
}
