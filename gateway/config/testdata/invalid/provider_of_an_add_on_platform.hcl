provider "clevercloud" "tinyhost" { # ERROR AG421
  backend = backend.postgres.main
}
