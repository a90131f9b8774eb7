# Acme Notes: a vendor whose plugin is written in Python. It makes a notebook for
# each customer and the account with which Acme's application lets them in.
#
# Try it without changing a thing:   NOTES_PEPPER=anything addongw dev examples/python-plugin

gateway {
  listen      = "127.0.0.1:8080"
  base_url    = "https://addons.acme.example" # where the platform reaches us
  plugin_dirs = ["plugins"]
}

store "sqlite" {
  path = "addongw.db"
}

# The program is plugins/addongw-plugin-notes.
backend "notes" "main" {
  version = "~> 1.0"
  tls     = false # it knows no TLS; gateway and plugin talk over a unix socket

  config {
    directory = "data"
    pepper    = secret("env:NOTES_PEPPER")
    customers = 1000
  }
}

addon "acme-notes" {
  name     = "Acme Notes"
  currency = "EUR"
  backend  = backend.notes.main

  region "eu" {}

  plan "small" {
    price  = 2
    params = { quota_mb = 1 }
  }

  plan "large" {
    price  = 20
    params = { quota_mb = 1024 }
  }

  config_vars = {
    ACME_NOTES_URL = "https://${output.username}:${urlencode(output.password)}@notes.acme.example/"
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" } # their name = ours
  }
}
