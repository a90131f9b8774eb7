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

  validate "plan" {
    condition = request.verb == "provision" || plan.id != "free"
    message   = "Ask with ${platform.password}." # ERROR AG309
  }

  validate "output" {
    condition = request.verb == "provision" || output.password != "x"
    message   = request.verb == "provision" ? "No." : "Your password is ${output.password}." # ERROR AG309
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
