# {{.Name}}: a database for each customer on a PostgreSQL server that you run.

gateway {
  base_url = "https://addons.example.com" # where the platform reaches you
}

# What was sold to whom. One file, made at the first start.
store "sqlite" {
  path = "addongw.db"
}

# Secrets: the values are in addongw.vars.hcl, or else in the environment.
variable "db_admin_url" {
  description = "The role that makes databases: postgres://ROLE:PASSWORD@HOST:5432/postgres"
  type        = string
  sensitive   = true
  default     = secret("env:DB_ADMIN_URL") # unless addongw.vars.hcl sets db_admin_url
}

{{.Variables}}
# How customers' applications speak TLS to the server.
variable "db_sslmode" {
  type    = string
  default = "require"
}

backend "postgres" "main" {
  config {
    admin_url = var.db_admin_url

    # Where customers reach the server, if not as db_admin_url does:
    # host = "db.example.com"
  }
}

addon "{{.Addon}}" {
  name        = "{{.Name}}"
  summary     = "A PostgreSQL database in seconds"
  description = "A PostgreSQL database for your application, with a role of its own."
  backend     = backend.postgres.main

  region "eu" {
    title = "Europe"
  }

  # Customers see plans in this order. Prices are in EUR per 30 days.
  plan "hobby" {
    description = "5 connections, for trying things out."
    price       = 0
    params      = { connection_limit = 5 }
  }

  plan "standard" {
    description = "50 connections, for work."
    price       = 15
    params      = { connection_limit = 50 }
  }

  # What the customer's application finds in its environment. Every template is
  # checked before the gateway starts, for every plan, region and platform.
  config_vars = {
    {{.Prefix}}_URL = "postgres://${output.username}:${urlencode(output.password)}@${output.host}:${output.port}/${output.database}?sslmode=${var.db_sslmode}"
  }

{{.Platforms -}}
}
