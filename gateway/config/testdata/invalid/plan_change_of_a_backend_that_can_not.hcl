backend "shell" "files" {
  config {
    directory = "scripts"
  }
}

addon "acme-db" {
  backend = backend.shell.files

  region "eu" {}

  plan "small" {}

  plan "large" {}

  plan_change { # WARNING AG228
    allow = true
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
