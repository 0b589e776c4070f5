//! A generated spec: one platform and any number of minimal tenants. Benchmarks time it; a test
//! shows that every rule sees it.

/// A node that holds ten thousand tenants: cores and memory.
pub const ROOMY: (&str, &str) = ("100000", "256Ti");

/// `spec/platform.yaml` on a node of this size.
pub fn platform((cpu, memory): (&str, &str)) -> String {
    format!(
        "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata:\n  name: many\nspec:\n  \
         repository: {{url: https://git.example.com/team/platform.git}}\n  node: {{cpu: {cpu}, memory: {memory}, maxPods: 1000000}}\n  \
         domains: {{chat: chat.example.com, workspaces: ws.example.com}}\n  certificates: {{email: operations@example.com}}\n  \
         components:\n    ollama: {{models: [\"llama3.2:1b-instruct-q4_K_M\"]}}\n"
    )
}

/// The path of a tenant's file, relative to the root.
pub fn path(tenant: usize) -> String {
    format!("spec/workspaces/{}.yaml", name(tenant))
}

/// A tenant's file.
pub fn tenant(tenant: usize, models: &str) -> String {
    let name = name(tenant);
    format!(
        "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata:\n  name: {name}\nspec:\n  \
         workspaceName: {name}\n  models: [{models}]\n  administrator:\n    email: operations@example.net\n    sealed: \
         {{suffix: x7k2p, password: {sealed}}}\n",
        sealed = format_args!("AQ{}", "A".repeat(382))
    )
}

/// Models that a minimal tenant lists.
pub const MODELS: &str = "gemma2:2b, llama3.2:1b";

/// The name of a tenant.
pub fn name(tenant: usize) -> String {
    format!("team-{tenant:05}-chat")
}
