backend "caller" "servers" {
  config {
    action "create_server" {
      path    = "/servers?size=${plan.id}&in=${region.id}"
      body    = { name = args.name, quota = plan.params.quota } # ERROR AG302
      outputs = { ref = response.body.id, external_ip = response.body.ip }
    }

    action "delete_server" {
      path = "/servers/${output.reff}" # ERROR AG302
    }

    action "verify" {
      path = "/me?token=${credential.token}"
    }
  }
}

backend "caller" "both" {
  config {
    provision {
      path = "/accounts"
      body = { tier = plan.params.tier, was = plan.params.teir } # ERROR AG302
    }

    change_plan {
      path = "/accounts/${output.account_id}"
      body = { tier = plan.params.tier }
    }

    action "create_server" {
      path = "/servers"
      body = { size = plan.id, in = region.id }
    }

    action "delete_server" {
      path = "/servers/${output.ref}/${output.status}"
    }
  }
}

addon "acme-mail" {
  backend = backend.caller.both

  region "eu" {}

  plan "starter" {
    params = { tier = "s0" }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

provider "nanobox" "one" {
  backend = backend.caller.servers

  region "eu" {}
}

provider "nanobox" "two" {
  backend = backend.caller.both

  region "eu" {}
}
