"""What this deployment runs, in YAML: connection, imports, events, profiles, scores, audiences, exports."""
