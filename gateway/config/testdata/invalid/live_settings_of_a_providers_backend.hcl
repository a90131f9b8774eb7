backend "servers" "main" {
  config {
    actions = ["create_server", "delete_server", "verify"]
    comment = "${resource.name} in ${region.id}" # ERROR AG311
    login   = credential.token                   # ERROR AG303

    env = {
      ADDRESS = output.external_pi      # ERROR AG302
      QUOTA   = plan.params.quota       # ERROR AG302
      ID      = "x${output.ref}"        # ERROR AG311
      NAME    = try("a-${resource.name}", null)
    }
  }
}

backend "servers" "without_verify" {
  config {
    comment = "${resource.name} in ${region.id} of ${resource.owner.name}" # ERROR AG311
    env     = { NAME = "${resource.name} in ${region.id}, ${plan.id}", PASS = output.password } # ERROR AG309
    login   = "x${output.ref}"                                             # ERROR AG311
  }
}

backend "servers" "alone" {
  config {
    comment = "in ${region.id}" # ERROR AG311
  }
}

backend "servers" "shared" {
  config {
    only = false
    env  = { QUOTA = plan.params.quota } # ERROR AG304
  }
}

addon "acme-db" {
  backend = backend.servers.shared

  region "eu" {}

  plan "free" {
    params = { quota = "5" }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

provider "nanobox" "one" {
  backend = backend.servers.main

  region "eu" {}
}

provider "nanobox" "two" {
  backend = backend.servers.without_verify

  server {
    state = "gateway"
  }

  region "eu" {}
}

provider "nanobox" "four" {
  backend = backend.servers.alone

  server {
    state = "backend"
  }

  region "eu" {}
}

provider "nanobox" "three" {
  backend = backend.servers.shared

  region "eu" {}
}
