//! The codes of the rules: kebab-case, stable, one constant each. The codes of the YAML reader and
//! of the command line are in their own modules.

/// An answer as long as the context.
pub const ANSWER_BEYOND_CONTEXT: &str = "answer-beyond-context";
/// A checksum that the bootstrap script cannot use.
pub const CHECKSUM_UNUSABLE: &str = "checksum-unusable";
/// Backups are on the disk that they should protect against losing.
pub const BACKUP_ON_THE_SAME_DISK: &str = "backup-on-the-same-disk";
/// Backups are sent in the clear.
pub const BACKUP_WITHOUT_TLS: &str = "backup-without-tls";
/// There is nothing to back up.
pub const BACKUP_OF_NOTHING: &str = "backup-of-nothing";
/// A sealed value that is no ciphertext.
pub const CIPHERTEXT_INVALID: &str = "ciphertext-invalid";
/// A component is disabled that another needs.
pub const COMPONENT_NEEDED: &str = "component-needed";
/// A context that no listed model was trained for.
pub const CONTEXT_BEYOND_TRAINING: &str = "context-beyond-training";
/// The Secret's name does not fit how it is found.
pub const SEALED_NAME: &str = "sealed-name";
/// A sealed value does not match its scope.
pub const SEALED_SCOPE: &str = "sealed-scope";
/// Sealed with another certificate.
pub const SEALED_WITH_ANOTHER_CERTIFICATE: &str = "sealed-with-another-certificate";
/// The sealing certificate has expired, or will soon.
pub const SEALING_CERTIFICATE_EXPIRES: &str = "sealing-certificate-expires";
/// Values are sealed, and `spec/sealing.pem` is not there.
pub const SEALING_CERTIFICATE_MISSING: &str = "sealing-certificate-missing";
/// `spec/sealing.pem` is not a usable certificate.
pub const SEALING_CERTIFICATE_INVALID: &str = "sealing-certificate-invalid";
/// A credential is sealed, but not for this namespace.
pub const CREDENTIAL_NOT_SEALED_FOR: &str = "credential-not-sealed-for";
/// A credential has no sealed value yet.
pub const CREDENTIAL_NOT_SEALED: &str = "credential-not-sealed";
/// A sealed value is not used.
pub const CREDENTIAL_NOT_USED: &str = "credential-not-used";
/// The network policy blocks the database.
pub const DATABASE_UNREACHABLE: &str = "database-unreachable";
/// A value was left over from an example.
pub const EXAMPLE_VALUE: &str = "example-value";
/// A file's name and the name in it differ.
pub const FILE_NAME_DIFFERS: &str = "file-name-differs";
/// A model's figures are implausible.
pub const FIGURES_IMPLAUSIBLE: &str = "figures-implausible";
/// Figures of a model that is not listed.
pub const FIGURES_NOT_USED: &str = "figures-not-used";
/// A host is not a public name.
pub const HOST_NOT_PUBLIC: &str = "host-not-public";
/// A public host is used twice.
pub const HOST_TAKEN: &str = "host-taken";
/// A quantised key/value cache without flash attention.
pub const KV_CACHE_NEEDS_FLASH_ATTENTION: &str = "kv-cache-needs-flash-attention";
/// A memory limit is below the request.
pub const LIMIT_BELOW_REQUEST: &str = "limit-below-request";
/// A memory limit is below what the tested version needs.
pub const LIMIT_BELOW_TESTED: &str = "limit-below-tested";
/// Limits sum to more than the spec permits.
pub const LIMITS_OVERCOMMITTED: &str = "limits-overcommitted";
/// More or fewer models in memory than the listed ones need.
pub const MAX_LOADED_MODELS: &str = "max-loaded-models";
/// `memTotal` and `memory` cannot both be true.
pub const MEM_TOTAL_DIFFERS: &str = "mem-total-differs";
/// A container's memory is below what its models need.
pub const MODEL_NEEDS_MEMORY: &str = "model-needs-memory";
/// A model is larger than its GPUs.
pub const MODEL_NEEDS_VRAM: &str = "model-needs-vram";
/// A model's memory for images is not known.
pub const IMAGE_MEMORY_UNKNOWN: &str = "image-memory-unknown";
/// A tag that the library may not have.
pub const MODEL_TAG_UNLISTED: &str = "model-tag-unlisted";
/// A model without figures.
pub const MODEL_UNKNOWN: &str = "model-unknown";
/// A model that does not support tools.
pub const MODEL_WITHOUT_TOOLS: &str = "model-without-tools";
/// A model is listed twice.
pub const MODEL_LISTED_TWICE: &str = "model-listed-twice";
/// Ollama without a model.
pub const NO_MODELS: &str = "no-models";
/// CPU requests sum to more than the node can give.
pub const NODE_CPU_EXCEEDED: &str = "node-cpu-exceeded";
/// Pods request more GPUs than the nodes have.
pub const NODE_GPUS_EXCEEDED: &str = "node-gpus-exceeded";
/// Memory requests sum to more than the node can give.
pub const NODE_MEMORY_EXCEEDED: &str = "node-memory-exceeded";
/// Two groups of nodes have one name.
pub const NODE_GROUP_TWICE: &str = "node-group-twice";
/// Neither one node nor several, or both.
pub const NODE_OR_NODES: &str = "node-or-nodes";
/// More pods than a node runs.
pub const NODE_PODS_EXCEEDED: &str = "node-pods-exceeded";
/// No room for the pod that a rolling update adds.
pub const NO_ROOM_FOR_ROLLOUT: &str = "no-room-for-rollout";
/// Only models that make embeddings.
pub const ONLY_EMBEDDING_MODELS: &str = "only-embedding-models";
/// A number is out of range.
pub const OUT_OF_RANGE: &str = "out-of-range";
/// A PostgreSQL of another major version.
pub const POSTGRESQL_MAJOR: &str = "postgresql-major";
/// PostgreSQL's limit is below what it may use at worst.
pub const POSTGRESQL_LIMIT: &str = "postgresql-limit-too-low";
/// The repository is fetched without TLS.
pub const REPOSITORY_WITHOUT_TLS: &str = "repository-without-tls";
/// Several replicas of Open WebUI without Redis.
pub const REPLICAS_NEED_REDIS: &str = "replicas-need-redis";
/// A pod fits on none of several nodes.
pub const POD_WITHOUT_PLACE: &str = "pod-without-place";
/// No server among the nodes, or an even number of them.
pub const SERVER_NODES: &str = "server-nodes";
/// A signer's key has expired, or will soon.
pub const SIGNING_KEY_EXPIRES: &str = "signing-key-expires";
/// A setting has no effect.
pub const SETTING_WITHOUT_EFFECT: &str = "setting-without-effect";
/// There is no spec.
pub const SPEC_MISSING: &str = "spec-missing";
/// A volume is smaller than what it must hold.
pub const STORAGE_TOO_SMALL: &str = "storage-too-small";
/// Argo CD on a Kubernetes that it is not tested on.
pub const UNSUPPORTED_PAIR: &str = "unsupported-pair";
/// The context is too small for the tools.
pub const TOOLS_NEED_CONTEXT: &str = "tools-need-context";
/// A version is pinned for something that is not there.
pub const UNKNOWN_VERSION: &str = "unknown-version";
/// Replicas of Open WebUI on several nodes have no shared volume.
pub const UPLOADS_NEED_SHARED_STORAGE: &str = "uploads-need-shared-storage";
/// A version that was not tested with the rest.
pub const UNTESTED_VERSION: &str = "untested-version";
/// Sync waves may have no effect.
pub const WAVES_WAIT_FOR_NOTHING: &str = "waves-wait-for-nothing";
/// A workspace's public host is longer than a host name may be.
pub const WORKSPACE_HOST: &str = "workspace-host-too-long";
/// A workspace's name is taken, reserved or too long.
pub const WORKSPACE_NAME: &str = "workspace-name";
/// A workspace without an administrator.
pub const WORKSPACE_ADMINISTRATOR: &str = "workspace-without-administrator";
