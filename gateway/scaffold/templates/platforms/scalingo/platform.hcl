  platform "scalingo" {
    username = "{{.Addon}}"
    password = var.scalingo_password
    sso_salt = var.scalingo_sso_salt
  }
