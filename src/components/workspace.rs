//! A tenant: the same components, in a namespace of its own, built by itself.

pub mod administrator;
pub mod api_kinds;
pub mod database;
pub mod may_make;
pub mod prompt;
pub mod resource;
pub mod sizes;
pub mod status;

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};

use self::resource::{Database, Environment, MemberKind, ModelServer, OnDelete, Workspace};
use crate::{
    builder::{
        component::BuiltComponent,
        face::Transport,
        handle::WildcardRef,
        meta::{OPERATED, SHARES_DATABASE, SHARES_OLLAMA},
        platform,
        scope::Scope,
    },
    components::{
        floor_plan::Assembly,
        ollama::{self, Ollama, prompts::Prompt},
        open_webui::{self, ConnectionPool, OpenWebUi},
        postgresql::databases::{CONNECTIONS_EACH, name_of},
    },
    crds::sealed_secrets::{SealedSecret, SealedSecretSpec, SecretTemplate},
    facts::{domains::LOCAL, kubernetes::POD_SECURITY_VERSION},
    names::Host,
    units::error::ValueError,
};

/// Connections to a database of the platform's PostgreSQL: as few as work.
const POOL: ConnectionPool = ConnectionPool { size: 1, overflow: 1 };
const _: () = assert!(POOL.connections() == CONNECTIONS_EACH, "its role may open as many");

/// The group of the API of roles.
const ROLES: &str = "rbac.authorization.k8s.io";

impl Workspace {
    /// Its Ollama, as the platform's own component; of one that shares the platform's, the models
    /// alone mean something.
    pub fn ollama(&self) -> Ollama {
        let spec = &self.spec;
        Ollama {
            replicas: spec.replicas.ollama,
            models: spec.models.clone(),
            prune: spec.prune_models,
            resources: spec.resources.ollama.clone(),
            storage: spec.storage.ollama,
            ..Ollama::default()
        }
    }

    /// Its Open WebUI, as the platform's own component.
    pub fn open_webui(&self) -> OpenWebUi {
        let plain = OpenWebUi::default();
        OpenWebUi {
            resources: self.spec.resources.open_webui.clone(),
            storage: self.spec.storage.open_webui.unwrap_or(plain.storage),
            ..plain
        }
    }

    /// Whether it has an Ollama of its own.
    pub fn has_ollama(&self) -> bool {
        self.spec.ollama == ModelServer::Dedicated
    }

    /// Whether its chats and users are in a database of the platform's PostgreSQL.
    pub fn has_shared_database(&self) -> bool {
        self.spec.database == Database::Shared
    }

    /// What PostgreSQL keeps of the password of its role there.
    pub fn verifier(&self) -> Option<Arc<str>> {
        let role = self.spec.database_role.as_ref().filter(|_| self.has_shared_database())?;
        Some(role.verifier.shared())
    }

    /// Whether it answers in plain HTTP, on a developer's own computer.
    pub fn is_plain(&self) -> bool {
        self.spec.environment == Environment::Dev && self.spec.hosts.is_empty()
    }

