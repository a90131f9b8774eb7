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

  plan_change {
    from   = ["free"]
    allow  = false
    reason = "Free stays free."
  }

  plan_change {
    to     = ["free"]
    allow  = false
    reason = "Free is full."
  }

  plan_change { # WARNING AG228
    from  = ["standard", "free"]
    allow = true
  }

  plan_change { # WARNING AG228
    from  = ["free"]
    to    = ["free"]
    allow = true
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
