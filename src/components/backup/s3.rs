//! The S3-compatible storage that backups are copied to.

use k8s_openapi::api::core::v1::EnvVar;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    builder::{
        credential::{CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::Pods,
        scope::Scope,
    },
    components::pod,
    names::{Bucket, Cidr, DnsLabel, RelativePath, server::S3Endpoint},
    platform::outside::{Outside, Role},
};

/// An S3-compatible storage. Its keys are the sealed credential `backup-s3`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct S3Storage {
    /// Address of the storage, with its scheme and without a path: rclone's
    /// `RCLONE_CONFIG_S3_ENDPOINT`.
    #[schemars(example = &"https://s3.example.org", example = &"https://10.0.0.7:9000")]
    pub endpoint: S3Endpoint,
    /// Name of the bucket, which must exist.
    #[schemars(example = &"platform-backups")]
    pub bucket: Bucket,
    /// Region that requests are signed for: rclone's `RCLONE_CONFIG_S3_REGION`. Absent:
    /// `us-east-1`, which most self-hosted storages accept.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<DnsLabel>,
    /// Folder in the bucket; `.` is the bucket's root. Absent: the platform's name, so that two
    /// platforms in one bucket do not remove each other's backups.
    #[schemars(example = &"backups/chat")]
    pub prefix: Option<RelativePath>,
    /// Network of the storage, where the endpoint's name leads to a private address: the
    /// NetworkPolicy opens the port to this network. Absent: the storage is on the internet, or has
    /// the address that the endpoint names.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// What the storage is asked with.
const KEYS: CredentialSpec = CredentialSpec {
    name: "backup-s3",
    keys: &[
        Key {
            name: "access-key-id",
            value: Value::Shown("the access key's id, as the storage shows it"),
        },
        Key {
            name: "secret-access-key",
            value: Value::Known("the secret access key that belongs to it"),
        },
    ],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

/// The storage.
const STORAGE: Role = Role {
    what: "the storage",
    caller: "the backup",
    without: "every backup then fails",
    host: &["components", "backup", "s3", "endpoint"],
    cidr: &["components", "backup", "s3", "cidr"],
};

impl S3Storage {
    /// The server, as pods reach it.
    pub(super) fn server(&self) -> Outside {
        let Self { endpoint, cidr, .. } = self;
        Outside::new(STORAGE, endpoint.host(), endpoint.port(), cidr.as_ref())
    }

    /// Where the backups of a platform lie, as rclone names it.
    pub(super) fn place(&self, platform: &str) -> String {
        let folder = self.prefix.as_deref().unwrap_or(platform);
        if folder == "." {
            format!("s3:{}", self.bucket)
        } else {
            format!("s3:{}/{folder}", self.bucket)
        }
    }

    /// What rclone reads to find the bucket, and the way there.
    pub(super) fn environment(
        &self,
        scope: &mut Scope<'_>,
        credentials: &CredentialStore,
        me: &Pods,
    ) -> Vec<EnvVar> {
        scope.calls_outside(me, &self.server());
        let keys = credentials.credential(&KEYS);
        vec![
            scope.env_secret("RCLONE_CONFIG_S3_ACCESS_KEY_ID", &keys, "access-key-id"),
            pod::env("RCLONE_CONFIG_S3_ENDPOINT", self.endpoint.to_string()),
            pod::env("RCLONE_CONFIG_S3_PROVIDER", "Other"),
            pod::env("RCLONE_CONFIG_S3_REGION", self.region.as_deref().unwrap_or("us-east-1")),
            scope.env_secret("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", &keys, "secret-access-key"),
            pod::env("RCLONE_CONFIG_S3_TYPE", "s3"),
            // Each piece is read again, not kept, when it is sent again.
            pod::env("RCLONE_S3_CHUNK_SIZE", "8Mi"),
            // A key for this one bucket may not ask for others, nor make one.
            pod::env("RCLONE_S3_NO_CHECK_BUCKET", "true"),
            pod::env("RCLONE_S3_UPLOAD_CONCURRENCY", "1"),
        ]
    }
}
