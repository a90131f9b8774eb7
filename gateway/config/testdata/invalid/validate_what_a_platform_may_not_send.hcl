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

  validate "name" {
    condition = strlen(request.name) < 20 # ERROR AG308
    message   = "The name ${request.name} is long." # ERROR AG311
  }

  validate "orders" {
    condition = true
    message   = request.verb == "provision" ? "The name ${request.name} is long." : "No." # ERROR AG311
  }

  validate "good" {
    condition = request.name == null || strlen(request.name) < 20
    message   = "The name is too long for ${request.region} and ${request.plan} on ${request.platform} at ${request.verb}."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
