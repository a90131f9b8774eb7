scalingo_password = "{{secret}}"
scalingo_sso_salt = "{{secret}}"
