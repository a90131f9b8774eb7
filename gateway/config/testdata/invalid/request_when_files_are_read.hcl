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

  option "size" {
    default = request.plan # ERROR AG303
  }

  validate "status" {
    condition = true
    message   = "No."
    status    = current.price # ERROR AG303
  }

  config_vars = {
    ACME_DB_PLAN = request.plan    # ERROR AG303
    ACME_DB_OLD  = current.id      # ERROR AG303
    ACME_DB_VERB = request.verb    # ERROR AG303
    ACME_DB_ON   = request.platform # ERROR AG303
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
