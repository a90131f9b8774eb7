provider "nanobox" "tinyhost" { # ERROR AG204
  region "eu" {}
}

provider "nanobox" "bighost" {
  backend = backend.servers.gone # ERROR AG302

  region "eu" {}
}

provider "nanobox" { # ERROR AG206
}
