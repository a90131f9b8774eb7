this is no configuration and is not read {
