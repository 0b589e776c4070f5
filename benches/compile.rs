//! What compiling costs an object (built and planned, emitted, judged), and what one platform costs
//! from its text to its tree.

#![expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^52")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, writes its input and runs this program"
)]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(clippy::print_stderr, reason = "a figure on its way from a child to its parent")]

mod support;

use std::{
    collections::BTreeMap, env, fs, hint::black_box, path::Path, process::ExitCode, sync::Arc,
};

use espalier::{
    check::{
        rules,
        view::{SpecView, TenantView, WholeView},
    },
    components::{floor_plan::Platform, workspace::resource::Workspace},
    crds::argocd::Application,
    diag::diagnostic::Diagnostics,
    emit::{files::Files, platform::write},
    load::read,
    plan::{Plan, summary::Summary, tenant::Tenant as Planned},
    platform::files::PLATFORM,
    yaml::{emit, source::Source},
};
use support::{
    Scratch,
    measure::{Best, child, repeat},
    spec,
    table::Table,
};

/// The repository's own platform.
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
    planned: Planned,
    application: Application,
}

fn objects(table: &mut Table) {
    let platform = platform(&spec::platform(spec::ROOMY));
    let file: Arc<str> = PLATFORM.into();
    let plan = Plan::of(Arc::clone(&platform).build(), file.clone());
    let tenants: Vec<Tenant> = (0..TENANTS).map(|it| Tenant::new(it, &plan)).collect();
    let of_tenants: usize = tenants.iter().map(Tenant::objects).sum();

    let of_platform: usize = plan.components().iter().map(|it| it.objects.len() + 1).sum();
    let build = micros(of_platform, || {
        let plan = Plan::of(Arc::clone(&platform).build(), file.clone());
        black_box(plan.budget(&[]));
    });
    table.goal("build + plan, an object of a platform", build, "µs", 2.0);
    let build = micros(of_tenants, || {
        for tenant in &tenants {
            black_box(tenant.build_and_plan(&plan));
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

    let summaries: Vec<Summary> = tenants.iter().map(|it| it.summary(&plan)).collect();
    let mut files = Files::default();
    let revision = write(&plan, &summaries, &plan.budget(&summaries), &mut files);
    let written = (revision, files);
    let judged = micros(of_tenants + of_platform, || {
        drop(black_box(judge(&plan, &tenants, &summaries, &written)));
    });
    table.goal("all rules and the budget, an object", judged, "µs", 2.5);

    let read = micros(TENANTS, || tenants.iter().for_each(|it| drop(black_box(it.read()))));
    table.figure("reading a tenant's file, with spans, typed", read, "µs");
}

impl Tenant {
    fn new(index: usize, plan: &Plan) -> Self {
        let (file, text) = (Arc::from(spec::path(index)), spec::tenant(index, spec::MODELS));
        let workspace: Workspace = Source::parse(Arc::clone(&file), text.as_str())
            .read()
            .0
            .expect("the generated tenant is right");
        let planned = plan.tenant(&workspace).expect("the platform has an issuer");
        let revision = plan.repository().revision();
        let application = plan.application_of_tenant(&planned.name, planned.wave, &revision);
        Self { workspace, file, text, planned, application }
    }

    fn read(&self) -> Option<Workspace> {
        Source::parse(Arc::clone(&self.file), self.text.as_str()).read().0
    }

    /// Its own, its policies, its Application.
    fn objects(&self) -> usize {
        self.planned.component.objects.len() + 1
    }

    fn summary(&self, plan: &Plan) -> Summary {
        let planned = plan.tenant(&self.workspace).expect("the platform has an issuer");
        planned.summary(plan, self.file.clone())
    }

    fn build_and_plan(&self, plan: &Plan) -> impl Sized {
        let planned = plan.tenant(&self.workspace)?;
        let revision = plan.repository().revision();
        let application = plan.application_of_tenant(&planned.name, planned.wave, &revision);
        Some((application, planned.summary(plan, self.file.clone())))
    }

    fn emit(&self, out: &mut Vec<u8>) {
        self.planned.component.objects.iter().for_each(|it| it.emit(out));
        emit::type_meta(out, "argoproj.io/v1alpha1", "Application");
        emit::document(out, &self.application);
    }
}

/// Every rule, on the platform and all tenants, and each of their objects.
fn judge(
    plan: &Plan,
    tenants: &[Tenant],
    summaries: &[Summary],
    written: &(String, Files),
) -> Diagnostics {
    let mut found = Diagnostics::new();
    rules::spec(&SpecView { platform: plan.platform(), file: plan.file() }, &mut found);
    for tenant in tenants {
        let view = TenantView { workspace: &tenant.workspace, plan, file: &tenant.file };
        rules::tenant(&view, &mut found);
        rules::built(plan, &tenant.planned, &tenant.file, &mut found);
    }
    let budget = plan.budget(summaries);
    let (revision, files) = (&written.0, written.1.iter().collect::<Vec<_>>());
    rules::whole(&WholeView::of(plan, summaries, &budget, revision, &files), &mut found);
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

/// A folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("writable");
        }
    }
}

/// The repository's own platform, with all of monitoring, each run a process of its own.
fn one_platform(table: &mut Table) {
    let scratch = Scratch::new();
    let root = scratch.join("one");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("spec"), &root.join("spec"));
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
    table.goal("one platform, first render, CPU", first.took().cpu() * 1e3, "ms", 15.0);
    table.goal(
        "one platform, render with nothing changed, CPU",
        again.took().cpu() * 1e3,
        "ms",
        15.0,
    );
    table.goal("one platform, peak memory", first.peak.max(check.peak), "MiB", 20.0);
    table.goal("one platform, check, wall", check.took().wall * 1e3, "ms", 100.0);
}
