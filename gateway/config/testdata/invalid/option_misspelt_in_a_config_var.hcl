addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
    limits = { storage_mb = 100 }
  }

  plan "standard" {
    params = { connection_limit = 50 }
    limits = { storage_mb = 5000 }
  }

  option "version" {
    default = "16"
  }

  config_vars = {
    ACME_DB_VERSION = "v${resource.options.vesion}" # ERROR AG302
    ACME_DB_GUESS   = resource.options["versions"]  # ERROR AG302
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
