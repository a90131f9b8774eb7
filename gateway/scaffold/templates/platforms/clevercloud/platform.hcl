  platform "clevercloud" {
    password = var.clevercloud_password
    sso_salt = var.clevercloud_sso_salt
    regions  = { eu = "eu" } # their name = ours
  }
