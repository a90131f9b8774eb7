addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  sso {
    redirect     = "https://app.acme.example/?t=${sso.token}&p=${output.password}" # ERROR AG309
    token_secret = secret("env:SSO_TOKEN_SECRET")
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
