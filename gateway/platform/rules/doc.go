// Package rules holds what several marketplaces demand of a platform block, as
// diagnostics in their names: secrets, addresses, the user name, prefixes of config
// vars, the currency, and that nothing is asked for that they do not have. Which
// of them hold is each dialect's to say, and so are the rules that only one
// platform has.
//
// Read [Block] first.
package rules
