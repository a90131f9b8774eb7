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

  plan "business" {
    params = { connection_limit = 200 }
    limits = { storage_mb = 50000, seats = 10 }
  }

  plan_change {
    to     = ["free"]
    allow  = output.storage_mb < plan.limits.storage_mb && current.limits.seats > 3 # ERROR AG304
    reason = "It has ${current.limits.seat} seats."                                 # ERROR AG302
  }

  plan_change {
    allow  = plan.limits.seats > 3 # ERROR AG304
    reason = "It has ${output.storagemb} MB." # ERROR AG302
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
