provider "nanbox" "tinyhost" { # ERROR AG201
  backend = backend.postgres.main
}

provider "heroku" "other" { # ERROR AG299
}
