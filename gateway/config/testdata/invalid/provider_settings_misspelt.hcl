backend "servers" "main" {
  config {
    actions = ["create_server"]
  }
}

provider "nanobox" "tinyhost" {
  backnd = backend.servers.main # ERROR AG202
  pth    = "/tiny"              # ERROR AG202
  tokn   = secret("env:TOKEN")  # ERROR AG202

  region "eu" {
    size = ["b1"] # ERROR AG202
  }
}

provider "nanobox" "bighost" { # ERROR AG401
  backend = backend.servers.main # ERROR AG405
  name    = ["Big"]              # ERROR AG305
}