    /// The domain below which it answers unless it has hosts of its own: that of its name, and of
    /// the name that is kept for its API.
    pub fn domain<'a>(&self, assembly: &'a Assembly) -> &'a str {
        let domains = &assembly.platform.spec.domains;
        match self.spec.environment {
            Environment::Dev => LOCAL,
            Environment::Prod => domains.workspaces.as_ref().unwrap_or(&domains.chat),
        }
    }

    /// Its public hosts: those of its own, or the one that follows from its name.
    ///
    /// # Errors
    /// When name and domain together are no host name (too long).
    pub fn hosts(&self, assembly: &Assembly) -> Result<Vec<Host>, ValueError> {
        let spec = &self.spec;
        if !spec.hosts.is_empty() {
            return Ok(spec.hosts.clone());
        }
        let host = format!("{}.{}", spec.workspace_name, self.domain(assembly)).parse()?;
        Ok(vec![host])
    }

    /// Whether the certificate for all workspaces is for every host of this one. Under
    /// development, hosts of its own are certified by the server for tests.
    fn is_covered(&self, wildcard: &WildcardRef, hosts: &[Host]) -> bool {
        self.spec.environment == Environment::Prod && hosts.iter().all(|it| wildcard.covers(it))
    }

    /// The prompts that it uses, those of the platform first.
    fn prompts(&self, assembly: &Assembly) -> Vec<Prompt> {
        let offered = &assembly.platform.prompts;
        let patterns = self.spec.patterns.iter().filter_map(|it| offered.get(it).cloned());
        patterns.chain(self.spec.prompts.iter().map(prompt::Prompt::in_use)).collect()
    }

    /// Its first administrator, and the Secret with the password.
    fn administrator(
        &self,
        scope: &mut Scope<'_>,
        assembly: &Assembly,
    ) -> open_webui::administrator::Administrator<'_> {
        use open_webui::administrator::{Administrator, OWN_KEY, OWN_PASSWORD};
        let (Some(who), Some(crd)) = (&self.spec.administrator, assembly.sealing) else {
            return Administrator::First;
        };
        let part = scope.part("openwebui", "credential", None);
        let password = (OWN_PASSWORD.to_owned(), who.sealed.password.clone());
        let key = who.sealed.secret_key.as_ref().map(|it| (OWN_KEY.to_owned(), it.clone()));
        let has_key = key.is_some();
        let suffix = who.sealed.suffix.as_ref();
        let name = administrator::secret_name(&self.spec.workspace_name, suffix);
        let metadata = scope.meta_named(&part, &name);
        let template = SecretTemplate { metadata: metadata.clone(), data: BTreeMap::new() };
        let encrypted_data = [password].into_iter().chain(key).collect();
        let spec = SealedSecretSpec { encrypted_data, template };
        let secret = scope.add_sealed(crd, SealedSecret { metadata, spec });
        Administrator::Sealed { email: &who.email, secret, has_key }
    }

    /// Its database, and the Secret with the password of its role. None where it has its own.
    fn database(
        &self,
        scope: &mut Scope<'_>,
        assembly: &Assembly,
    ) -> Option<open_webui::database::Database> {
        use open_webui::database::{Database, OWN_PASSWORD, OWN_URL, Password};
        let (Some(role), Some(crd), true) =
            (&self.spec.database_role, assembly.sealing, self.has_shared_database())
        else {
            return None;
        };
        let offered = assembly.databases.as_ref()?;
        scope.wait_until(offered.made);
        let role_name: Arc<str> = name_of(&self.spec.workspace_name).into();
        let part = scope.part("openwebui", "credential", None);
        let suffix = role.sealed.suffix.as_ref();
        let name = database::secret_name(&self.spec.workspace_name, suffix);
        let metadata = scope.meta_named(&part, &name);
        let url = offered.port.endpoint().url_with_password("postgresql", &role_name, &role_name);
        let data = BTreeMap::from([(OWN_URL, url)]);
        let template = SecretTemplate { metadata: metadata.clone(), data };
        let encrypted_data = [(OWN_PASSWORD.to_owned(), role.sealed.password.clone())].into();
        let spec = SealedSecretSpec { encrypted_data, template };
        let secret = scope.add_sealed(crd, SealedSecret { metadata, spec });
        Some(Database {
            port: offered.port.clone(),
            role: role_name.clone(),
            name: role_name,
            parameters: "",
            password: Password::Sealed(secret),
            provided_outside: None,
        })
    }

    /// Builds it. Nothing when the platform has no issuer, or nothing of what it would share.
    pub fn build(&self, assembly: &Assembly) -> Option<BuiltComponent> {
        let (issuer, hosts) = (assembly.issuer.as_ref()?, self.hosts(assembly).ok()?);
        let issuer = match self.spec.environment {
            Environment::Dev => assembly.staging.as_ref().unwrap_or(issuer),
            Environment::Prod => issuer,
        };
        if !self.has_ollama() && assembly.models.is_none()
            || self.has_shared_database() && assembly.databases.is_none()
        {
            return None;
        }
        let (name, versions) = (&self.spec.workspace_name, &assembly.platform.versions);
        let wildcard = assembly.wildcard.as_ref().filter(|it| self.is_covered(it, &hosts));
        let ((), built) = platform::tenant(name, &assembly.cluster, &hosts, |scope, hosts| {
            let Some((host, also)) = hosts.split_first() else { return };
            if self.spec.on_delete == OnDelete::Delete {
                scope.lets_data_go();
            }
            let operated: (&str, &str) = (OPERATED, name);
            let shares = [
                (!self.has_ollama()).then_some(SHARES_OLLAMA),
                self.has_shared_database().then_some(SHARES_DATABASE),
            ];
            let labels = [operated].into_iter().chain(shares.into_iter().flatten());
            scope.namespace_with(name, "restricted", POD_SECURITY_VERSION, labels);
            self.members(scope);
            let own = self.has_ollama().then(|| {
                let prompts = self.prompts(assembly);
                self.ollama().build(scope, &ollama::Needs { prompts: &prompts, versions })
            });
            let Some(models) = own.as_ref().or(assembly.models.as_ref()) else { return };
            let plain = scope.plain().filter(|_| self.is_plain());
            let needs = open_webui::Needs {
                models,
                database: self.database(scope, assembly),
                pool: POOL,
                reader: None,
                sessions: None,
                // Its numbers would stand beside the platform's under the same names.
                telemetry: None,
                host,
                also,
                ingress: &assembly.ingress,
                transport: match (plain, wildcard) {
                    (Some(plain), _) => Transport::Plain(plain),
                    (None, Some(wildcard)) => Transport::Wildcard(wildcard),
                    (None, None) => Transport::Tls(issuer),
                },
                administrator: self.administrator(scope, assembly),
                versions,
            };
            // Nobody else mounts a tenant's volume.
            drop(self.open_webui().build(scope, &needs));
        });
        Some(built)
    }

    /// Lets its members look at what is in its namespace: Kubernetes' own role for that shows no
    /// Secrets.
    fn members(&self, scope: &mut Scope<'_>) {
        let mut members = self.spec.members.clone();
        if members.is_empty() {
            return;
        }
        members.sort();
        members.dedup();
        let part = scope.part("members", "members", None);
        let metadata = scope.meta(&part);
        let subject = |kind: MemberKind, name: String| Subject {
            api_group: Some(ROLES.to_owned()),
            kind: match kind {
                MemberKind::User => "User".to_owned(),
                MemberKind::Group => "Group".to_owned(),
            },
            name,
            namespace: None,
        };
        let subjects = members.into_iter().map(|it| subject(it.kind, it.name.to_string()));
        let role_ref = RoleRef {
            api_group: ROLES.to_owned(),
            kind: "ClusterRole".to_owned(),
            name: "view".to_owned(),
        };
        scope.add(RoleBinding { metadata, role_ref, subjects: Some(subjects.collect()) });
    }
}
