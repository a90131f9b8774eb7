# One slip in a header is one error: what it hides is not reported as well.
bakend "postgres" "second" { # ERROR AG201
  config {}
}

addon "acme-db" {
  backend = backend.postgres.second

  regoin "eu" {} # ERROR AG201

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan { # ERROR AG206
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    pasword  = "a-password-of-the-length-they-ask-for" # ERROR AG202
    sso_salt = "a-password-of-the-length-they-ask-for" # WARNING AG418
    regions  = { eu = "eu" }
    plans    = ["free", "big"]
  }
}

#-- second.hcl --
variabel "title" { # ERROR AG201
  type = string
}

addon "acme-kv" "x" { # ERROR AG206
  name = var.title
}

addon "acme-mq" {
  name    = var.title
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    parms = { connection_limit = 5 } # ERROR AG202
  }

  config_vars { # ERROR AG205
    ACME_DB_X = "x"
  }
}
