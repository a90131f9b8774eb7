package redis

import "slices"

// dedicatedRules are what a customer may do on a server of his own: everything
// that is about his data. Redis's categories of what is dangerous and of what
// is for administrators go first, so that what a later version adds to them is
// refused; then what a customer rightly expects comes back. What stays refused
// is listed in the README with the reasons.
func dedicatedRules() []string {
	return append([]string{"~*", "&*"}, slices.Concat(common(), []string{
		"+flushdb", "+flushall", "+keys", "+sort", "+swapdb", "+restore", "+info", "+role", "+lastsave",
		"+client|list", "+client|kill", "+client|unblock", "+slowlog", "+latency", "+monitor",
	})...)
}

// sharedRules are what a customer may do on a server that he shares: what is
// about keys and channels that begin with his prefix. Nothing that is about the
// server as a whole: neither what would stop others, nor what would tell of
// them (backends.md §4).
func sharedRules(prefix string) []string {
	return append([]string{"~" + prefix + "*", "&" + prefix + "*"}, slices.Concat(common(), []string{
		"-@scripting", // runs on the thread that serves everybody
		"-scan", "-randomkey", "-dbsize", "-info", "-pubsub", "-select", "-move", "-swapdb",
		"-memory", "+memory|usage", "-latency", "-slowlog",
		"-client|unblock",  // wakes anybody's clients
		"-client|tracking", // in broadcast mode it tells everybody's key names
	})...)
}

func common() []string {
	return []string{"+@all", "-@admin", "-@dangerous", "-acl", "+acl|whoami", "-config", "-module"}
}
