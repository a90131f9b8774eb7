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

  quota {
    resources           = plan.limits.resources # ERROR AG302
    resources_per_owner = request.owner.limit   # ERROR AG302

    per_plan = {
      free = resource.plan == "free" ? 1 : 2 # ERROR AG303
    }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
