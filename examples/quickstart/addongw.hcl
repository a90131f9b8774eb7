# Tinyfiles: a small vendor of file storage who sells on Clever Cloud. The real
# work, a folder per customer, is done by shell scripts in scripts/.
#
# Try it without changing a thing:   addongw dev examples/quickstart

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://addons.example.com" # where the platform reaches us
}

# What was sold to whom. One file, made at the first start.
store "sqlite" {
  path = "addongw.db"
}

# A backend makes the real thing. This one runs scripts/provision, change_plan,
# suspend, resume, rotate, deprovision and read, all in the same folder.
backend "shell" "files" {
  config {
    directory = "scripts"

    # What the scripts find in their environment, evaluated for each call.
    env = {
      QUOTA_MB = plan.params.quota_mb
      DATA_DIR = env("ADDONGW_QUICKSTART_DIR", "") # empty: the folder data/ beside this file
    }

    # What the scripts return, and so what templates may use.
    output "username" {
      type = string
    }

    # The gateway makes this one itself, keeps it encrypted and hands it to the
    # scripts on standard input.
    output "password" {
      type      = string
      generated = 24
    }

    output "used_mb" {
      type     = number
      measured = true
    }
  }
}

addon "tinyfiles" {
  name        = "Tinyfiles"
  summary     = "File storage over SFTP"
  description = "A private folder for your application, with a backup every night."
  currency    = "EUR"
  backend     = backend.shell.files

  region "eu" {
    title = "Europe"
    data  = { host = "files.eu.example.com" }
  }

  plan "small" {
    description = "100 MB for a blog."
    price       = 2
    params      = { quota_mb = 100 }
    features    = ["100 MB", "Daily backup"]
  }

  plan "large" {
    description = "10 GB for a shop."
    price       = 20
    params      = { quota_mb = 10240 }
    features    = ["10 GB", "Daily backup", "Support by telephone"]
  }

  # What the customer's application finds in its environment. Every template is
  # checked before the gateway starts, for every plan, region and platform.
  config_vars = {
    TINYFILES_URL      = "sftp://${output.username}:${urlencode(output.password)}@${region.data.host}/"
    TINYFILES_QUOTA_MB = plan.params.quota_mb
  }

  # What the customer reads in the platform's dashboard.
  messages {
    provision   = "Your ${plan.params.quota_mb} MB are ready at ${region.data.host}."
    change_plan = "You now have ${plan.params.quota_mb} MB."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" } # their name = ours
  }
}
