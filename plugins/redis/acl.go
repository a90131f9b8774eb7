package redis

// dedicatedRules are what a customer may do on a server of his own: everything
// that is about his data. Redis's categories of what is dangerous and of what
// is for administrators go first, so that what a later version adds to them is
// refused; then what a customer rightly expects comes back. What stays refused
// is listed in the README with the reasons.
func dedicatedRules() []string {
	return []string{
		"~*", "&*",
		"+@all", "-@admin", "-@dangerous", "-acl", "+acl|whoami", "-config", "-module",
		"+flushdb", "+flushall", "+keys", "+sort", "+swapdb", "+restore", "+info", "+role", "+lastsave",
		"+client|list", "+client|kill", "+client|unblock", "+slowlog", "+latency", "+monitor",
	}
}

// sharedRules are what a customer may do on a server that he shares: what is
// about keys and channels that begin with his prefix. Nothing that is about the
// server as a whole: neither what would stop others, nor what would tell of
// them (backends.md §4). They begin with nothing rather than with everything: the
// commands of a module, or of a later version, may know nothing of prefixes.
func sharedRules(prefix string) []string {
	return []string{
		"~" + prefix + "*", "&" + prefix + "*",
		"+@keyspace", "+@string", "+@bitmap", "+@hyperloglog", "+@list", "+@set", "+@sortedset", "+@hash", "+@geo", "+@stream",
		"+@pubsub", "+@transaction", "+@connection",
		"-@admin", "-@dangerous",
		"-scan", "-randomkey", "-dbsize", "-pubsub", "-select", "-move",
		"-client|tracking", // in broadcast mode it tells everybody's key names
		"+acl|whoami", "+memory|usage", "+time",
	}
}
