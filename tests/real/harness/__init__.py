"""What the judges stand on: tools, sandbox, servers, nodes, trees, tables. Nothing in here judges,
and nothing in here imports a judge."""
