clevercloud_password = "{{secret}}"
clevercloud_sso_salt = "{{secret}}"
