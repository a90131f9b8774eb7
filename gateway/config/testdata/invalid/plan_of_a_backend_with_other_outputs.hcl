backend "shell" "files" {
  config {
    directory = "scripts"

    output "url" {
      type = string
    }
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "files" {
    params = { connection_limit = 5 }
    backend = backend.shell.files
  }

  config_vars = {
    ACME_DB_URL = output.host # ERROR AG302
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
