gateway {
  required_version = ">= 0.1"
  listen           = "127.0.0.1:8080"
  base_url         = "https://addons.acme.example/"
  plugin_dirs      = ["plugins"]
  drain            = "45s"

  admin {
    listen = "unix:/run/addongw/admin.sock"
  }

  log {
    format = "json"
    level  = "warn"
  }
}

store "sqlite" {
  path = "state/addongw.db"
}

keyring {
  key "2026-11" {
    value   = secret("run:keyring_2026_11")
    primary = true
  }

  key "2025-11" {
    value = secret("run:keyring_2025_11")
  }
}

secrets "file" "run" {
  directory = var.secrets_directory
}

variable "secrets_directory" {
  type    = string
  default = "secrets"
}

variable "db_hosts" {
  description = "Public host name of the database server of each region."
  type        = map(string)
}

variable "note" {
  type    = string
  default = null
}

locals {
  # Used before it is defined, and out of order.
  sizes = [for s in local.raw : { id = s[0], price = s[1], connections = s[2] }]
  raw   = [["hobby", 0, 5], ["standard", 15, 50], ["business", 90, 200]]
}

backend "postgres" "main" {
  version     = "~> 1.0"
  concurrency = 8

  timeouts {
    provision   = "25s"
    deprovision = "2m"
    suspend     = "3s"
    rotate      = "6s"
    resume      = "4s"
  }

  retry {
    attempts    = 5
    min_backoff = "1s"
  }

  config {
    admin_url  = secret("run:postgres_admin_url")
    database   = "acme_${resource.short_id}"
    role       = "u_${resource.short_id}"
    comment    = "${plan.name} of ${addon.name} in ${region.id}"
    extensions = ["pgcrypto", "citext"]
    ca_file    = "ca.pem"
  }
}

backend "shell" "files" {
  tls = false

  config {
    directory = "scripts"
    env       = { QUOTA_MB = tostring(plan.params.quota_mb) }

    dynamic "output" {
      for_each = { url = true, used_mb = false }

      content {
        type      = string
        sensitive = output.value
      }

      labels = [output.key]
    }
  }
}
