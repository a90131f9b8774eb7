# alone
gateway {
  base_url = "https://addons.acme.example"
}

backend "postgres" "main" {
  config { # ERROR AG204
    extensions = ["citext"]
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
