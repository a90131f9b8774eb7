backend "servers" "main" {
  config {}
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

provider "nanobox" "Tiny Host" { # ERROR AG213
  backend = backend.servers.main

  region "eu" {}
}

provider "nanobox" "acme-db" { # ERROR AG207
  backend = backend.servers.main

  region "eu" {}
}

provider "nanobox" "tinyhost" {
  backend = backend.servers.main

  region "eu" {}
}

provider "microbox" "tinyhost" { # ERROR AG207
  backend = backend.servers.main

  region "eu" {}
}
#-- other.hcl --
provider "nanobox" "tinyhost" { # ERROR AG207
  backend = backend.servers.main

  region "eu" {}
}
