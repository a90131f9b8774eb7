xervo_password = "{{secret}}"
xervo_sso_salt = "{{secret}}"
