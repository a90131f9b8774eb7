backend "shell" "files" {
  config {
    directory = "scripts"
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params       = { connection_limit = 5 }
    rotate_every = "90d"
    rotate_grace = "1h30m"
  }

  plan "often" {
    params       = { connection_limit = 5 }
    rotate_every = "12h" # ERROR AG213
  }

  plan "long" {
    params       = { connection_limit = 5 }
    rotate_every = "30d" # ERROR AG213
    rotate_grace = "20d"
  }

  plan "short" {
    params       = { connection_limit = 5 }
    rotate_every = "a month" # ERROR AG213
    rotate_grace = "10s"     # ERROR AG213
  }

  plan "scripts" {
    backend      = backend.shell.files
    rotate_every = "90d" # ERROR AG406
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

addon "acme-cache" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params       = { connection_limit = 5 }
    rotate_every = "90d" # ERROR AG406
  }

  plan "elsewhere" {
    params       = { connection_limit = 5 }
    rotate_every = "90d"
    platforms    = ["clevercloud"]
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }

  platform "needycloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
