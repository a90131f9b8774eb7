module "x" { # ERROR AG299
}

store "postgres" { # ERROR AG299
}

secrets "systemd" "s" { # ERROR AG299
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  pool "warm" { # ERROR AG299
    plan = "free"
  }

  hook "welcome" { # ERROR AG299
  }

  dashboard { # ERROR AG299
  }

  hook "h" { # ERROR AG299
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
