addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {
    data = { app = "http://app.acme.example" }
  }

  plan "free" {
    params = { connection_limit = 5 }
  }

  sso {
    redirect = region.data.app # ERROR AG412
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
