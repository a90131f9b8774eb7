# What the tests of providers are read with.
backend "servers" "main" {
  config {
    comment = "${plan.id} in ${region.id} of ${addon.name} for ${resource.owner.id} on ${platform.id}"
    env     = { ADDRESS = output.external_ip }
    login   = output.password
  }
}

provider "nanobox" "tinyhost" {
  name    = "Tiny Host"
  backend = backend.servers.main
  token   = secret("env:TINY_TOKEN")

  region "lyo1" {
    sizes = ["b1", "b2"]
  }

  region "par1" {
    sizes = ["b1"]
  }
}
