locals {
  token = secret("env:TOKEN")
}

backend "caller" "main" {
  config {
    provision {
      path = "/accounts/${output.acount_id}" # ERROR AG302
      body = {
        tier  = plan.params.teir                                   # ERROR AG302
        eu    = resource.region == "eu" ? output.nope : local.token # ERROR AG302
        id    = respons.body.id                                    # ERROR AG301
        early = response.body.id                                   # ERROR AG303
        size  = plan.params.size
        key   = uper(output.api_key)  # ERROR AG307
        login = credential.token      # ERROR AG303
        asked = request.region        # ERROR AG303
        name  = "a-${resource.name}"  # ERROR AG311
        unset = local.tokn            # ERROR AG302
      }
      outputs = {
        account_id = response.body.account.id
        key        = try(response.body.account.key, output.api_key)
        other      = respons.body.id # ERROR AG301
      }
    }

    change_plan {
      path    = "/keys/${output.api_key}" # ERROR AG309
      outputs = ["a"]                     # ERROR AG305
    }

    action "verify" {
      path = [args.name] # ERROR AG305
      body = args.name
    }
  }
}

addon "acme-mail" {
  backend = backend.caller.main

  region "eu" {}

  plan "starter" {
    params = { tier = "s0" }
  }

  plan "growth" {
    params = { tier = "s1", size = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
