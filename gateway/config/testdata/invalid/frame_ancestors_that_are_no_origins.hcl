addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")

    frame_ancestors = [
      "https://console.clever-cloud.com/",     # ERROR AG213
      "https://*.clever-cloud.com",            # ERROR AG213
      "https://a.example; script-src https:",  # ERROR AG213
      "http://console.clever-cloud.com",       # ERROR AG412
      "https://console.clever-cloud.com:8443",
    ]
  }
}
