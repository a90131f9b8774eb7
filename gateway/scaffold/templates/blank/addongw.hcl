gateway {
  base_url = "https://addons.example.com" # where the platform reaches you
}

# Secrets: the values are in addongw.vars.hcl, or else in the environment.
{{.Variables}}
# What makes the real thing: the plugin addongw-plugin-TYPE, such as shell,
# postgres, redis or http ("addongw plugins list" shows all that are there).
# Until one is named, "addongw validate" asks for it.
#
# backend "TYPE" "main" {
#   config {}
# }

addon "{{.Addon}}" {
  name        = "{{.Name}}"
  summary     = "One line that makes customers curious"
  description = "What it does for an application, in two or three sentences."
  # backend = backend.TYPE.main

  region "eu" {}

  plan "small" {
    description = "What it offers, in a sentence."
    price       = 0
    params      = {}
  }

  # {{.Prefix}}_URL = "https://${output.NAME}/", and so on: what the backend returns.
  config_vars = {}

{{.Platforms -}}
}
