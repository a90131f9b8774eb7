# {{.Name}}: what it is made by, what it costs, and where it is sold.
#
# Try it without changing a thing:   addongw dev

gateway {
  base_url = "https://addons.example.com" # where the platform reaches you
}

# What was sold to whom. One file, made at the first start.
store "sqlite" {
  path = "addongw.db"
}

# Secrets: the values are in addongw.vars.hcl, or else in the environment.
{{.Variables}}
# A backend makes the real thing. This one runs scripts/provision,
# change_plan, suspend, resume, deprovision and read, all in the same folder:
# replace what they do by what your service needs.
backend "shell" "main" {
  config {
    directory = "scripts"

    # What the scripts find in their environment, evaluated for each call.
    env = {
      QUOTA_MB = plan.params.quota_mb
    }

    # What the scripts return, and so what config_vars may use.
    output "username" {
      type = string
    }

    # The gateway makes this one itself, keeps it encrypted, and hands it to the
    # scripts on standard input.
    output "password" {
      type      = string
      generated = 24
    }
  }
}

addon "{{.Addon}}" {
  name        = "{{.Name}}"
  summary     = "One line that makes customers curious"
  description = "What it does for an application, in two or three sentences."
  backend     = backend.shell.main

  region "eu" {
    title = "Europe"
    data  = { host = "eu.example.com" }
  }

  # Customers see plans in this order. Prices are in EUR per 30 days.
  plan "small" {
    description = "100 MB for a blog."
    price       = 2
    params      = { quota_mb = 100 }
  }

  plan "large" {
    description = "10 GB for a shop."
    price       = 20
    params      = { quota_mb = 10240 }
  }

  # What the customer's application finds in its environment. Every template is
  # checked before the gateway starts, for every plan, region and platform.
  config_vars = {
    {{.Prefix}}_URL      = "sftp://${output.username}:${urlencode(output.password)}@${region.data.host}/"
    {{.Prefix}}_QUOTA_MB = plan.params.quota_mb
  }

{{.Platforms -}}
}
