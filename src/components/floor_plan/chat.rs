//! The part of the floor plan that people chat with: databases, models, sessions, backup.

use super::{Foundations, Metrics, Platform};
use crate::{
    builder::{face::Transport, meta::SHARES_OLLAMA, platform::PlatformBuilder},
    components::{
        backup, json_exporter, ollama,
        open_webui::{self, administrator::Administrator, documents::Documents},
        postgres_exporter,
        postgresql::{self, Postgresql, databases},
        redis, tika,
    },
};

impl Platform {
    /// The database, who makes further ones in it for workspaces, and what counts its queries.
    fn databases(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
    ) -> (Option<postgresql::offers::Offers>, Option<databases::Offers>) {
        let components = &self.spec.components;
        let versions = &self.versions;
        let Foundations { ai, database_priority, credentials, .. } = foundations;
        let credentials = credentials.as_ref();

        let database = credentials.filter(|_| components.postgresql.enabled).map(|credentials| {
            let connections = self.spec.connections();
            if let Some(external) = &components.postgresql.external {
                return external.offers(credentials, connections);
            }
            let needs = postgresql::Needs {
                credentials,
                versions,
                priority: *database_priority,
                connections,
                has_backups: components.backup.as_ref().is_some_and(|it| it.enabled),
                has_exporter: components.postgres_exporter.enabled,
                serves_workspaces: self.spec.workspaces.databases > 0,
            };
            builder.build(&postgresql::APPLICATION, ai, |scope| {
                components.postgresql.build(scope, &needs)
            })
        });
        let databases = database.as_ref().and_then(|database| {
            let administrator = database.administrator.as_ref()?;
            let needs = databases::Needs { database, administrator, versions };
            Some(
                builder.build(&databases::APPLICATION, ai, |scope| databases::build(scope, &needs)),
            )
        });
        if let Some((database, monitor)) =
            database.as_ref().and_then(|it| Some((it, it.monitor.as_ref()?)))
        {
            let needs = postgres_exporter::Needs {
                database,
                monitor,
                max_connections: Postgresql::max_connections(self.spec.connections()),
                versions,
            };
            builder.build(&postgres_exporter::APPLICATION, ai, |scope| {
                components.postgres_exporter.build(scope, &needs);
            });
        }
        (database, databases)
    }

    /// The chat and what it uses: the database, models, sessions; and their backup.
    pub(super) fn chat(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
        metrics: Option<&Metrics>,
    ) -> (Option<ollama::Offers>, Option<databases::Offers>) {
        let components = &self.spec.components;
        let versions = &self.versions;
        let Foundations { ai, ingress, issuers, credentials, .. } = foundations;
        let credentials = credentials.as_ref();

        let (database, databases) = self.databases(builder, foundations);
        let models = components.ollama.enabled.then(|| {
            let needs = ollama::Needs { prompts: &[], versions };
            builder.build(&ollama::APPLICATION, ai, |scope| {
                let models = components.ollama.build(scope, &needs);
                if self.spec.workspaces.shared_ollama {
                    for port in &models.replicas {
                        scope.serves_workspaces(port, SHARES_OLLAMA);
                    }
                }
                models
            })
        });
        if let Some(models) = models.as_ref().filter(|_| components.json_exporter.enabled) {
            let promised = &components.ollama;
            let needs = json_exporter::Needs { models, promised, versions };
            builder.build(&json_exporter::APPLICATION, &foundations.monitoring, |scope| {
                components.json_exporter.build(scope, &needs);
            });
        }
        let sessions = credentials.filter(|_| components.redis.enabled).map(|credentials| {
            builder.build(&redis::APPLICATION, ai, |scope| {
                components.redis.build(scope, credentials, versions)
            })
        });
        let reads_documents =
            components.open_webui.enabled && components.open_webui.documents == Documents::Tika;
        let reader = reads_documents.then(|| {
            builder.build(&tika::APPLICATION, ai, |scope| {
                components.open_webui.tika.build(scope, versions)
            })
        });
        // What is missing here although Open WebUI is wanted was refused before
        // (`component-needed`).
        let mut chat = None;
        if let (true, Some(models), Some(issuers), Some(credentials)) =
            (components.open_webui.enabled, &models, issuers, credentials)
        {
            let host = builder.host(&self.spec.domains.chat);
            let needs = open_webui::Needs {
                models,
                database: database.as_ref().map(open_webui::database::Database::of_platform),
                pool: components.open_webui.pool(&components.postgresql),
                reader: reader.as_ref(),
                sessions: sessions.as_ref(),
                telemetry: metrics.and_then(|it| it.telemetry.as_ref()),
                host: &host,
                also: &[],
                ingress,
                transport: Transport::Tls(&issuers.public),
                administrator: Administrator::Credentials(credentials),
                versions,
            };
            chat = Some(builder.build(&open_webui::APPLICATION, ai, |scope| {
                components.open_webui.build(scope, &needs)
            }));
        }
        if let (Some(backup), Some(credentials)) =
            (components.backup.as_ref().filter(|it| it.enabled), credentials)
        {
            let needs = backup::Needs {
                database: database.as_ref(),
                chat: chat.as_ref(),
                platform: &self.name,
                credentials,
                versions,
            };
            builder.build(&backup::APPLICATION, ai, |scope| backup.build(scope, &needs));
        }
        (models, databases)
    }
}
