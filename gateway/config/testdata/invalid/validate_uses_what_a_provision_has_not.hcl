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

  validate "storage" {
    condition = output.storage_mb < plan.limits.storage_mb # ERROR AG311
    message   = "Too large: ${output.storage_mb}." # ERROR AG311
  }

  validate "grow" {
    condition = current.limits.storage_mb < plan.limits.storage_mb # ERROR AG311
    message   = "From ${current.name} to ${plan.name}?" # ERROR AG311
  }

  validate "good" {
    condition = request.verb == "provision" || output.storage_mb < plan.limits.storage_mb && current.id != plan.id
    message   = "From ${try(current.name, "nothing")}."
  }

  validate "other way round" {
    condition = output.storage_mb < 100 || request.verb == "provision"
    message   = "No."
  }

  validate "tried" {
    condition = try(output.storage_mb < plan.limits.storage_mb, true)
    message   = "No."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
