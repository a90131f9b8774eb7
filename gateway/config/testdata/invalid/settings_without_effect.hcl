addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password        = secret("env:CLEVER_PASSWORD")
    sso_salt        = secret("env:CLEVER_SALT")
    frame_ancestors = ["https://console.clever-cloud.com"] # ERROR AG299
    log_drain       = true                                 # ERROR AG299
  }
}
