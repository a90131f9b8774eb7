backend "postgres" "second" {
  config {
    admin_url  = "mysql://root@db" # ERROR AG603
    extensions = ["citext", "file_fdw"] # ERROR AG603
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
