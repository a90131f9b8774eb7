backend "servers" "main" {
  config {}
}

backend "servers" "both" {
  config {
    only = false
  }
}

addon "acme-db" {
  backend = backend.servers.main # ERROR AG441

  region "eu" {}

  plan "free" {}

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

addon "acme-files" {
  region "eu" {
    backend = backend.servers.main # ERROR AG441
  }

  region "us" {
    backend = backend.servers.both
  }

  plan "free" {}

  plan "large" {
    backend = backend.servers.main # ERROR AG441
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
