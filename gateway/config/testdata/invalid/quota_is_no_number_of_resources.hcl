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
    resources           = -1  # ERROR AG213
    resources_per_owner = 2.5 # ERROR AG213

    per_plan = {
      free     = "many"    # ERROR AG305
      standard = [1, 2, 3] # ERROR AG305
    }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
