# alone
gatway { # ERROR AG201
  base_url = "https://addons.acme.example"
}

backend "postgres" { # ERROR AG206
  config {
    admin_url = secret("env:PG_ADMIN_URL")
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {}
}
