//! The operator: makes each AIChatWorkspace of a cluster what the platform's spec says, and keeps
//! it so.

mod cluster;
mod endpoints;
mod fleet;
mod hash;
mod leader;
mod ledger;
mod metrics;
mod plan;
mod platform;
mod queue;
mod reconcile;
mod resource;
mod rollout;
mod room;
mod run;
mod serve;
mod status;

use std::{io::stdout, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, builder::RangedU64ValueParser};
use tracing_subscriber::EnvFilter;

/// Keeps the workspaces of an AI chat platform.
#[derive(Parser)]
#[command(name = "espalier-operator", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Makes and keeps all workspaces, until it is told to stop.
    Run(Run),
    /// Prints what this version and this spec would change, and changes nothing.
    Plan(Common),
    /// Serves the HTTP API of workspaces, until it is told to stop.
    Serve(Serve),
}

/// What every verb needs.
#[derive(Args)]
struct Common {
    /// Folder with the platform's spec: `spec/platform.yaml` and what it names.
    #[arg(long, value_name = "DIR")]
    platform: PathBuf,
    /// Namespace of the resources of workspaces, which is the operator's own.
    #[arg(long, value_name = "NAMESPACE")]
    namespace: String,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    common: Common,
    /// Write only while holding the Lease, so that several replicas can run.
    #[arg(long)]
    leader_elect: bool,
    /// Address of `/metrics`; `0` for none.
    #[arg(long, value_name = "ADDRESS", default_value = ":8080")]
    metrics_bind_address: String,
    /// Address of `/livez` and `/readyz`; `0` for none.
    #[arg(long, value_name = "ADDRESS", default_value = ":8081")]
    health_probe_bind_address: String,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    common: Common,
    /// Address of the API, in plain HTTP: TLS ends before it.
    #[arg(long, value_name = "ADDRESS", default_value = ":8080")]
    bind_address: String,
    /// Address of `/metrics`; `0` for none.
    #[arg(long, value_name = "ADDRESS", default_value = ":8082")]
    metrics_bind_address: String,
    /// Address of `/livez` and `/readyz`; `0` for none.
    #[arg(long, value_name = "ADDRESS", default_value = ":8081")]
    health_probe_bind_address: String,
    /// Audience of tokens that are made for this API.
    #[arg(long, value_name = "AUDIENCE", default_value = "aichat-workspace-api")]
    audience: String,
    /// Audience of the API server itself, with which it answers for tokens of an OIDC issuer.
    #[arg(
        long,
        value_name = "AUDIENCE",
        default_value = "https://kubernetes.default.svc.cluster.local"
    )]
    api_server_audience: String,
    /// What the API server puts before the names of an OIDC issuer's users, such as `oidc:`;
    /// without it, only tokens that are made for this API are taken.
    #[arg(long, value_name = "PREFIX")]
    oidc_prefix: Option<String>,
    /// Requests a second of one user, and of one address.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = number())]
    rate: u32,
    /// How many of them at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = number())]
    burst: u32,
    /// Network of proxies whose `X-Forwarded-For` is believed, such as `10.42.0.0/16`; may be
    /// repeated.
    #[arg(long, value_name = "NETWORK")]
    trusted_proxy: Vec<serve::limits::Network>,
}

/// A number that a bound can be.
fn number() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=10_000)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
    // One thread: the work is waiting, and a second one would cost memory.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system gives what one thread needs");
    let outcome = match arguments.verb {
        Verb::Run(run) => runtime.block_on(run::run(run::Options {
            platform: run.common.platform,
            namespace: run.common.namespace,
            leader_elect: run.leader_elect,
            metrics: run.metrics_bind_address,
            probes: run.health_probe_bind_address,
        })),
        Verb::Serve(all) => runtime.block_on(serve::serve(serve::Options {
            platform: all.common.platform,
            namespace: all.common.namespace,
            address: all.bind_address,
            metrics: all.metrics_bind_address,
            probes: all.health_probe_bind_address,
            audience: all.audience,
            of_server: all.api_server_audience,
            oidc_prefix: all.oidc_prefix,
            bounds: serve::state::Bounds {
                rate: all.rate,
                burst: all.burst,
                trusted: all.trusted_proxy,
            },
        })),
        Verb::Plan(common) => {
            runtime.block_on(plan::plan(&common.platform, &common.namespace, &mut stdout().lock()))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        let said = ["espalier-operator", "serve", "--platform", ".", "--namespace", "n"];
        let more = ["--trusted-proxy", "10.42.0.0/16", "--oidc-prefix", "oidc:", "--rate", "5"];
        let read = Arguments::try_parse_from(said.into_iter().chain(more)).expect("arguments");
        let Verb::Serve(serve) = read.verb else { panic!("another verb") };
        assert_eq!((serve.rate, serve.burst), (5, 30));
        assert_eq!(serve.audience, "aichat-workspace-api");
        let wrong = said.into_iter().chain(["--trusted-proxy", "10.42.0.0"]);
        assert!(Arguments::try_parse_from(wrong).is_err());
    }
}
